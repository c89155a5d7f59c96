<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;
use Formix\Exception\VerificationException;

/**
 * What a node says that a job's run gave, verified here and offline: an in-toto Statement v1 in a DSSE envelope.
 *
 * Its node's signature makes it that node's word: evidence against it where it is false, and no proof that it is true. Who has module and
 * input can run the job again: `formix receipt verify --rerun`.
 */
final class Receipt
{
    private const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
    private const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
    private const PREDICATE_TYPE = 'https://github.com/formix/formix/receipt/v1';
    private const PAYLOAD_BYTES_MAX = 128 * 1024;
    private const INTEGER_MAX = (1 << 53) - 1;
    private const PREDICATE = [
        'job', 'submitter', 'node', 'module', 'input', 'invocation', 'ending', 'fuel', 'memory_peak_bytes', 'wall_us', 'started', 'ended',
    ];

    /**
     * @param string $job which job: the content id of the manifest's payload
     * @param string $submitter who submitted it
     * @param string $node who ran it, and signed
     * @param list<string> $witnesses whose signatures stand under it as well: heavy nodes that took the receipt from its node
     * @param string $module SHA-256 of the module, in hexadecimal digits; so are the next three
     * @param string $stdin of what the guest could read from standard input
     * @param string $stdout of what it wrote to standard output
     * @param string $stderr of what it wrote to standard error
     * @param int $fuel fuel used
     * @param string $gasSchedule by which count
     * @param int $memoryPeakBytes the most bytes that its memory had
     * @param int $wallUs microseconds that the run took
     * @param int|null $cpuUs microseconds of processor time, where the node could tell
     * @param int $started when the run began by the node's clock, in milliseconds since 1970
     * @param int $ended when it ended
     */
    private function __construct(
        public readonly string $job,
        public readonly string $submitter,
        public readonly string $node,
        public readonly array $witnesses,
        public readonly string $module,
        public readonly string $stdin,
        public readonly string $stdout,
        public readonly string $stderr,
        public readonly Invocation $invocation,
        public readonly Ending $ending,
        public readonly int $fuel,
        public readonly string $gasSchedule,
        public readonly int $memoryPeakBytes,
        public readonly int $wallUs,
        public readonly ?int $cpuUs,
        public readonly int $started,
        public readonly int $ended,
    ) {
    }

    /**
     * Checks every signature of a receipt, and that it speaks of what it is held against. Nothing is asked of anybody.
     *
     * @param Envelope|string $document the DSSE envelope, or its JSON
     * @param string|null $node who must have run the job
     * @param string|bool|null $witness who must have witnessed it; true where anybody's word will do
     * @param Envelope|string|null $manifest the signed manifest that it must be about, and must have been run by
     * @param string|null $module the module that must have been run
     * @param string|null $stdin what the guest must have been given
     * @param string|null $stdout what it must have written to standard output
     * @param string|null $stderr what it must have written to standard error
     * @throws DocumentException it is no receipt
     * @throws VerificationException a signature is missing or does not hold, or the receipt speaks of something else
     */
    public static function verify(
        Envelope|string $document,
        ?string $node = null,
        string|bool|null $witness = null,
        Envelope|string|null $manifest = null,
        ?string $module = null,
        ?string $stdin = null,
        ?string $stdout = null,
        ?string $stderr = null,
    ): self {
        $envelope = is_string($document) ? Envelope::fromJson($document) : $document;
        $payload = $envelope->verify(self::PAYLOAD_TYPE, []);
        if (strlen($payload) > self::PAYLOAD_BYTES_MAX) {
            throw new DocumentException(sprintf('a receipt of %d bytes; at most %d are read', strlen($payload), self::PAYLOAD_BYTES_MAX));
        }
        $signers = array_keys($envelope->signatures);
        $receipt = self::read(Json::parse($payload, 'a receipt'), $signers);
        $envelope->verify(self::PAYLOAD_TYPE, [$receipt->node, ...$signers]);
        if ($node !== null && $node !== $receipt->node) {
            throw new VerificationException("the receipt is of $receipt->node, not of $node");
        }
        if ($witness === true && $receipt->witnesses === []) {
            throw new VerificationException('no witness has signed');
        }
        if (is_string($witness) && !in_array($witness, $receipt->witnesses, true)) {
            throw new VerificationException("$witness has not witnessed it");
        }
        foreach (['module' => $module, 'stdin' => $stdin, 'stdout' => $stdout, 'stderr' => $stderr] as $name => $data) {
            if ($data !== null && hash('sha256', $data) !== $receipt->$name) {
                throw new VerificationException("the $name given is not that of this receipt");
            }
        }
        if ($manifest !== null) {
            $receipt->checkFollows(Manifest::open(is_string($manifest) ? Envelope::fromJson($manifest) : $manifest));
        }
        return $receipt;
    }

