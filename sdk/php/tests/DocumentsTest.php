<?php

declare(strict_types=1);

namespace Formix\Tests;

use Formix\Client;
use Formix\ContentId;
use Formix\Envelope;
use Formix\Exception\DocumentException;
use Formix\Exception\FormixException;
use Formix\Exception\IdentityException;
use Formix\Exception\InvalidJob;
use Formix\Exception\Unreachable;
use Formix\Identity;
use Formix\Json;
use Formix\Manifest;
use Formix\NodeId;
use Formix\Receipt;
use PHPUnit\Framework\TestCase;

/** Manifests and signatures: what is built is what Rust froze in `tests/wire`, and what is not acceptable is refused before it is sent. */
final class DocumentsTest extends TestCase
{
    private const MODULE = "\0asm\1\0\0\0";

    /** @return array<string, string> the frozen documents by name */
    private static function golden(): array
    {
        [$found, $name] = [[], ''];
        foreach (file(__DIR__ . '/../../../tests/wire/golden/jobs.txt', FILE_IGNORE_NEW_LINES) ?: [] as $line) {
            if (str_starts_with($line, '    ')) {
                $found[$name] = substr($line, 4);
            } elseif ($line !== '' && !str_starts_with($line, '#')) {
                $name = $line;
            }
        }
        return $found;
    }

    public function testTheFrozenManifestIsReadAndSignedAgainToTheByte(): void
    {
        $golden = self::golden();
        $envelope = Envelope::fromJson($golden['manifest: document']);
        $manifest = Manifest::open($envelope);
        self::assertSame(ContentId::of($golden['manifest: payload']), $manifest->id);
        self::assertSame([3, 3, 'unanimous', 5_000_000], [$manifest->replicas, $manifest->agreeingMin(), $manifest->quorum, $manifest->limits->fuel()]);
        $identity = Identity::fromSeed(str_repeat("\x09", 32));
        self::assertSame($identity->id, $manifest->submitter);
        self::assertSame($golden['manifest: document'], $identity->sign($envelope->payloadType, $envelope->payload)->toJson());
        $receipt = Receipt::verify($golden['receipt: document'], manifest: $envelope);
        self::assertSame([48_151, true, $manifest->id], [$receipt->fuel, $receipt->ending->isSuccess(), $receipt->job]);
    }

    public function testIdsAreWrittenAsTheyAreRead(): void
    {
        foreach ([str_repeat("\0", 32), str_repeat("\xff", 32), random_bytes(32)] as $bytes) {
            self::assertSame($bytes, NodeId::key(NodeId::of($bytes)));
            self::assertSame($bytes, ContentId::digest(ContentId::ofDigest($bytes)));
        }
        foreach (['', 'bafkrei', strtoupper(ContentId::of('x')), ContentId::of('x') . 'a', substr(ContentId::of('x'), 0, -1) . '7'] as $wrong) {
            self::assertFalse(ContentId::isOne($wrong), $wrong);
        }
    }

    /** @return iterable<array{string, array<string, mixed>}> */
    public function unacceptable(): iterable
    {
        yield ['replicas', ['replicas' => 8]];
        yield ['replicas', ['replicas' => 3, 'deterministic' => false]];
        yield ['limits.fuel', ['limits' => ['fuel' => 0]]];
        yield ['gas', ['limits' => ['gas' => 1]]];
        yield ['env', ['env' => ['A=B' => '']]];
        yield ['args', ['args' => ["a\0b"]]];
        yield ['args', ['args' => [str_repeat('x', 20_000)]]];
        yield ['UTF-8', ['args' => ["\xff"]]];
        yield ['nodes', ['nodes' => ['me']]];
        yield ['kinds', ['kinds' => ['phone']]];
        yield ['priority', ['priority' => 1.5]];
        yield ['deadline', ['deadline' => 0]];
        yield ['deadline', ['deadline' => 'soon']];
        yield ['entry', ['entry' => '']];
        yield ['option', ['replica' => 1]];
    }

    /**
     * @dataProvider unacceptable
     * @param array<string, mixed> $given
     */
    public function testAJobThatIsNotAcceptableIsRefused(string $place, array $given): void
    {
        $this->expectException(InvalidJob::class);
        $this->expectExceptionMessage($place);
        // Nobody listens there: what is refused was not sent.
        (new Client('http://127.0.0.1:1', Identity::generate()))->submit(self::MODULE, ...$given);
    }

    public function testWhatIsNoModuleIsRefused(): void
    {
        $client = new Client('http://127.0.0.1:1', Identity::generate());
        foreach (['there/is/none.wasm', __FILE__, 'bafkrei', "\0elf"] as $module) {
            try {
                $client->submit($module);
                self::fail($module);
            } catch (InvalidJob $error) {
                self::assertStringContainsString('module', $error->getMessage());
            }
        }
    }

    public function testAHeavyNodeThatDoesNotAnswerIsNamed(): void
    {
        $this->expectException(Unreachable::class);
        $this->expectExceptionMessage('http://127.0.0.1:1/');
        (new Client('127.0.0.1:1', Identity::generate()))->jobs();
    }

    public function testWhatIsNoAddressIsRefused(): void
    {
        $this->expectException(FormixException::class);
        new Client('ftp://x');
    }

    public function testJsonIsOneThing(): void
    {
        self::assertEquals((object) ['a' => [1, 'x,{"}'], 'b' => (object) ['a' => null]], Json::parse('{"a":[1,"x,{\"}"],"b":{"a":null}}', 'it'));
        foreach (['{"a":1,"a":1}', '{"a":1,"\u0061":1}', '{"1":0,"1":0}', '"\ud800"', '[1]x', "\u{feff}1", "\"\xe9\""] as $wrong) {
            try {
                Json::parse($wrong, 'it');
                self::fail($wrong);
            } catch (DocumentException $error) {
                self::assertStringContainsString('it: not JSON', $error->getMessage());
            }
        }
    }

    public function testAnIdentityIsKeptInAFileThatOthersDoNotRead(): void
    {
        $folder = sys_get_temp_dir() . '/fx-' . bin2hex(random_bytes(6));
        $path = "$folder/new/sdk-identity";
        try {
            $identity = Identity::load($path);
            self::assertSame($identity->id, Identity::load($path)->id);
            self::assertSame(0o600, fileperms($path) & 0o777);
            self::assertStringNotContainsString(trim((string) file_get_contents($path)), print_r($identity, true));
            chmod($path, 0o644);
            try {
                Identity::load($path);
                self::fail('others may read it');
            } catch (IdentityException $error) {
                self::assertStringContainsString('chmod 600', $error->getMessage());
            }
            chmod($path, 0o600);
            file_put_contents($path, "no key\n");
            $this->expectException(IdentityException::class);
            Identity::load($path);
        } finally {
            @unlink($path);
            @rmdir("$folder/new");
            @rmdir($folder);
        }
    }
}
