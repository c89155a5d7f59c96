<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\InvalidJob;
use Formix\Exception\ProblemException;
use Formix\Exception\UnknownJob;
use Formix\Exception\Unreachable;
use Formix\Exception\VerificationException;

/** A heavy node that takes jobs, and who submits to it. */
final class Client
{
    /** Where a heavy node is looked for when none is named, unless `FORMIX_URL` says otherwise: on this machine. */
    public const NETWORK = 'http://127.0.0.1:4800';

    /** Module and input up to this many bytes each stand in the manifest; longer ones go by content id. */
    private const INLINE_BYTES_MAX = 64 * 1024;
    /** Bytes of one part of an upload, after which it can be taken up again. */
    private const PART_BYTES = 4 << 20;
    /** Manifests, and bytes of manifests, that are sent at once. */
    private const BATCH_MAX = 1_000;
    private const BATCH_BYTES_MAX = 4 << 20;
    /** Seconds that a node on this machine may take to say that it runs. */
    private const LOCAL_PATIENCE_S = 2.0;

    private readonly Http $http;

    /**
     * Names a heavy node by its HTTP address; nothing is sent yet.
     *
     * @param string|null $url `FORMIX_URL` or `http://127.0.0.1:4800` where none is given
     * @param Identity|null $identity who submits; `Identity::load()` at the first submission where none is given
     * @param float $timeout seconds that one request may take
     */
    public function __construct(?string $url = null, private ?Identity $identity = null, float $timeout = 15.0)
    {
        $this->http = new Http($url ?? (getenv('FORMIX_URL') ?: self::NETWORK), $timeout);
    }

    /**
     * A client of the heavy node on this machine: `FORMIX_URL`, the default port, or a node of this home, whose port the system chose.
     *
     * @throws Unreachable none answers
     */
    public static function local(?Identity $identity = null, float $timeout = 15.0): self
    {
        $named = getenv('FORMIX_URL');
        $urls = [$named ?: self::NETWORK];
        foreach ($named ? [] : (glob(Identity::home() . '/nodes/*/ports.json') ?: []) as $file) {
            $port = json_decode((string) @file_get_contents($file))->http ?? null;
            is_int($port) && $urls[] = "http://127.0.0.1:$port";
        }
        foreach ($urls as $url) {
            $client = new self($url, $identity, $timeout);
            if ($client->http->isHealthy(self::LOCAL_PATIENCE_S)) {
                return $client;
            }
        }
        throw new Unreachable(sprintf('this machine: no heavy node answers (%s); start one with `formix heavy`', implode(', ', $urls)));
    }

    /** The heavy node's address. */
    public function url(): string
    {
        return $this->http->url;
    }

    /** Who submits. */
    public function identity(): Identity
    {
        return $this->identity ??= Identity::load();
    }

    /**
     * Submits a job: a WASI command that other nodes run in their sandbox.
     *
     * Options: `env` (array), `entry`, `limits` (array of `fuel`, `memory_bytes`, `wall_ms` …), `replicas` (1 to 7; the answer of one alone is not
     * checked by anybody), `quorum` (`majority` or `unanimous`), `kinds` (of `tab`, `native`, `heavy`), `nodes`, `notNodes` (lists of ids),
     * `agreedMin`, `deadline` (seconds from now, or a DateTimeInterface; an hour where none is given), `priority` (0 to 9), `deterministic`.
     *
     * @param string $module the command: a file, its bytes, or the content id of one that the heavy node has
     * @param list<string> $args its arguments, without the program's name
     * @param string $input what it reads from standard input
     * @param list<Job|string>|null $outputs jobs whose standard outputs, one after the other, are its input instead; it waits until they have
     *     ended well
     * @param string|null $name what it does, in a few words for whoever runs it; the file's name where none is given
     * @param mixed ...$options by name, as above
     * @throws InvalidJob it is not acceptable, as found here or by the heavy node; the words name the field
     * @throws Unreachable the heavy node does not answer
     * @throws ProblemException it has no room
     */
    public function submit(
        string $module,
        array $args = [],
        string $input = '',
        ?array $outputs = null,
        ?string $name = null,
        mixed ...$options,
    ): Job {
        [$source, $called, $blobs] = self::module($module);
        $given = $outputs === null ? self::source($input, $blobs) : ['outputs' => self::ids($outputs)];
        $job = $this->build($name ?? $called, $source, $given, $args, $options);
        $this->send($blobs, [$job]);
        return $job;
    }

