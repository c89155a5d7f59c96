<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;
use Formix\Exception\InvalidJob;
use Formix\Exception\VerificationException;

/**
 * A job: what is run, within which limits, on which nodes and by when; the payload of a document that its submitter signs.
 *
 * A job's id is the content id of the payload, so that a manifest sent twice is one job. The published schema is
 * `core/jobs/schema/manifest.json`.
 */
final class Manifest
{
    /** Media type of the payload. */
    public const PAYLOAD_TYPE = 'application/vnd.formix.job+json';

    private const PAYLOAD_BYTES_MAX = 368 * 1024;
    private const NODES_MAX = 64;
    private const OUTPUTS_MAX = 4_096;
    private const KINDS = ['tab', 'native', 'heavy'];
    private const QUORUMS = ['majority', 'unanimous'];
    private const OPTIONS = [
        'env', 'entry', 'limits', 'replicas', 'quorum', 'kinds', 'nodes', 'notNodes', 'agreedMin', 'deadline', 'priority', 'deterministic',
    ];

    /**
     * @param string $id the job's id
     * @param string $name what the job does, in a few words for whoever runs it
     * @param string $submitter who submits, and signs
     * @param string $module SHA-256 of the module, 32 bytes
     * @param string|null $input SHA-256 of what the guest reads; null where that is the output of other jobs
     * @param string $entry the exported function that is called
     * @param list<string> $args the guest's arguments, the program's name first
     * @param array<string, string> $env the guest's environment, ascending by name
     * @param int $replicas how many nodes run it; the answer of one alone is not checked by anybody
     * @param string $quorum when their answers give a result: `majority` or `unanimous`
     * @param int $created when it was made, in milliseconds since 1970
     * @param int $deadline when a job without a result is given up
     * @param bool $deterministic whether every run gives the same
     */
    private function __construct(
        public readonly string $id,
        public readonly string $name,
        public readonly string $submitter,
        public readonly string $module,
        public readonly ?string $input,
        public readonly string $entry,
        public readonly array $args,
        public readonly array $env,
        public readonly Limits $limits,
        public readonly int $replicas,
        public readonly string $quorum,
        public readonly int $created,
        public readonly int $deadline,
        public readonly bool $deterministic,
    ) {
    }

    /**
     * Reads a manifest that its submitter signed.
     *
     * @throws DocumentException the payload is no manifest
     * @throws VerificationException its submitter has not signed it
     */
    public static function open(Envelope $envelope): self
    {
        $payload = $envelope->verify(self::PAYLOAD_TYPE, []);
        $manifest = self::read($payload);
        $envelope->verify(self::PAYLOAD_TYPE, [$manifest->submitter]);
        return $manifest;
    }

    private static function read(string $payload): self
    {
        $root = new Place(Json::parse($payload, 'a manifest'), '', 'not a manifest');
        $optional = ['input', 'entry', 'args', 'env', 'limits', 'replicas', 'quorum', 'constraints', 'priority', 'deterministic'];
        $given = $root->object(['version', 'name', 'submitter', 'module', 'created', 'deadline', 'nonce'], $optional);
        $or = static fn (string $name, mixed $usual): Place => $given[$name] ?? new Place($usual, $name, 'not a manifest');
        $given['version']->integer(1, 1);
        $given['nonce']->text('/^[0-9a-f]{32}\z/', 'must be 32 lower-case hexadecimal digits');
        self::readConstraints($or('constraints', new \stdClass()));
        $or('priority', 0)->integer(0, 9);
        [$entry, $args, $env] = Invocation::words([
            'entry' => $or('entry', '_start'), 'args' => $or('args', []), 'env' => $or('env', new \stdClass()),
        ]);
        $manifest = new self(
            id: ContentId::of($payload),
            name: Invocation::printable($given['name'], 120),
            submitter: $given['submitter']->node(),
            module: self::digest($given['module']) ?? $given['module']->wrong('is no bytes'),
            input: self::digest($or('input', (object) ['inline' => ''])),
            entry: $entry,
            args: $args,
            env: $env,
            limits: Limits::read($or('limits', new \stdClass())),
            replicas: $or('replicas', 1)->integer(1, 7),
            quorum: self::oneOf($or('quorum', 'majority'), self::QUORUMS),
            created: $given['created']->moment(),
            deadline: $given['deadline']->moment(),
            deterministic: $or('deterministic', true)->boolean(),
        );
        $manifest->deterministic || $manifest->replicas === 1
            || $or('replicas', 1)->wrong('must be 1 for a job that is not deterministic: its answers cannot be compared');
        $manifest->deadline > $manifest->created || $given['deadline']->wrong('is not after `created`');
        return $manifest;
    }

    private static function readConstraints(Place $place): void
    {
        $asked = $place->object([], ['kinds', 'nodes', 'except', 'agreed_min']);
        foreach (isset($asked['kinds']) ? $asked['kinds']->list(count(self::KINDS)) : [] as $kind) {
            self::oneOf($kind, self::KINDS);
        }
        foreach (['nodes', 'except'] as $name) {
            foreach (isset($asked[$name]) ? $asked[$name]->list(self::NODES_MAX) : [] as $node) {
                $node->node();
            }
        }
        isset($asked['agreed_min']) && $asked['agreed_min']->integer(0, 0xffff_ffff);
    }

