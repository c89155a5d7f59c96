<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;

/** A job as a heavy node shows it to anyone: a view to show while it goes on, and no proof of anything. */
final class JobStatus implements \Stringable
{
    private const STATES = ['waiting', 'running', 'done', 'failed', 'refused', 'cancelled'];

    /**
     * @param string $id its id: the content id of its manifest
     * @param string $name what it does
     * @param string $submitter who submitted it
     * @param string $state `waiting`, `running`; or ended: `done` (exit code 0), `failed`, `refused`, `cancelled`
     * @param int $deadline when it is given up, in milliseconds since 1970
     * @param int $replicas how many nodes run it
     * @param list<string> $nodes who runs it now
     * @param string|null $why why it is not running, while it waits
     * @param Ending|null $ending how it ended, once its nodes agree
     * @param string|null $claim what they agree about, as `Receipt::claim` gives it
     * @param bool $judged whether a heavy node ran it again to decide
     * @param string|null $refusal why it gives no result
     */
    private function __construct(
        public readonly string $id,
        public readonly string $name,
        public readonly string $submitter,
        public readonly string $state,
        public readonly int $deadline,
        public readonly int $replicas,
        public readonly array $nodes,
        public readonly ?string $why,
        public readonly ?Ending $ending,
        public readonly ?string $claim,
        public readonly bool $judged,
        public readonly ?string $refusal,
    ) {
    }

    /**
     * Reads a heavy node's view of a job. Views gain members over time: what is unknown here is left alone.
     *
     * @throws DocumentException it is none
     */
    public static function of(mixed $value): self
    {
        $what = 'not a job as a heavy node shows it';
        $view = (new Place($value, '', $what))->open();
        $at = static fn (array $members, string $name): Place => $members[$name] ?? new Place(null, $name, $what);
        in_array($at($view, 'state')->value, self::STATES, true) || $at($view, 'state')->wrong('is unknown');
        $result = $at($view, 'result')->value === null ? null : $view['result']->open();
        $ending = $result === null ? null : Ending::read($at($result, 'ending'));
        $hex = static fn (string $name): string => bin2hex(ContentId::digest($at($result ?? [], $name)->contentId()));
        return new self(
            id: $at($view, 'id')->contentId(),
            name: $at($view, 'name')->text(),
            submitter: $at($view, 'submitter')->text(),
            state: $view['state']->text(),
            deadline: $at($view, 'deadline')->moment(),
            replicas: $at($view, 'replicas')->integer(1, 255),
            nodes: array_map(static fn (Place $lease): string => $at($lease->open(), 'node')->text(), $at($view, 'leases')->list()),
            why: $at($view, 'why')->value === null ? null : $view['why']->text(),
            ending: $ending,
            claim: $ending === null ? null : implode(' ', [
                $ending->code(), $hex('stdout'), $hex('stderr'), $at($result ?? [], 'fuel')->integer(0, PHP_INT_MAX),
            ]),
            judged: $at($result ?? [], 'judged')->value === true,
            refusal: $at($view, 'refusal')->value === null ? null : $at($view['refusal']->open(), 'words')->text(),
        );
    }

    /** Whether nothing more comes of it. */
    public function isEnded(): bool
    {
        return !in_array($this->state, ['waiting', 'running'], true);
    }

    public function __toString(): string
    {
        return match (true) {
            $this->refusal !== null => "$this->state: $this->refusal",
            $this->state === 'waiting' && $this->why !== null => "waiting: $this->why",
            $this->state === 'running' => sprintf('running on %d of %d', count($this->nodes), $this->replicas),
            $this->state === 'failed' => "failed: $this->ending",
            default => $this->state,
        };
    }
}
