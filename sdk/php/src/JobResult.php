<?php

declare(strict_types=1);

namespace Formix;

/** What a job gave, as its nodes signed it. Every receipt was verified here, and speaks of these very bytes. */
final class JobResult
{
    /**
     * @param string $job the job's id
     * @param Ending $ending how it ended
     * @param string $stdout what the guest wrote to standard output
     * @param string $stderr what it wrote to standard error
     * @param non-empty-list<Receipt> $receipts the verified receipts that agree about it
     * @param list<Receipt> $dissenting those of nodes that say otherwise
     * @param list<Envelope> $documents all receipts as they were signed, to keep and to show to others: `Receipt::verify`
     * @param bool $judged whether a heavy node ran it again to decide
     */
    public function __construct(
        public readonly string $job,
        public readonly Ending $ending,
        public readonly string $stdout,
        public readonly string $stderr,
        public readonly array $receipts,
        public readonly array $dissenting,
        public readonly array $documents,
        public readonly bool $judged,
    ) {
    }

    /** Fuel that one run used. */
    public function fuel(): int
    {
        return $this->receipts[0]->fuel;
    }

    /** @return list<string> who ran it and agrees */
    public function nodes(): array
    {
        return array_map(static fn (Receipt $receipt): string => $receipt->node, $this->receipts);
    }
}
