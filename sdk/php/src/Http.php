<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\FormixException;
use Formix\Exception\ProblemException;
use Formix\Exception\UnknownJob;
use Formix\Exception\Unreachable;

/**
 * A heavy node's HTTP interface, over PHP's own streams: requests, problem documents, server-sent events.
 *
 * Bounds: an answer has at most `ANSWER_BYTES_MAX` bytes, an event `EVENT_BYTES_MAX`.
 *
 * @internal
 */
final class Http
{
    /** Longest answer that is read, in bytes: what a guest may write. */
    private const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
    private const EVENT_BYTES_MAX = 4 * 1024 * 1024;
    /** A heavy node's stream says something at least every 15 seconds, if only that it lives. */
    private const QUIET_S = 45.0;
    private const ATTEMPTS = 5;
    /** Seconds between attempts, at first and at most. */
    private const PAUSE_S = [0.25, 10.0];

    /** The heavy node's address, with scheme and without a trailing slash. */
    public readonly string $url;

    /** @param float $timeout seconds that one request may take */
    public function __construct(string $url, private readonly float $timeout)
    {
        $full = rtrim(str_contains($url, '://') ? $url : "http://$url", '/');
        if (preg_match('~^https?://[^/?#\s]+[^?#\s]*\z~', $full) !== 1) {
            throw new FormixException("`$url` is not a heavy node's HTTP address, such as `http://127.0.0.1:4800`");
        }
        $this->url = $full;
    }

    /**
     * What stands at a path below `/api/v1`, as JSON.
     *
     * @throws Unreachable
     * @throws ProblemException
     */
    public function json(string $path, string $method = 'GET', ?string $body = null): mixed
    {
        $text = $this->read($path, $method, $body, $body === null ? [] : ['content-type: application/json']);
        try {
            return json_decode($text, false, 64, JSON_THROW_ON_ERROR);
        } catch (\JsonException) {
            throw new Unreachable("$this->url/api/v1$path: does not answer like a heavy node: not JSON");
        }
    }

    /**
     * What a request of a path below `/api/v1` is answered with.
     *
     * @param list<string> $headers
     * @throws Unreachable
     * @throws ProblemException
     */
    public function read(string $path, string $method = 'GET', ?string $body = null, array $headers = []): string
    {
        $url = "$this->url/api/v1$path";
        [$stream, $status, $told] = $this->open($url, $method, $body, $headers, $this->timeout);
        $answer = $this->take($stream, $url);
        if ($status < 200 || $status > 299) {
            throw self::problem($url, $status, $told, $answer);
        }
        return $answer;
    }

    /** How many bytes of what belongs at a path the node has; null where it has all. */
    public function held(string $path): ?int
    {
        $url = "$this->url/api/v1$path";
        [$stream, $status, $told] = $this->open($url, 'HEAD', null, [], $this->timeout);
        fclose($stream);
        return match (true) {
            $status >= 200 && $status <= 299 => null,
            $status === 404 => max(0, (int) ($told['upload-offset'] ?? 0)),
            default => throw self::problem($url, $status, $told, ''),
        };
    }

    /** Whether a node runs at this address. */
    public function isHealthy(float $patience): bool
    {
        try {
            [$stream, $status] = $this->open("$this->url/healthz", 'GET', null, [], $patience);
            fclose($stream);
            return $status === 200;
        } catch (Unreachable) {
            return false;
        }
    }

    /**
     * The node's server-sent events (WHATWG HTML), as names with data; `$query` narrows them, as in `?job=ID`. The first thing that it gives
     * is null, once the node has taken the listener; it gives null whenever nothing is told for as long as `$until`, a moment, allows.
     *
     * @return \Generator<int, array{string, string}|null>
     * @throws Unreachable
     * @throws ProblemException
     */
    public function events(string $query, float $until): \Generator
    {
        $url = "$this->url/api/v1/events$query";
        // HTTP 1.0 has no chunks: PHP's filter for them holds back what has come until more does.
        [$stream, $status, $told] = $this->open($url, 'GET', null, ['accept: text/event-stream'], $this->timeout, 1.0);
        if ($status !== 200) {
            throw self::problem($url, $status, $told, $this->take($stream, $url));
        }
        try {
            yield null;
            [$name, $data, $line] = ['', [], ''];
            while (!feof($stream)) {
                $rest = $until - microtime(true);
                $left = max(0.01, min(self::QUIET_S, $rest));
                stream_set_timeout($stream, (int) $left, (int) (1e6 * ($left - (int) $left)));
                $line .= (string) fgets($stream, 65_536);
                if (strlen($line) + strlen(implode('', $data)) > self::EVENT_BYTES_MAX) {
                    throw new Unreachable("$url: an event of more than " . self::EVENT_BYTES_MAX . ' bytes');
                }
                if (!str_ends_with($line, "\n")) {
                    if (stream_get_meta_data($stream)['timed_out']) {
                        if ($rest > self::QUIET_S) {
                            throw new Unreachable("$url: says nothing any more");
                        }
                        // A stream may give up a hair before its time.
                        if (microtime(true) >= $until) {
                            yield null;
                        }
                    }
                    continue;
                }
                [$field, $text] = explode(':', rtrim($line, "\r\n"), 2) + ['', ''];
                $text = str_starts_with($text, ' ') ? substr($text, 1) : $text;
                match ($field) {
                    'event' => $name = $text,
                    'data' => $data[] = $text,
                    default => null,
                };
                if (rtrim($line, "\r\n") === '') {
                    if ($data !== []) {
                        yield [$name ?: 'message', implode("\n", $data)];
                    }
                    [$name, $data] = ['', []];
                }
                $line = '';
            }
        } finally {
            fclose($stream);
        }
    }

