#!/usr/bin/env php
<?php
// Verifies the receipt of a Formix job from the document alone, with PHP's sodium and no code of Formix.
//
//     php receipt.php receipt.json [--module=FILE] [--stdin=FILE] [--stdout=FILE] [--stderr=FILE]
//
// A file that is named must be the one that the receipt speaks of.
declare(strict_types=1);

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

function need(bool $holds, string $why): void
{
    if (!$holds) {
        throw new RuntimeException($why);
    }
}

// A node's id is base58 of six fixed bytes and its Ed25519 key.
function public_key(string $node): string
{
    $data = array_fill(0, 38, 0);
    foreach (str_split($node) as $letter) {
        $carry = strpos(ALPHABET, $letter);
        need($carry !== false, "$node is not a node id");
        for ($at = 37; $at >= 0; $at--) {
            $carry += 58 * $data[$at];
            $data[$at] = $carry & 0xff;
            $carry >>= 8;
        }
        need($carry === 0, "$node is not a node id");
    }
    $data = pack('C*', ...$data);
    need(str_starts_with($data, "\x00\x24\x08\x01\x12\x20"), "$node is not a node id");
    return substr($data, 6);
}

function verify(array $envelope, array $files): array
{
    $kind = $envelope['payloadType'];
    $payload = base64_decode($envelope['payload'], true);
    need($kind === 'application/vnd.in-toto+json' && $payload !== false, 'not an in-toto document');
    $statement = json_decode($payload, true, 64, JSON_THROW_ON_ERROR);
    need($statement['_type'] === 'https://in-toto.io/Statement/v1', 'not an in-toto Statement v1');
    need($statement['predicateType'] === 'https://github.com/formix/formix/receipt/v1', 'not a receipt');
    $run = $statement['predicate'];
    $signers = array_column($envelope['signatures'], 'sig', 'keyid');
    need(count($signers) === count($envelope['signatures']), 'a signer twice');
    need(isset($signers[$run['node']]), "not signed by {$run['node']}, who ran it");
    $signed = sprintf('DSSEv1 %d %s %d %s', strlen($kind), $kind, strlen($payload), $payload);
    foreach ($signers as $node => $signature) {
        $signature = base64_decode($signature, true);
        $whole = $signature !== false && strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES;
        need($whole && sodium_crypto_sign_verify_detached($signature, $signed, public_key($node)), "the signature of $node");
    }
    $digests = ['module' => $run['module'], 'stdin' => $run['input']] + array_column($statement['subject'], 'digest', 'name');
    foreach ($files as $name => $path) {
        need(hash_file('sha256', $path) === $digests[$name]['sha256'], "$path is not the $name of this run");
    }
    return [$statement, array_values(array_diff(array_keys($signers), [$run['node']]))];
}

try {
    $files = [];
    $path = null;
    foreach (array_slice($argv, 1) as $argument) {
        if (preg_match('/^--(module|stdin|stdout|stderr)=(.*)$/s', $argument, $parts)) {
            $files[$parts[1]] = $parts[2];
        } else {
            $path = $argument;
        }
    }
    need($path !== null, 'no receipt was named');
    [$statement, $witnesses] = verify(json_decode(file_get_contents($path), true, 64, JSON_THROW_ON_ERROR), $files);
    $run = $statement['predicate'];
    echo implode(', witnessed by ', ["Receipt verified: run by {$run['node']}", ...$witnesses]), "\n";
    echo json_encode(['ending' => $run['ending'], 'fuel' => $run['fuel'], 'stdout' => $statement['subject'][0]['digest']['sha256']]), "\n";
} catch (Throwable $error) {
    fwrite(STDERR, "does not hold: {$error->getMessage()}\n");
    exit(1);
}
