<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;
use Formix\Exception\FormixException;
use Formix\Exception\JobEnded;
use Formix\Exception\JobFailed;
use Formix\Exception\ProblemException;
use Formix\Exception\ResultTimeout;
use Formix\Exception\Unreachable;
use Formix\Exception\VerificationException;

/**
 * A job under way: a WASI command that other nodes run, whose receipts are verified here.
 *
 * A heavy node is believed about nothing but how a job stands meanwhile. What it hands out in the end counts only with receipts that the
 * job's nodes signed, that follow from the manifest that was signed here, and that speak of the very bytes received.
 */
final class Job
{
    /** Media type of a cancellation's payload. */
    private const CANCEL_TYPE = 'application/vnd.formix.job-cancel+json';
    /** So many seconds are waited for an end that is overdue: clocks may differ, and a heavy node may be starting again. */
    private const OVERDUE_S = 60.0;
    /** Most receipts of one job that are read: of its replicas, of those that ran it in others' place, of a judge. */
    private const RECEIPTS_MAX = 64;
    /** Seconds between attempts to reach a heavy node, at first and at most. */
    private const PAUSE_S = [0.25, 5.0];

    /** What it asks for. */
    public readonly Manifest $manifest;
    /** The job's id: the content id of its manifest. */
    public readonly string $id;
    private ?string $trouble = null;

    /**
     * @internal `Client::submit` and `Client::job` give jobs
     * @param Envelope $envelope the signed manifest
     */
    public function __construct(
        private readonly Client $client,
        private readonly Http $http,
        public readonly Envelope $envelope,
    ) {
        $this->manifest = Manifest::open($envelope);
        $this->id = $this->manifest->id;
    }

    /**
     * How it stands at the heavy node now.
     *
     * @throws Unreachable
     * @throws ProblemException
     */
    public function status(): JobStatus
    {
        $status = JobStatus::of($this->http->json("/jobs/$this->id"));
        return $status->id === $this->id ? $status : throw new Unreachable("{$this->http->url}: answers with another job");
    }

    /** Why it is not running, in words. */
    public function why(): string
    {
        $words = $this->http->json("/jobs/$this->id/why")->words ?? null;
        return is_string($words) ? $words : throw new Unreachable("{$this->http->url}: does not say why");
    }

    /**
     * How it stands: now, whenever that changes, and lastly once it has ended, or once the time is over. A heavy node that does not answer for
     * a while is asked again; what it holds is durable.
     *
     * @param float|null $timeout seconds; without it, a minute longer than the job's deadline
     * @return \Generator<int, JobStatus>
     */
    public function updates(?float $timeout = null): \Generator
    {
        $until = microtime(true) + ($timeout ?? max(0.0, $this->manifest->deadline / 1_000 - microtime(true)) + self::OVERDUE_S);
        $last = null;
        for ($pause = self::PAUSE_S[0]; microtime(true) < $until; $pause = min(2 * $pause, self::PAUSE_S[1])) {
            try {
                foreach ($this->listen($until) as $status) {
                    [$pause, $this->trouble] = [self::PAUSE_S[0], null];
                    if ($last != $status) {
                        $last = $status;
                        yield $status;
                    }
                    if ($status->isEnded()) {
                        return;
                    }
                }
                // Where the time is over, it was closed here.
                $this->trouble = microtime(true) < $until ? 'the stream of events ended' : null;
            } catch (FormixException $error) {
                if (!Http::isPassing($error) && !$error instanceof DocumentException) {
                    throw $error;
                }
                $this->trouble = $error->getMessage();
            }
            Http::pause(min($pause, $until - microtime(true)));
        }
    }

    /**
     * Its states as one stream of events tells them; its present one alone where no stream is to be had.
     *
     * @return \Generator<int, JobStatus>
     */
    private function listen(float $until): \Generator
    {
        try {
            $isFirst = true;
            foreach ($this->http->events("?job=$this->id", $until) as $event) {
                if ($event === null) {
                    if (!$isFirst) {
                        return;
                    }
                    // Subscribed before it is asked for, so that nothing falls between.
                    $isFirst = false;
                    yield $this->status();
                } elseif ($event[0] === 'job' && str_contains($event[1], $this->id)) {
                    $status = JobStatus::of(json_decode($event[1], false, 64));
                    if ($status->id === $this->id) {
                        yield $status;
                    }
                }
            }
        } catch (ProblemException $error) {
            if (!$error->isPassing()) {
                throw $error;
            }
            // Too many listen; who looks now and then is no burden.
            yield $this->status();
        }
    }

