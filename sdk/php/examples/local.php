<?php

// Counts primes with the heavy node of this machine: ten jobs at once, and one that adds up what they found.
//
//     php examples/local.php primes.wasm sum.wasm

declare(strict_types=1);

use Formix\ArrayStatus;
use Formix\Client;

require is_file(__DIR__ . '/../vendor/autoload.php') ? __DIR__ . '/../vendor/autoload.php' : __DIR__ . '/../autoload.php';

[, $primes, $sum] = $argv + [1 => 'primes.wasm', 2 => 'sum.wasm'];
$items = array_map(static fn (int $at): array => ['args' => [(string) (10_000 * $at), (string) (10_000 * $at + 10_000)]], range(0, 9));
$jobs = Client::local()->submitMany($primes, $items, reduce: $sum);
$result = $jobs->result(timeout: 300, progress: static function (ArrayStatus $status): void {
    fwrite(STDERR, "$status\n");
});
echo "primes below 100000: $result->stdout";
