<?php

declare(strict_types=1);

namespace Formix\Tests;

use Formix\ArrayStatus;
use Formix\Client;
use Formix\ContentId;
use Formix\Exception\InvalidJob;
use Formix\Exception\JobEnded;
use Formix\Exception\JobFailed;
use Formix\Exception\ProblemException;
use Formix\Exception\ResultTimeout;
use Formix\Exception\UnknownJob;
use Formix\Exception\VerificationException;
use Formix\Identity;
use Formix\JobStatus;
use PHPUnit\Framework\TestCase;

/** The package against real nodes: the heavy node at `FORMIX_URL`, two workers, and the programs of `tests/guests` in `FORMIX_GUESTS`. */
final class NetworkTest extends TestCase
{
    private static Client $client;
    private static string $guests;

    public static function setUpBeforeClass(): void
    {
        $url = getenv('FORMIX_URL');
        if (!$url) {
            self::markTestSkipped('no network: set FORMIX_URL to a heavy node with two workers, and FORMIX_GUESTS to the compiled programs');
        }
        self::$client = new Client($url, Identity::generate());
        self::$guests = (string) getenv('FORMIX_GUESTS');
    }

    private static function guest(string $name): string
    {
        return self::$guests . "/$name.wasm";
    }

    public function testAJobRunsElsewhereAndItsReceiptsAreVerified(): void
    {
        $states = [];
        $job = self::$client->submit(self::guest('hello'), input: 'Grüße', replicas: 2);
        $result = $job->result(120, static function (JobStatus $status) use (&$states): void {
            $states[] = $status->state;
        }, witness: true);
        self::assertSame("eßürG\n", $result->stdout);
        self::assertSame('done', end($states));
        self::assertCount(2, array_unique($result->nodes()));
        $own = self::$client->identity()->id;
        foreach ($result->documents as $document) {
            $receipt = self::$client->verify($document->toJson(), manifest: $job->envelope, stdin: 'Grüße', stdout: "eßürG\n", stderr: '');
            self::assertSame([$job->id, $own], [$receipt->job, $receipt->submitter]);
            $altered = str_replace($receipt->node, $own, $document->toJson());
            try {
                self::$client->verify($altered);
                self::fail('a signature of another');
            } catch (VerificationException) {
            }
        }
        // By its id, for who did not submit it.
        $again = (new Client(self::$client->url(), Identity::generate()))->job($job->id);
        self::assertSame($result->stdout, $again->result(30)->stdout);
        self::assertContains($job->id, array_column(self::$client->jobs(submitter: $own, state: 'done'), 'id'));
        self::assertGreaterThanOrEqual(2, count(self::$client->workers()));
    }

    public function testAnArrayIsReducedToOne(): void
    {
        $items = array_map(static fn (int $at): array => ['args' => [(string) (100 * $at), (string) (100 * $at + 100)]], range(0, 9));
        $jobs = self::$client->submitMany(self::guest('primes'), $items, reduce: self::guest('sum'));
        $last = null;
        $result = $jobs->result(180, static function (ArrayStatus $status) use (&$last): void {
            $last = $status;
        });
        self::assertSame("168\n", $result->stdout);
        self::assertSame([10, true], [$last->count('done'), $last->isEnded()]);
        self::assertSame("25\n", $jobs->results(30)[0]->stdout);
        self::assertCount(10, $jobs);
    }

    public function testLongBytesGoInParts(): void
    {
        // Without arguments this guest does nothing, whatever it is given.
        $input = str_repeat("\x07", 5 << 20);
        $job = self::$client->submit(self::guest('fail'), input: $input);
        $result = $job->result(180);
        self::assertSame($job->id, self::$client->verify($result->documents[0], stdin: $input)->job);
        self::assertSame(ContentId::digest(ContentId::of($input)), $job->manifest->input);
    }

    public function testAFailureSaysWhy(): void
    {
        foreach (['exit' => 'exit 7', 'loop' => 'trap out-of-fuel', 'panic' => 'trap unreachable'] as $how => $code) {
            try {
                self::$client->submit(self::guest('fail'), [$how], limits: ['fuel' => 50_000_000])->result(120);
                self::fail($how);
            } catch (JobFailed $error) {
                self::assertSame($code, $error->result->ending->code());
                self::assertSame($how === 'panic', str_contains($error->result->stderr, 'as asked'));
                self::assertNotEmpty($error->result->receipts);
            }
        }
    }

    public function testAJobThatNobodyRunsIsWaitedForInVainAndCancelled(): void
    {
        $job = self::$client->submit(self::guest('hello'), nodes: [Identity::generate()->id]);
        try {
            $job->result(1.5);
            self::fail('nobody can run it');
        } catch (ResultTimeout $error) {
            self::assertStringContainsString('waiting', $error->getMessage());
        }
        self::assertNotSame('', $job->why());
        $stranger = (new Client(self::$client->url(), Identity::generate()))->job($job->id);
        try {
            $stranger->cancel();
            self::fail('it is not theirs');
        } catch (ProblemException) {
        }
        $job->cancel();
        self::assertSame('cancelled', $job->status()->state);
        $this->expectException(JobEnded::class);
        $job->result(30);
    }

    public function testAJobThatNoNodeCanEverRunIsRefusedAtOnce(): void
    {
        $this->expectException(InvalidJob::class);
        self::$client->submit(self::guest('hello'), outputs: [ContentId::of('no job')]);
    }

    public function testAnUnknownJobIsUnknown(): void
    {
        $this->expectException(UnknownJob::class);
        self::$client->job(ContentId::of('no job'));
    }
}