    /** @param list<string> $signers */
    private static function read(mixed $value, array $signers): self
    {
        $statement = (new Place($value, '', 'not a receipt'))->object(['_type', 'subject', 'predicateType', 'predicate']);
        $statement['_type']->value === self::STATEMENT_TYPE || $statement['_type']->wrong('must be ' . self::STATEMENT_TYPE);
        $statement['predicateType']->value === self::PREDICATE_TYPE || $statement['predicateType']->wrong('must be ' . self::PREDICATE_TYPE);
        $subjects = array_map(static fn (Place $each): array => $each->object(['name', 'digest']), $statement['subject']->list(2));
        $names = array_map(static fn (array $each): mixed => $each['name']->value, $subjects);
        $names === ['stdout', 'stderr'] || $statement['subject']->wrong('must be `stdout` and `stderr`');
        $run = $statement['predicate']->object(self::PREDICATE, ['cpu_us']);
        $invoked = $run['invocation']->object(['entry', 'args', 'env', 'limits', 'clock', 'seed']);
        $fuel = $run['fuel']->object(['used', 'schedule']);
        $count = static fn (Place $place): int => $place->integer(0, self::INTEGER_MAX);
        $node = $run['node']->node();
        $receipt = new self(
            job: ContentId::ofDigest((string) hex2bin(self::digest($run['job']))),
            submitter: $run['submitter']->node(),
            node: $node,
            witnesses: array_values(array_diff($signers, [$node])),
            module: self::digest($run['module']),
            stdin: self::digest($run['input']),
            stdout: self::digest($subjects[0]['digest']),
            stderr: self::digest($subjects[1]['digest']),
            invocation: new Invocation(
                ...Invocation::words($invoked),
                limits: Limits::read($invoked['limits']),
                clock: $invoked['clock']->moment(),
                seed: self::hex32($invoked['seed']),
            ),
            ending: Ending::read($run['ending']),
            fuel: $count($fuel['used']),
            gasSchedule: Ending::readCode($fuel['schedule']),
            memoryPeakBytes: $count($run['memory_peak_bytes']),
            wallUs: $count($run['wall_us']),
            // `null` says the same as nothing.
            cpuUs: isset($run['cpu_us']) && $run['cpu_us']->value !== null ? $count($run['cpu_us']) : null,
            started: $run['started']->moment(),
            ended: $run['ended']->moment(),
        );
        $receipt->ended >= $receipt->started || $run['ended']->wrong('is before `started`');
        return $receipt;
    }

    private static function digest(Place $place): string
    {
        return self::hex32($place->object(['sha256'])['sha256']);
    }

    private static function hex32(Place $place): string
    {
        return $place->text('/^[0-9a-f]{64}\z/', 'is not 64 lower-case hexadecimal digits');
    }

    private function checkFollows(Manifest $manifest): void
    {
        $fields = [
            'predicate.job' => $this->job === $manifest->id,
            'predicate.submitter' => $this->submitter === $manifest->submitter,
            'predicate.module' => $this->module === bin2hex($manifest->module),
            'predicate.input' => $manifest->input === null || $this->stdin === bin2hex($manifest->input),
            'predicate.invocation' => $this->invocation->equals($manifest->invocation($this->node, $this->started)),
            'predicate.fuel.used' => $this->fuel <= $manifest->limits->fuel(),
            'predicate.memory_peak_bytes' => $this->memoryPeakBytes <= $manifest->limits->memoryBytes(),
        ];
        $other = array_search(false, $fields, true);
        if ($other !== false) {
            throw new VerificationException("the receipt is about another job: `$other` is another than the manifest asks for");
        }
    }

    /** What the replicas of a deterministic job agree about: ending, standard output, standard error, fuel. */
    public function claim(): string
    {
        return implode(' ', [$this->ending->code(), $this->stdout, $this->stderr, $this->fuel]);
    }
}
