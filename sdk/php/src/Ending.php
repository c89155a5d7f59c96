<?php

declare(strict_types=1);

namespace Formix;

/** How a run ended: by itself with an exit code, of which 0 alone is a success; by a trap or a limit; or it was never started. */
final class Ending implements \Stringable
{
    private const WORDS_BYTES_MAX = 1_024;

    /**
     * @param string $kind `exit`, `trap` or `rejected`
     * @param int|null $exit the exit code
     * @param string|null $code why it did not exit by itself: what programs compare, such as `out-of-fuel`
     * @param string|null $words the same for a person
     */
    private function __construct(
        public readonly string $kind,
        public readonly ?int $exit = null,
        public readonly ?string $code = null,
        public readonly ?string $words = null,
    ) {
    }

    /** How a run ended, at a place. */
    public static function read(Place $place): self
    {
        $members = $place->object([], ['exit', 'trap', 'rejected']);
        count($members) === 1 || $place->wrong('is one of `exit`, `trap` and `rejected`');
        if (isset($members['exit'])) {
            return new self('exit', $members['exit']->integer(0, 0xffff_ffff));
        }
        $kind = (string) array_key_first($members);
        $failure = $members[$kind]->object(['code', 'words']);
        strlen($failure['words']->text()) <= self::WORDS_BYTES_MAX || $failure['words']->wrong('has more than 1024 bytes');
        return new self($kind, null, self::readCode($failure['code']), $failure['words']->text());
    }

    /** Lower-case words joined by `-`, as codes and gas schedules are written. */
    public static function readCode(Place $place): string
    {
        return $place->text('~^[a-z0-9./-]{1,64}\z~', 'is not lower-case words joined by `-`');
    }

    /** Whether the guest did what it was meant to, by its own word: exit code 0. */
    public function isSuccess(): bool
    {
        return $this->exit === 0;
    }

    /** What programs compare: `exit 0`, `trap out-of-fuel`. */
    public function code(): string
    {
        return $this->kind . ' ' . ($this->exit ?? $this->code);
    }

    public function __toString(): string
    {
        return match ($this->kind) {
            'exit' => $this->exit === 0 ? 'done' : "the guest ended with exit code $this->exit",
            'trap' => "$this->words ($this->code)",
            default => "rejected: $this->words ($this->code)",
        };
    }
}
