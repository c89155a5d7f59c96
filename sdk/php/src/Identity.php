<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\IdentityException;

/**
 * Who submits: an Ed25519 key in a file that only its owner reads. The file holds the 32-byte seed in base64, as `formix` keeps its keys,
 * so that one identity serves this package, those for Python and Node, and the command line.
 */
final class Identity
{
    /** The public name, `12D3KooW…`. */
    public readonly string $id;

    private function __construct(#[\SensitiveParameter] private readonly string $secret)
    {
        $this->id = NodeId::of(sodium_crypto_sign_publickey_from_secretkey($secret));
    }

    /** A new one, which is gone when the program ends. */
    public static function generate(): self
    {
        return self::fromSeed(random_bytes(SODIUM_CRYPTO_SIGN_SEEDBYTES));
    }

    /**
     * That of a 32-byte secret seed.
     *
     * @throws IdentityException it has another length
     */
    public static function fromSeed(#[\SensitiveParameter] string $seed): self
    {
        if (strlen($seed) !== SODIUM_CRYPTO_SIGN_SEEDBYTES) {
            throw new IdentityException(sprintf('a seed has 32 bytes, not %d', strlen($seed)));
        }
        return new self(sodium_crypto_sign_secretkey(sodium_crypto_sign_seed_keypair($seed)));
    }

    /** Where this package keeps its files: `FORMIX_HOME`, or `~/.formix`. */
    public static function home(): string
    {
        return getenv('FORMIX_HOME') ?: (getenv('HOME') ?: (getenv('USERPROFILE') ?: '.')) . '/.formix';
    }

    /**
     * The identity in a file, made at the first call; without a path, `sdk-identity` in `home()`.
     *
     * @throws IdentityException the file cannot be read or made, does not hold a key, or others may read it
     */
    public static function load(?string $path = null): self
    {
        $path ??= self::home() . '/sdk-identity';
        is_file($path) || self::create($path);
        // PHP remembers what it saw of a file.
        clearstatcache(true, $path);
        if (DIRECTORY_SEPARATOR === '/' && (fileperms($path) & 0o077) !== 0) {
            throw new IdentityException("$path can be read by others; take that away with `chmod 600`");
        }
        $text = @file_get_contents($path);
        if ($text === false) {
            throw new IdentityException("$path: cannot be read");
        }
        $seed = base64_decode(trim($text), true);
        if ($seed === false || strlen($seed) !== SODIUM_CRYPTO_SIGN_SEEDBYTES) {
            throw new IdentityException("$path does not hold a key (32 bytes in base64); restore it from a copy, or delete it to be somebody else");
        }
        return self::fromSeed($seed);
    }

    /** Makes a file with a new seed, whole or not at all, and never in place of one that is there. */
    private static function create(string $path): void
    {
        $folder = dirname($path);
        is_dir($folder) || @mkdir($folder, 0o700, true);
        $draft = $path . '.' . bin2hex(random_bytes(8));
        $mask = umask(0o077);
        try {
            $written = @file_put_contents($draft, base64_encode(random_bytes(SODIUM_CRYPTO_SIGN_SEEDBYTES)) . "\n");
            // Where another process was faster, what it made counts.
            if ($written === false || (!@link($draft, $path) && !is_file($path))) {
                throw new IdentityException("$path: cannot be made");
            }
        } finally {
            umask($mask);
            @unlink($draft);
        }
    }

    /** A document with this identity's signature alone. */
    public function sign(string $payloadType, string $payload): Envelope
    {
        $unsigned = new Envelope($payloadType, $payload);
        $signature = sodium_crypto_sign_detached($unsigned->preAuthentication(), $this->secret);
        return new Envelope($payloadType, $payload, [$this->id => $signature]);
    }

    /** @return array<string, string> what a dump may show */
    public function __debugInfo(): array
    {
        return ['id' => $this->id];
    }
}