    /**
     * Submits many jobs of one module and, with `$reduce`, one that gets all their outputs. All are signed at once; the heavy node needs nobody
     * afterwards.
     *
     * @param string $module as in `submit`
     * @param list<array{args?: list<string>, input?: string, name?: string}> $items what each job has of its own
     * @param list<string> $args the arguments of those that have none of their own
     * @param string $input the input of those that have none of their own
     * @param string|null $reduce the command whose standard input is their outputs, in the order of `$items`
     * @param list<string> $reduceArgs its arguments
     * @param string|null $name as in `submit`
     * @param mixed ...$options of every job, the reducing one too; as in `submit`
     * @throws InvalidJob one is not acceptable
     * @throws Unreachable the heavy node does not answer
     * @throws ProblemException it has no room
     */
    public function submitMany(
        string $module,
        array $items,
        array $args = [],
        string $input = '',
        ?string $reduce = null,
        array $reduceArgs = [],
        ?string $name = null,
        mixed ...$options,
    ): JobArray {
        [$source, $called, $blobs] = self::module($module);
        $jobs = [];
        foreach ($items as $item) {
            $given = self::source($item['input'] ?? $input, $blobs);
            $jobs[] = $this->build($item['name'] ?? $name ?? $called, $source, $given, $item['args'] ?? $args, $options);
        }
        $reducing = null;
        if ($reduce !== null) {
            [$last, $called, $more] = self::module($reduce);
            $blobs += $more;
            $reducing = $this->build($name ?? $called, $last, ['outputs' => self::ids($jobs)], $reduceArgs, $options);
        }
        // The reducing one comes last: the heavy node knows the others by then.
        $this->send($blobs, $reducing === null ? $jobs : [...$jobs, $reducing]);
        return new JobArray($this->http, $jobs, $reducing);
    }

    /**
     * Checks every signature of a receipt, offline, and that it speaks of what it is held against: `Receipt::verify`.
     *
     * @param mixed ...$against by name: `node`, `witness`, `manifest`, `module`, `stdin`, `stdout`, `stderr`
     */
    public function verify(Envelope|string $receipt, mixed ...$against): Receipt
    {
        return Receipt::verify($receipt, ...$against);
    }

    /**
     * A job that somebody submitted, by its id.
     *
     * @throws UnknownJob the heavy node knows none of this id
     * @throws VerificationException what it gives is not signed by its submitter, or is another
     */
    public function job(string $id): Job
    {
        ContentId::digest($id);
        $job = new Job($this, $this->http, Envelope::fromJson($this->http->read("/jobs/$id/manifest")));
        return $job->id === $id ? $job : throw new VerificationException("{$this->http->url} gives another job, $job->id");
    }

    /**
     * Jobs as the heavy node shows them, at most `$limit`.
     *
     * @return list<JobStatus>
     */
    public function jobs(?string $submitter = null, ?string $state = null, int $limit = 100): array
    {
        // What is null is left out.
        $page = $this->http->json('/jobs?' . http_build_query(compact('submitter', 'state', 'limit')));
        return is_array($page->jobs ?? null)
            ? array_map(JobStatus::of(...), array_values($page->jobs))
            : throw new Unreachable("{$this->http->url}: does not list its jobs");
    }

    /**
     * The nodes that run jobs for the heavy node, as it shows them.
     *
     * @return list<\stdClass>
     */
    public function workers(): array
    {
        $listed = $this->http->json('/workers');
        return is_array($listed) ? array_values($listed) : throw new Unreachable("{$this->http->url}: does not list its workers");
    }

    /**
     * @param array<string, mixed> $module
     * @param array<string, mixed> $input
     * @param list<string> $args
     * @param array<string, mixed> $options
     */
    private function build(string $name, array $module, array $input, array $args, array $options): Job
    {
        return new Job($this, $this->http, Manifest::build($this->identity(), $name, $module, $input, $args, $options));
    }

    /**
     * A module as a manifest names it, what it is called, and what has to be sent before it.
     *
     * @return array{array<string, string>, string, array<string, string>}
     */
    private static function module(string $module): array
    {
        if (ContentId::isOne($module)) {
            return [['id' => $module], 'job', []];
        }
        [$data, $name] = [$module, 'job'];
        if (!str_starts_with($module, "\0asm")) {
            $data = str_contains($module, "\0") ? false : @file_get_contents($module);
            $data !== false || throw new InvalidJob(sprintf('`module`: `%.80s` is no file that can be read', $module));
            str_starts_with($data, "\0asm") || throw new InvalidJob("`module`: `$module` is no WebAssembly module: it does not begin with `\\0asm`");
            $name = substr(pathinfo($module, PATHINFO_FILENAME), 0, 120) ?: 'job';
        }
        $blobs = [];
        return [self::source($data, $blobs), $name, $blobs];
    }