    /**
     * Waits until it has ended, and gives what it wrote, with every receipt verified.
     *
     * @param float|null $timeout seconds to wait at most; without it, a minute longer than the job's deadline
     * @param (callable(JobStatus): mixed)|null $progress called with how it stands, now and whenever that changes
     * @param string|bool|null $witness the heavy node that must have witnessed each receipt; true where anybody's word will do
     * @throws JobFailed the guest failed, as its nodes signed; what it wrote is in the exception
     * @throws JobEnded it was refused or cancelled
     * @throws ResultTimeout it has not ended in that time. It goes on; ask again
     * @throws VerificationException what the heavy node gave does not hold
     */
    public function result(?float $timeout = null, ?callable $progress = null, string|bool|null $witness = null): JobResult
    {
        $last = null;
        foreach ($this->updates($timeout) as $last) {
            $progress === null || $progress($last);
        }
        if ($last === null || !$last->isEnded()) {
            $after = $timeout === null ? 'until its deadline' : "after $timeout s";
            throw new ResultTimeout("no result of job $this->id $after: " . ($this->trouble ?? $last ?? 'no answer'));
        }
        $result = $this->conclude($last, $witness);
        return $result->ending->isSuccess() ? $result : throw new JobFailed($result);
    }

    /** What an ended job gave, from its receipts. */
    private function conclude(JobStatus $status, string|bool|null $witness): JobResult
    {
        if ($status->claim === null) {
            throw new JobEnded($status);
        }
        $documents = $this->receipts();
        $verify = fn (Envelope $each): Receipt => Receipt::verify($each, witness: $witness, manifest: $this->envelope);
        $receipts = array_map($verify, $documents);
        $agrees = static fn (Receipt $receipt): bool => $receipt->claim() === $status->claim;
        $agreeing = array_values(array_filter($receipts, $agrees));
        $nodes = count(array_unique(array_map(static fn (Receipt $receipt): string => $receipt->node, $agreeing)));
        $needed = $status->judged ? 1 : $this->manifest->agreeingMin();
        if ($agreeing === [] || $nodes < $needed) {
            throw new VerificationException("the result of job $this->id has $nodes receipts that agree, and needs $needed");
        }
        if (count(array_unique(array_map(static fn (Receipt $receipt): string => $receipt->stdin, $agreeing))) !== 1) {
            throw new VerificationException("the receipts of job $this->id speak of different inputs");
        }
        return new JobResult(
            job: $this->id,
            ending: $agreeing[0]->ending,
            stdout: $this->stream('stdout', $agreeing[0]->stdout),
            stderr: $this->stream('stderr', $agreeing[0]->stderr),
            receipts: $agreeing,
            dissenting: array_values(array_filter($receipts, static fn (Receipt $receipt): bool => !$agrees($receipt))),
            documents: $documents,
            judged: $status->judged,
        );
    }

    private function stream(string $name, string $digest): string
    {
        $data = Http::patiently(fn (): string => $this->http->read("/jobs/$this->id/$name"));
        return hash('sha256', $data) === $digest
            ? $data
            : throw new VerificationException("{$this->http->url} gives another $name of job $this->id than its nodes signed");
    }

    /**
     * The receipts that the heavy node has of it by now, as they were signed; not verified yet.
     *
     * @return list<Envelope>
     */
    public function receipts(): array
    {
        $listed = Http::patiently(fn (): mixed => $this->http->json("/jobs/$this->id/receipts"));
        if (!is_array($listed) || count($listed) > self::RECEIPTS_MAX) {
            throw new Unreachable("{$this->http->url}: does not list the job's receipts");
        }
        return array_map(Envelope::fromValue(...), array_values($listed));
    }

    /**
     * Tells the heavy node that it is not wanted any more, signed by its submitter.
     *
     * @throws ProblemException it has ended already, or somebody else submitted it
     */
    public function cancel(): void
    {
        $identity = $this->client->identity();
        $payload = Json::write(['version' => 1, 'job' => $this->id, 'submitter' => $identity->id]);
        $body = $identity->sign(self::CANCEL_TYPE, $payload)->toJson();
        Http::patiently(fn (): mixed => $this->http->json("/jobs/$this->id/cancel", 'POST', $body));
    }
}
