<?php

declare(strict_types=1);

namespace Formix;

/** What one run may use. A run that needs more fails, and says which limit it met. */
final class Limits implements \JsonSerializable
{
    /** Of each limit: the least, the most, and what is taken where none is given. */
    private const KNOWN = [
        'fuel' => [1, 1_000_000_000_000_000, 2_000_000_000],
        'memory_bytes' => [0, 1 << 32, 1 << 28],
        'stack_bytes' => [1_024, 1 << 26, 1 << 22],
        'call_depth' => [1, 100_000, 16_384],
        'module_bytes' => [8, 1 << 26, 1 << 24],
        'table_elements' => [0, 10_000_000, 1 << 20],
        'output_bytes' => [0, 1 << 26, 1 << 24],
        'wall_ms' => [10, 86_400_000, 120_000],
    ];

    /** @param array<string, int> $values by name: see `core/jobs/schema/manifest.json` */
    private function __construct(private readonly array $values)
    {
    }

    /** What a run may use, at a place; those left out have their defaults. */
    public static function read(Place $place): self
    {
        $members = $place->object([], array_keys(self::KNOWN));
        $values = [];
        foreach (self::KNOWN as $name => [$least, $most, $usual]) {
            $values[$name] = isset($members[$name]) ? $members[$name]->integer($least, $most) : $usual;
        }
        return new self($values);
    }

    /** Fuel, by the gas schedule of the sandbox: about one unit an instruction. */
    public function fuel(): int
    {
        return $this->values['fuel'];
    }

    /** Bytes of the guest's memory. */
    public function memoryBytes(): int
    {
        return $this->values['memory_bytes'];
    }

    /** @return array<string, int> every limit by name */
    public function jsonSerialize(): array
    {
        return $this->values;
    }
}