    /**
     * Bytes as a manifest names them: short ones themselves, longer ones by content id, and then kept to be sent before it.
     *
     * @param array<string, string> $blobs
     * @return array<string, string>
     */
    private static function source(string $data, array &$blobs): array
    {
        if (strlen($data) <= self::INLINE_BYTES_MAX) {
            return ['inline' => base64_encode($data)];
        }
        $id = ContentId::of($data);
        $blobs[$id] = $data;
        return ['id' => $id];
    }

    /**
     * @param list<Job|string> $jobs
     * @return list<string>
     */
    private static function ids(array $jobs): array
    {
        return array_map(static fn (Job|string $job): string => is_string($job) ? $job : $job->id, $jobs);
    }

    /**
     * @param array<string, string> $blobs
     * @param list<Job> $jobs
     */
    private function send(array $blobs, array $jobs): void
    {
        foreach ($blobs as $id => $data) {
            $this->upload($id, $data);
        }
        [$batch, $size] = [[], 0];
        foreach ($jobs as $job) {
            $line = $job->envelope->toJson() . "\n";
            if (count($batch) === self::BATCH_MAX || ($batch !== [] && $size + strlen($line) > self::BATCH_BYTES_MAX)) {
                $this->sendLines($batch);
                [$batch, $size] = [[], 0];
            }
            $batch[$job->id] = $line;
            $size += strlen($line);
        }
        $batch === [] || $this->sendLines($batch);
    }

    /** Sends bytes that the heavy node lacks, from where an earlier attempt broke off. */
    private function upload(string $id, string $data): void
    {
        Http::patiently(function () use ($id, $data): void {
            $length = strlen($data);
            for ($offset = $this->http->held("/blobs/$id"); $offset !== null && $offset < $length; $offset += strlen($part)) {
                $part = substr($data, $offset, self::PART_BYTES);
                $headers = ['content-type: application/octet-stream'];
                if (strlen($part) < $length) {
                    $headers[] = sprintf('content-range: bytes %d-%d/%d', $offset, $offset + strlen($part) - 1, $length);
                }
                $this->http->read("/blobs/$id", 'PUT', $part, $headers);
            }
        });
    }

    /**
     * Sends manifests; those that the heavy node has no room for yet, again, for as long as it takes some. One that comes twice is one job, so that
     * an answer that was lost is asked for again.
     *
     * @param array<string, string> $batch lines by the ids of their jobs
     */
    private function sendLines(array $batch): void
    {
        $waiting = $batch;
        $goOn = function () use (&$waiting): void {
            $text = $this->http->read('/jobs', 'POST', implode('', $waiting), ['content-type: application/x-ndjson']);
            $answers = array_values(array_filter(explode("\n", $text), static fn (string $line): bool => $line !== ''));
            if (count($answers) !== count($waiting)) {
                throw new Unreachable(sprintf('%s: answers %d jobs with %d lines', $this->http->url, count($waiting), count($answers)));
            }
            $passing = null;
            foreach (array_keys($waiting) as $at => $id) {
                $answer = json_decode($answers[$at], false, 64);
                if (!isset($answer->error)) {
                    ($answer->id ?? null) === $id || throw new Unreachable("{$this->http->url}: answers with the id of another job");
                    unset($waiting[$id]);
                    continue;
                }
                $detail = (string) ($answer->error->detail ?? 'without a reason');
                $after = $answer->error->retry_after_s ?? null;
                $status = (int) ($answer->error->status ?? 500);
                $error = new ProblemException("{$this->http->url}/api/v1/jobs", $status, $detail, is_int($after) ? (float) $after : null);
                if (!$error->isPassing()) {
                    throw $error->status === 422 ? new InvalidJob($detail, 0, $error) : $error;
                }
                $passing = $error;
            }
            $passing === null || throw $passing;
        };
        while ($waiting !== []) {
            $before = count($waiting);
            try {
                Http::patiently($goOn);
            } catch (ProblemException $error) {
                $error->isPassing() && count($waiting) < $before || throw $error;
            }
        }
    }
}
