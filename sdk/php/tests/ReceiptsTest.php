<?php

declare(strict_types=1);

namespace Formix\Tests;

use Formix\Envelope;
use Formix\Exception\DocumentException;
use Formix\Exception\FormixException;
use Formix\Exception\VerificationException;
use Formix\Receipt;
use PHPUnit\Framework\TestCase;

/** Receipts that every verifier of this project accepts or refuses, as data: `tests/sdk/receipts.json`. */
final class ReceiptsTest extends TestCase
{
    private const CASES = __DIR__ . '/../../../tests/sdk/receipts.json';
    private const FILES = ['module', 'stdin', 'stdout', 'stderr'];

    /** @return iterable<string, array{bool, string, array<string, mixed>}> */
    public function cases(): iterable
    {
        foreach (json_decode((string) file_get_contents(self::CASES), true, 16, JSON_THROW_ON_ERROR) as $case) {
            $given = [];
            foreach ($case['against'] as $name => $value) {
                $given[$name] = in_array($name, self::FILES, true) ? base64_decode($value, true) : $value;
            }
            yield $case['name'] => [$case['holds'], $case['document'], $given];
        }
    }

    /**
     * @dataProvider cases
     * @param array<string, mixed> $given
     */
    public function testAReceiptHoldsOrDoesNot(bool $holds, string $document, array $given): void
    {
        try {
            $receipt = Receipt::verify($document, ...$given);
            self::assertTrue($holds, 'it is accepted');
            self::assertNotSame('', $receipt->node);
        } catch (DocumentException | VerificationException $error) {
            self::assertFalse($holds, "it is refused: {$error->getMessage()}");
        }
    }

    public function testLongerDocumentsAreNotRead(): void
    {
        $this->expectException(FormixException::class);
        $this->expectExceptionMessage('at most');
        Envelope::fromJson(str_repeat(' ', 512 * 1024) . '{}');
    }
}