    /** @param list<string> $known */
    private static function oneOf(Place $place, array $known): string
    {
        in_array($place->value, $known, true) || $place->wrong('is none of ' . implode(', ', $known));
        return (string) $place->value;
    }

    /** The SHA-256 of some bytes; null of outputs, which are not known before their jobs have ended. */
    private static function digest(Place $place): ?string
    {
        $members = $place->object([], ['id', 'inline', 'outputs']);
        count($members) === 1 || $place->wrong('is one of `id`, `inline` and `outputs`');
        if (isset($members['id'])) {
            return ContentId::digest($members['id']->contentId());
        }
        if (isset($members['outputs'])) {
            array_map(static fn (Place $job): string => $job->contentId(), $members['outputs']->list(self::OUTPUTS_MAX));
            return null;
        }
        $data = base64_decode($members['inline']->text(), true);
        $data !== false && base64_encode($data) === $members['inline']->value || $members['inline']->wrong('is not base64');
        return hash('sha256', (string) $data, true);
    }

    /** How the job is run by `$node` from `$started` on, in milliseconds since 1970. */
    public function invocation(string $node, int $started): Invocation
    {
        $own = $this->deterministic ? '' : NodeId::key($node) . pack('P', $started);
        $seed = hash('sha256', "formix/job-seed/1\0" . ContentId::digest($this->id) . $own);
        $clock = $this->deterministic ? $this->created : $started;
        return new Invocation($this->entry, $this->args, $this->env, $this->limits, $clock, $seed);
    }

    /** Answers that must agree for a result without a judge. */
    public function agreeingMin(): int
    {
        return $this->quorum === 'unanimous' ? $this->replicas : intdiv($this->replicas, 2) + 1;
    }

    /**
     * A signed manifest, made now.
     *
     * @param array<string, mixed> $module as a manifest names bytes
     * @param array<string, mixed> $input likewise
     * @param list<string> $args without the program's name
     * @param array<string, mixed> $options see `Client::submit`
     * @throws InvalidJob a field is not acceptable
     */
    public static function build(Identity $identity, string $name, array $module, array $input, array $args, array $options): Envelope
    {
        foreach (array_keys($options) as $option) {
            if (!in_array($option, self::OPTIONS, true)) {
                throw new InvalidJob("there is no option `$option`; there are " . implode(', ', self::OPTIONS));
            }
        }
        $now = (int) (microtime(true) * 1_000);
        $fields = [
            'version' => 1,
            'name' => $name,
            'submitter' => $identity->id,
            'module' => $module,
            'input' => $input,
            'entry' => $options['entry'] ?? '_start',
            'args' => [$name, ...$args],
            'env' => (object) ($options['env'] ?? []),
            'limits' => (object) ($options['limits'] ?? []),
            'replicas' => $options['replicas'] ?? 1,
            'quorum' => $options['quorum'] ?? 'majority',
            'constraints' => [
                'kinds' => $options['kinds'] ?? [],
                'nodes' => $options['nodes'] ?? [],
                'except' => $options['notNodes'] ?? [],
                'agreed_min' => $options['agreedMin'] ?? 0,
            ],
            'created' => self::rfc3339($now),
            'deadline' => self::deadline($options['deadline'] ?? 3_600, $now),
            'priority' => $options['priority'] ?? 0,
            'deterministic' => $options['deterministic'] ?? true,
            'nonce' => bin2hex(random_bytes(16)),
        ];
        try {
            $payload = Json::write($fields);
            // What was written counts.
            self::read($payload);
        } catch (\JsonException | DocumentException $error) {
            throw new InvalidJob(preg_replace('/^not a manifest: /', '', $error->getMessage()) ?? '', 0, $error);
        }
        if (strlen($payload) > self::PAYLOAD_BYTES_MAX) {
            throw new InvalidJob(sprintf(
                'a manifest of %d bytes; at most %d are read: move some into the input',
                strlen($payload),
                self::PAYLOAD_BYTES_MAX,
            ));
        }
        return $identity->sign(self::PAYLOAD_TYPE, $payload);
    }

    /** A moment, or seconds from now. */
    private static function deadline(mixed $deadline, int $now): string
    {
        return match (true) {
            $deadline instanceof \DateTimeInterface => self::rfc3339((int) $deadline->format('Uv')),
            is_int($deadline), is_float($deadline) => self::rfc3339($now + (int) ($deadline * 1_000)),
            default => throw new InvalidJob('`deadline`: give seconds from now, or a DateTimeInterface'),
        };
    }

    private static function rfc3339(int $ms): string
    {
        return gmdate('Y-m-d\TH:i:s', intdiv($ms, 1_000)) . sprintf('.%03dZ', $ms % 1_000);
    }
}
