<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;

/** A value with its place in a document, which exceptions name. */
final class Place
{
    private const MOMENT = '/^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))\z/';
    /** The last moment of the year 9999, in milliseconds. */
    private const MS_MAX = 253_402_300_799_999;

    public function __construct(
        public readonly mixed $value,
        private readonly string $path,
        private readonly string $what,
    ) {
    }

    /** @throws DocumentException always */
    public function wrong(string $problem): never
    {
        throw new DocumentException(sprintf('%s: `%s`: %s', $this->what, $this->path === '' ? '.' : $this->path, $problem));
    }

    /**
     * The members of an object that has all of `$required`, and no others than these and `$optional`.
     *
     * @param list<string> $required
     * @param list<string> $optional
     * @return array<string, self>
     */
    public function object(array $required, array $optional = []): array
    {
        $members = $this->open();
        foreach ($required as $name) {
            isset($members[$name]) || $this->wrong("has no `$name`");
        }
        foreach (array_keys($members) as $name) {
            in_array((string) $name, [...$required, ...$optional], true) || $this->wrong(sprintf('has the unknown member `%.80s`', $name));
        }
        return $members;
    }

    /**
     * The members of an object, whatever it has.
     *
     * @return array<self>
     */
    public function open(): array
    {
        $this->value instanceof \stdClass || $this->wrong('is no object');
        $members = [];
        foreach (get_object_vars($this->value) as $name => $value) {
            $members[$name] = $this->at((string) $name, $value);
        }
        return $members;
    }

    /**
     * The members of a list of at most `$most`.
     *
     * @return list<self>
     */
    public function list(int $most = PHP_INT_MAX): array
    {
        is_array($this->value) && count($this->value) <= $most || $this->wrong("is no list, or longer than $most");
        $members = [];
        foreach ($this->value as $at => $value) {
            $members[] = $this->at((string) $at, $value);
        }
        return $members;
    }

    /** A text; with a pattern, one of that form. */
    public function text(?string $pattern = null, string $form = 'is not of this form'): string
    {
        is_string($this->value) || $this->wrong('is no text');
        $pattern === null || preg_match($pattern, $this->value) === 1 || $this->wrong($form);
        return $this->value;
    }

    /** A whole number between two others. */
    public function integer(int $least, int $most): int
    {
        is_int($this->value) && $this->value >= $least && $this->value <= $most
            || $this->wrong("is no whole number between $least and $most");
        return $this->value;
    }

    /** True or false. */
    public function boolean(): bool
    {
        is_bool($this->value) || $this->wrong('is neither true nor false');
        return $this->value;
    }

    /** A node's id. */
    public function node(): string
    {
        try {
            NodeId::key($this->text());
        } catch (DocumentException $error) {
            $this->wrong($error->getMessage());
        }
        return $this->value;
    }

    /** A content id. */
    public function contentId(): string
    {
        ContentId::isOne($this->text()) || $this->wrong('is no content id');
        return $this->value;
    }

    /** A moment in RFC 3339, in milliseconds since 1970; until the year 9999. */
    public function moment(): int
    {
        preg_match(self::MOMENT, $this->text(), $parts) === 1 || $this->wrong('is no moment such as `2026-11-20T12:00:00Z`');
        [, $year, $month, $day, $hour, $minute, $second] = array_map(intval(...), $parts);
        [$sign, $ahead, $minutes] = [$parts[8] ?? '+', (int) ($parts[9] ?? 0), (int) ($parts[10] ?? 0)];
        $isThere = checkdate($month, $day, $year) && $hour < 24 && $minute < 60 && $second < 60 && $ahead < 24 && $minutes < 60;
        $isThere || $this->wrong('is no moment');
        $seconds = (int) gmmktime($hour, $minute, $second, $month, $day, $year);
        $seconds -= ($sign === '-' ? -1 : 1) * ($ahead * 3_600 + $minutes * 60);
        $moment = 1_000 * $seconds + (int) substr(str_pad($parts[7] ?? '', 3, '0'), 0, 3);
        $moment >= 0 && $moment <= self::MS_MAX || $this->wrong('is no moment in the years 1970 to 9999');
        return $moment;
    }

    private function at(string $name, mixed $value): self
    {
        return new self($value, $this->path === '' ? $name : "$this->path.$name", $this->what);
    }
}
