<?php

declare(strict_types=1);

namespace Formix;

/** With module and input, everything that a run's outcome follows from. */
final class Invocation
{
    /** Most bytes of arguments, and of names and values of the environment, together. */
    private const WORDS_BYTES_MAX = 16 * 1024;

    /**
     * @param string $entry the exported function that is called
     * @param list<string> $args the guest's arguments, the program's name first
     * @param array<string, string> $env the guest's environment, ascending by name
     * @param int $clock where the guest's clock starts, in milliseconds since 1970
     * @param string $seed what its randomness follows from, in hexadecimal digits
     */
    public function __construct(
        public readonly string $entry,
        public readonly array $args,
        public readonly array $env,
        public readonly Limits $limits,
        public readonly int $clock,
        public readonly string $seed,
    ) {
    }

    /**
     * Entry, arguments and environment, where they stand among other members.
     *
     * @param array<Place> $members
     * @return array{string, list<string>, array<string, string>}
     */
    public static function words(array $members): array
    {
        $noNul = ['/^[^\0]*\z/', 'holds a NUL, which ends a string for the guest'];
        $args = array_map(static fn (Place $arg): string => $arg->text(...$noNul), $members['args']->list());
        $env = [];
        foreach ($members['env']->open() as $name => $value) {
            preg_match('/^[^=\0]+\z/', (string) $name) === 1 || $members['env']->wrong("`$name` is no name: not empty, and without `=`");
            $env[$name] = $value->text(...$noNul);
        }
        ksort($env, SORT_STRING);
        // A guest is given each with a NUL behind it, and a variable with its `=`.
        $size = strlen(implode('', $args)) + count($args) + 2 * count($env);
        $size += strlen(implode('', $env)) + strlen(implode('', array_keys($env)));
        $size <= self::WORDS_BYTES_MAX || $members['args']->wrong(sprintf(
            '%d bytes with the environment, where at most %d are accepted: move some into the input',
            $size,
            self::WORDS_BYTES_MAX,
        ));
        return [self::printable($members['entry'], 128), $args, $env];
    }

    /** A text of some characters, none of which controls anything. */
    public static function printable(Place $place, int $most): string
    {
        $form = "has no, or more than $most, characters, or one that controls";
        return $place->text("/^[^\\x{00}-\\x{1f}\\x{7f}-\\x{9f}]{1,$most}\\z/u", $form);
    }

    /** Whether this and another are the same. */
    public function equals(self $other): bool
    {
        return [$this->entry, $this->args, $this->env, $this->limits->jsonSerialize(), $this->clock, $this->seed]
            === [$other->entry, $other->args, $other->env, $other->limits->jsonSerialize(), $other->clock, $other->seed];
    }
}
