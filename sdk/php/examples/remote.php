<?php

// Has another machine print `Hello, World` backwards, and verifies its receipt here.
//
//     php examples/remote.php hello.wasm https://heavy.example

declare(strict_types=1);

use Formix\Client;
use Formix\JobStatus;

require is_file(__DIR__ . '/../vendor/autoload.php') ? __DIR__ . '/../vendor/autoload.php' : __DIR__ . '/../autoload.php';

[, $module, $url] = $argv + [1 => 'hello.wasm', 2 => null];
$client = new Client($url);
$job = $client->submit($module);
$result = $job->result(timeout: 120, progress: static function (JobStatus $status): void {
    fwrite(STDERR, "$status\n");
});
echo $result->stdout;

// `result` has verified every receipt already. This is how somebody does who has the documents alone.
foreach ($result->documents as $document) {
    $receipt = $client->verify($document->toJson(), manifest: $job->envelope, stdout: $result->stdout);
    fwrite(STDERR, "run by $receipt->node\n");
}
echo "Receipt verified\n";