    /**
     * Asks until it is answered, a few times; what is asked so must be the same twice as once.
     *
     * @template T
     * @param callable(): T $ask
     * @return T
     */
    public static function patiently(callable $ask): mixed
    {
        for ($attempt = 1, $pause = self::PAUSE_S[0];; $attempt++, $pause *= 2) {
            try {
                return $ask();
            } catch (Unreachable | ProblemException $error) {
                if ($attempt === self::ATTEMPTS || !self::isPassing($error)) {
                    throw $error;
                }
                $wanted = $error instanceof ProblemException ? $error->retryAfter : null;
                self::pause(min($wanted ?? $pause, self::PAUSE_S[1]));
            }
        }
    }

    /** Whether asking again may help. */
    public static function isPassing(FormixException $error): bool
    {
        return $error instanceof ProblemException ? $error->isPassing() : $error instanceof Unreachable;
    }

    /** Waits for some seconds. */
    public static function pause(float $seconds): void
    {
        usleep((int) (1e6 * max(0.0, $seconds)));
    }

    /**
     * @param list<string> $headers
     * @return array{resource, int, array<string, string>} the answer's body, status and headers
     */
    private function open(string $url, string $method, ?string $body, array $headers, float $timeout, float $version = 1.1): array
    {
        $context = stream_context_create(['http' => [
            'method' => $method,
            'header' => ['connection: close', 'user-agent: formix-php/0.1.0', ...$headers],
            'content' => $body,
            'ignore_errors' => true,
            'follow_location' => 0,
            'protocol_version' => $version,
            'timeout' => $timeout,
        ]]);
        error_clear_last();
        $stream = @fopen($url, 'rb', false, $context);
        if ($stream === false) {
            $why = preg_replace('/^fopen\(.*?\): (Failed to open stream: )?/s', '', error_get_last()['message'] ?? '');
            throw new Unreachable("$url: " . ($why ?: 'no answer'));
        }
        stream_set_timeout($stream, (int) $timeout, (int) (1e6 * ($timeout - (int) $timeout)));
        [$status, $told] = [0, []];
        foreach (stream_get_meta_data($stream)['wrapper_data'] as $line) {
            if (preg_match('~^HTTP/\S+ (\d{3})~', $line, $parts) === 1) {
                [$status, $told] = [(int) $parts[1], []];
            } elseif (str_contains($line, ':')) {
                [$name, $value] = explode(':', $line, 2);
                $told[strtolower(trim($name))] = trim($value);
            }
        }
        return [$stream, $status, $told];
    }

    /** @param resource $stream */
    private function take($stream, string $url): string
    {
        $body = (string) stream_get_contents($stream, self::ANSWER_BYTES_MAX + 1);
        $isLate = stream_get_meta_data($stream)['timed_out'];
        fclose($stream);
        if ($isLate) {
            throw new Unreachable("$url: no answer in time");
        }
        if (strlen($body) > self::ANSWER_BYTES_MAX) {
            throw new Unreachable("$url: answers with more than " . self::ANSWER_BYTES_MAX . ' bytes');
        }
        return $body;
    }

    /**
     * The exception that a problem document means (RFC 9457).
     *
     * @param array<string, string> $told
     */
    private static function problem(string $url, int $status, array $told, string $body): ProblemException
    {
        $problem = json_decode($body, true, 16);
        $detail = is_array($problem) && is_string($problem['detail'] ?? null) ? $problem['detail'] : 'without a reason';
        $after = preg_match('/^\d{1,6}\z/', $told['retry-after'] ?? '') === 1 ? (float) $told['retry-after'] : null;
        if ($status === 404 && (str_contains($url, '/jobs/') || str_contains($url, '?job='))) {
            return new UnknownJob($url, $status, $detail, $after);
        }
        return new ProblemException($url, $status, $detail, $after);
    }
}
