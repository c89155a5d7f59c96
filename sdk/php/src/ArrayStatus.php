<?php

declare(strict_types=1);

namespace Formix;

/** How an array's jobs stand. */
final class ArrayStatus implements \Stringable
{
    /**
     * @param list<JobStatus> $jobs the jobs, in the order in which they were given; without the one that reduces them
     * @param JobStatus|null $reduce the one that reduces them
     */
    public function __construct(
        public readonly array $jobs,
        public readonly ?JobStatus $reduce,
    ) {
    }

    /** How many of the jobs are in this state. */
    public function count(string $state): int
    {
        return count(array_filter($this->jobs, static fn (JobStatus $job): bool => $job->state === $state));
    }

    /** Whether nothing more comes of any. */
    public function isEnded(): bool
    {
        $open = array_filter($this->jobs, static fn (JobStatus $job): bool => !$job->isEnded());
        return $open === [] && ($this->reduce === null || $this->reduce->isEnded());
    }

    public function __toString(): string
    {
        $words = [sprintf('%d of %d done', $this->count('done'), count($this->jobs))];
        foreach (['running', 'waiting', 'failed', 'refused', 'cancelled'] as $state) {
            $count = $this->count($state);
            $count === 0 || $words[] = "$count $state";
        }
        return implode(', ', $words);
    }
}
