<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;
use Formix\Exception\FormixException;
use Formix\Exception\JobEnded;
use Formix\Exception\JobFailed;
use Formix\Exception\ResultTimeout;
use Formix\Exception\Unreachable;
use Formix\Exception\VerificationException;

/** Jobs that were submitted together and, where wanted, one more that reduces their outputs to one. */
final class JobArray implements \Countable
{
    private const OVERDUE_S = 60.0;
    /** Seconds that an ended job's documents may take to come. */
    private const FETCH_S = 60.0;
    /** Seconds between looks, at first and at most. */
    private const LOOK_S = [0.2, 2.0];
    private const PAGE = 200;

    /**
     * @internal `Client::submitMany` gives arrays
     * @param list<Job> $jobs the jobs, in the order in which they were given
     * @param Job|null $reduce the one whose input is all their outputs, one after the other
     */
    public function __construct(
        private readonly Http $http,
        public readonly array $jobs,
        public readonly ?Job $reduce,
    ) {
    }

    /** How many there are, without the one that reduces them. */
    public function count(): int
    {
        return count($this->jobs);
    }

    /** @return list<Job> */
    private function all(): array
    {
        return $this->reduce === null ? $this->jobs : [...$this->jobs, $this->reduce];
    }

    /** How they stand at the heavy node now. */
    public function status(): ArrayStatus
    {
        $wanted = array_column(array_map(static fn (Job $job): array => [$job->id, $job], $this->all()), 1, 0);
        [$found, $after] = [[], ''];
        while (count($found) < count($wanted)) {
            $page = $this->http->json(sprintf('/jobs?submitter=%s&limit=%d%s', reset($wanted)->manifest->submitter, self::PAGE, $after));
            if (!is_array($page->jobs ?? null)) {
                throw new Unreachable("{$this->http->url}: does not list its jobs");
            }
            foreach ($page->jobs as $view) {
                $status = JobStatus::of($view);
                isset($wanted[$status->id]) && $found[$status->id] = $status;
            }
            if (!is_string($page->next ?? null)) {
                break;
            }
            $after = '&after=' . rawurlencode($page->next);
        }
        // What the list has no room for is asked for one by one.
        $of = static fn (Job $job): JobStatus => $found[$job->id] ?? $job->status();
        return new ArrayStatus(array_map($of, $this->jobs), $this->reduce === null ? null : $of($this->reduce));
    }

    /**
     * How they stand: now, whenever that changes, and lastly once all have ended, or once the time is over.
     *
     * @param float|null $timeout seconds; without it, a minute longer than the latest deadline
     * @return \Generator<int, ArrayStatus>
     */
    public function updates(?float $timeout = null): \Generator
    {
        $latest = max([0, ...array_map(static fn (Job $job): int => $job->manifest->deadline, $this->all())]) / 1_000;
        $until = microtime(true) + ($timeout ?? max(0.0, $latest - microtime(true)) + self::OVERDUE_S);
        $last = null;
        for ($pause = self::LOOK_S[0]; microtime(true) < $until; $pause = min(1.5 * $pause, self::LOOK_S[1])) {
            try {
                $status = $this->status();
                if ($last != $status) {
                    [$last, $pause] = [$status, self::LOOK_S[0]];
                    yield $status;
                }
                if ($status->isEnded()) {
                    return;
                }
            } catch (FormixException $error) {
                if (!Http::isPassing($error) && !$error instanceof DocumentException) {
                    throw $error;
                }
            }
            Http::pause(min($pause, $until - microtime(true)));
        }
    }

    /**
     * Waits until all have ended, and gives what each wrote, verified, in the order in which they were given.
     *
     * @param float|null $timeout seconds to wait at most; without it, a minute longer than the latest deadline
     * @param (callable(ArrayStatus): mixed)|null $progress called with how they stand, now and whenever that changes
     * @param string|bool|null $witness as in `Job::result`
     * @return list<JobResult>
     * @throws JobFailed one failed; the first one that did, in that order
     * @throws JobEnded one was refused or cancelled
     * @throws ResultTimeout not all have ended in that time
     * @throws VerificationException what the heavy node gave does not hold
     */
    public function results(?float $timeout = null, ?callable $progress = null, string|bool|null $witness = null): array
    {
        $this->wait($timeout, $progress);
        return array_map(static fn (Job $job): JobResult => $job->result(self::FETCH_S, null, $witness), $this->jobs);
    }

    /**
     * Waits until all have ended, and gives what the reducing job wrote, verified.
     *
     * @param float|null $timeout as in `results`
     * @param (callable(ArrayStatus): mixed)|null $progress as in `results`
     * @param string|bool|null $witness as in `Job::result`
     * @param bool $checkInput whether to fetch every job's output as well, and to check that the reducing job was given just these
     * @throws FormixException nothing reduces them, and what `results` throws
     */
    public function result(
        ?float $timeout = null,
        ?callable $progress = null,
        string|bool|null $witness = null,
        bool $checkInput = true,
    ): JobResult {
        if ($this->reduce === null) {
            throw new FormixException('nothing reduces these jobs: ask for their `results()`, or submit them with `reduce`');
        }
        $this->wait($timeout, $progress);
        $outputs = hash_init('sha256');
        foreach ($checkInput ? $this->jobs : [] as $job) {
            hash_update($outputs, $job->result(self::FETCH_S, null, $witness)->stdout);
        }
        $result = $this->reduce->result(self::FETCH_S, null, $witness);
        if ($checkInput && $result->receipts[0]->stdin !== hash_final($outputs)) {
            throw new VerificationException("job {$this->reduce->id} was given something else than the outputs of the jobs before it");
        }
        return $result;
    }

    private function wait(?float $timeout, ?callable $progress): void
    {
        $last = null;
        foreach ($this->updates($timeout) as $last) {
            $progress === null || $progress($last);
        }
        if ($last === null || !$last->isEnded()) {
            $after = $timeout === null ? 'until their deadline' : "after $timeout s";
            throw new ResultTimeout(sprintf('%d jobs have not ended %s: %s', count($this->jobs), $after, $last ?? 'no answer'));
        }
    }

    /** Cancels those that have not ended. */
    public function cancel(): void
    {
        foreach ($this->all() as $job) {
            $job->status()->isEnded() || $job->cancel();
        }
    }
}
