// Manifests of jobs: what is run, within which limits, on which nodes and by when. Their submitter signs them.
//
// A job's id is the content id of its manifest's payload, so that a manifest sent twice is one job. The published schema is
// core/jobs/schema/manifest.json.

import { type Bytes, concat, contentDigest, contentId, equal, fromBase64, sha256, toHex, utf8 } from "./bytes.js";
import { type Envelope, nodeKey } from "./documents.js";
import { DocumentError, InvalidJob } from "./errors.js";
import type { Identity } from "./identity.js";
import { Place, parse } from "./json.js";

/** Media type of a manifest's payload. */
export const PAYLOAD_TYPE = "application/vnd.formix.job+json";
/** Longest payload of a manifest, in bytes. */
const PAYLOAD_BYTES_MAX = 368 * 1024;
/** Most bytes of arguments, and of names and values of the environment, together. */
const WORDS_BYTES_MAX = 16 * 1024;
/** Most jobs whose outputs are one input. */
const OUTPUTS_MAX = 4_096;
const NODES_MAX = 64;

const KINDS = ["tab", "native", "heavy"] as const;
/** What a node runs in: a browser tab, a process of its own, a heavy node. */
export type Kind = (typeof KINDS)[number];
const QUORUMS = ["majority", "unanimous"] as const;
/** When the answers of replicas give a result: more than half of them agree, or all. */
export type Quorum = (typeof QUORUMS)[number];

/** What one run may use. A run that needs more fails, and says which limit it met. */
export interface Limits {
  /** Fuel, by the gas schedule of the sandbox: about one unit an instruction. */
  readonly fuel: number;
  /** Bytes of the guest's memory. */
  readonly memory_bytes: number;
  /** Bytes of the engine's stack. */
  readonly stack_bytes: number;
  /** Calls within calls. */
  readonly call_depth: number;
  /** Bytes of the module. */
  readonly module_bytes: number;
  /** Elements of each of the guest's tables. */
  readonly table_elements: number;
  /** Bytes of standard output and standard error together. */
  readonly output_bytes: number;
  /** Milliseconds that a node keeps the job; no part of what a run gives. */
  readonly wall_ms: number;
}

/** Of each limit: the least, the most, and what is taken where none is given. */
const LIMITS: Readonly<Record<keyof Limits, readonly [number, number, number]>> = {
  fuel: [1, 1e15, 2_000_000_000],
  memory_bytes: [0, 2 ** 32, 2 ** 28],
  stack_bytes: [1_024, 2 ** 26, 2 ** 22],
  call_depth: [1, 100_000, 16_384],
  module_bytes: [8, 2 ** 26, 2 ** 24],
  table_elements: [0, 10_000_000, 2 ** 20],
  output_bytes: [0, 2 ** 26, 2 ** 24],
  wall_ms: [10, 86_400_000, 120_000],
};

/** Some bytes: themselves in base64, their content id or, of an input, the outputs of other jobs one after the other. */
export type Blob = { readonly id: string } | { readonly inline: string } | { readonly outputs: readonly string[] };

/** With module and input, everything that a run's outcome follows from. */
export interface Invocation {
  /** The exported function that is called. */
  readonly entry: string;
  /** The guest's arguments, the program's name first. */
  readonly args: readonly string[];
  /** The guest's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the run may use. */
  readonly limits: Limits;
  /** Where the guest's clock starts. */
  readonly clock: Date;
  /** What its randomness follows from, in hexadecimal digits. */
  readonly seed: string;
}

/** A job: the payload of a document that its submitter signs. */
export interface Manifest extends Omit<Invocation, "clock" | "seed"> {
  /** What the job does, in a few words for whoever runs it. */
  readonly name: string;
  /** Who submits, and signs. */
  readonly submitter: string;
  /** A WASI preview 1 command. */
  readonly module: Blob;
  /** What the guest reads from standard input. */
  readonly input: Blob;
  /** How many nodes run it. The answer of one alone is not checked by anybody. */
  readonly replicas: number;
  /** When their answers give a result. */
  readonly quorum: Quorum;
  /** Which nodes may run it; what is empty asks for nothing. */
  readonly constraints: {
    readonly kinds: readonly Kind[];
    readonly nodes: readonly string[];
    readonly except: readonly string[];
    readonly agreed_min: number;
  };
  /** When it was made; a deterministic guest's clock starts here. */
  readonly created: Date;
  /** When a job without a result is given up. */
  readonly deadline: Date;
  /** Its place among its submitter's own jobs; higher goes first. */
  readonly priority: number;
  /** Whether every run gives the same. Otherwise there is one replica. */
  readonly deterministic: boolean;
}

/** What a job may ask for besides module, input and arguments. */
export interface JobOptions {
  /** What it does, in a few words for whoever runs it; `job` where none is given. */
  readonly name?: string;
  /** The guest's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The exported function that is called; `_start` where none is given. */
  readonly entry?: string;
  /** What a run may use; those left out have their defaults. */
  readonly limits?: Partial<Limits>;
  /** How many nodes run it, 1 to 7; the answer of one alone is not checked by anybody. */
  readonly replicas?: number;
  /** When their answers give a result; `majority` where none is given. */
  readonly quorum?: Quorum;
  /** Only nodes of these kinds; light nodes of any kind where none are given. */
  readonly kinds?: readonly Kind[];
  /** Only these nodes. */
  readonly nodes?: readonly string[];
  /** Not these nodes. */
  readonly notNodes?: readonly string[];
  /** Only nodes of which so many results have agreed with others' before. */
  readonly agreedMin?: number;
  /** When a job without a result is given up: a moment, or milliseconds from now; an hour where none is given. */
  readonly deadline?: Date | number;
  /** Its place among its submitter's own jobs, 0 to 9; higher goes first. */
  readonly priority?: number;
  /** Whether every run gives the same; otherwise there is one replica. */
  readonly deterministic?: boolean;
}

function readNode(place: Place): string {
  try {
    nodeKey(place.text());
  } catch (error) {
    place.wrong(error instanceof DocumentError ? error.message : "is no node id");
  }
  return place.text();
}

/** A node's id at a place. */
export const node = readNode;

function readContentId(place: Place): string {
  try {
    contentDigest(place.text());
  } catch (error) {
    place.wrong(error instanceof DocumentError ? error.message : "is no content id");
  }
  return place.text();
}

function oneOf<T extends string>(place: Place, known: readonly T[]): T {
  return known.find((each) => each === place.value) ?? place.wrong(`is none of ${known.join(", ")}`);
}

function printable(place: Place, most: number): string {
  const text = place.text();
  const length = Array.from(text).length;
  if (length < 1 || length > most) place.wrong(`has ${length} characters, where 1 to ${most} are accepted`);
  if (/\p{Cc}/u.test(text)) place.wrong("holds a control character");
  return text;
}

function withoutNul(place: Place): string {
  return place.text(/^[^\0]*$/, "holds a NUL, which ends a string for the guest");
}

/** Entry, arguments and environment, where they stand among other members. */
export function readWords(members: Record<string, Place>): Pick<Invocation, "entry" | "args" | "env"> {
  const { entry, args, env } = members as Record<"entry" | "args" | "env", Place>;
  const words = args.list().map(withoutNul);
  const variables = Object.entries(env.open()).map(([name, value]): [string, string] => {
    if (!/^[^=\0]+$/.test(name)) env.wrong(`\`${name}\` is no name: not empty, and without \`=\``);
    return [name, withoutNul(value)];
  });
  // A guest is given each with a NUL behind it, and a variable with its `=`.
  const sizes = [...words.map((word) => utf8(word).length + 1), ...variables.map((pair) => utf8(pair.join("")).length + 2)];
  const size = sizes.reduce((sum, each) => sum + each, 0);
  if (size > WORDS_BYTES_MAX) {
    args.wrong(`${size} bytes with the environment, where at most ${WORDS_BYTES_MAX} are accepted: move some into the input`);
  }
  return { entry: printable(entry, 128), args: words, env: Object.fromEntries(variables) };
}

/** What a run may use; those left out have their defaults. */
export function readLimits(place: Place): Limits {
  const names = Object.keys(LIMITS) as (keyof Limits)[];
  const members = place.object([], names);
  const read = names.map((name) => {
    const [least, most, usual] = LIMITS[name];
    return [name, members[name]?.integer(least, most) ?? usual] as const;
  });
  return Object.fromEntries(read) as unknown as Limits;
}

function readBlob(place: Place): Blob {
  const { id, inline, outputs } = place.object([], ["id", "inline", "outputs"]);
  if ([id, inline, outputs].filter(Boolean).length !== 1) place.wrong("is one of `id`, `inline` and `outputs`");
  if (id) return { id: readContentId(id) };
  if (inline) {
    fromBase64(inline.text(), inline.path);
    return { inline: inline.text() };
  }
  return { outputs: outputs?.list(OUTPUTS_MAX).map(readContentId) ?? [] };
}

const REQUIRED = ["version", "name", "submitter", "module", "created", "deadline", "nonce"];
const OPTIONAL = ["input", "entry", "args", "env", "limits", "replicas", "quorum", "constraints", "priority", "deterministic"];

/**
 * Reads the JSON of a manifest and checks it.
 *
 * @throws DocumentError it is none, or a field is not acceptable.
 */
export function readManifest(value: unknown): Manifest {
  const root = new Place(value, "", "not a manifest");
  const given = root.object(REQUIRED, OPTIONAL) as Record<string, Place> & Record<(typeof REQUIRED)[number], Place>;
  const or = (name: string, usual: unknown) => given[name] ?? new Place(usual, name, "not a manifest");
  or("version", 0).integer(1, 1);
  or("nonce", "").text(/^[0-9a-f]{32}$/, "must be 32 lower-case hexadecimal digits");
  const asked = or("constraints", {}).object([], ["kinds", "nodes", "except", "agreed_min"]);
  const nodes = (name: "nodes" | "except") => asked[name]?.list(NODES_MAX).map(readNode) ?? [];
  const words = { entry: or("entry", "_start"), args: or("args", []), env: or("env", {}) };
  const manifest: Manifest = {
    name: printable(or("name", ""), 120),
    submitter: readNode(or("submitter", "")),
    module: readBlob(or("module", {})),
    input: readBlob(or("input", { inline: "" })),
    ...readWords(words),
    limits: readLimits(or("limits", {})),
    replicas: or("replicas", 1).integer(1, 7),
    quorum: oneOf(or("quorum", "majority"), QUORUMS),
    constraints: {
      kinds: asked["kinds"]?.list(KINDS.length).map((kind) => oneOf(kind, KINDS)) ?? [],
      nodes: nodes("nodes"),
      except: nodes("except"),
      agreed_min: asked["agreed_min"]?.integer(0, 2 ** 32 - 1) ?? 0,
    },
    created: or("created", "").moment(),
    deadline: or("deadline", "").moment(),
    priority: or("priority", 0).integer(0, 9),
    deterministic: or("deterministic", true).boolean(),
  };
  if (!manifest.deterministic && manifest.replicas > 1) {
    or("replicas", 1).wrong("must be 1 for a job that is not deterministic: its answers cannot be compared");
  }
  if (manifest.deadline <= manifest.created) or("deadline", "").wrong("is not after `created`");
  return manifest;
}

/**
 * Reads a manifest that its submitter signed; gives the job's id with it.
 *
 * @throws DocumentError the payload is no manifest.
 * @throws VerificationError its submitter has not signed it.
 */
export async function openManifest(envelope: Envelope): Promise<{ id: string; manifest: Manifest }> {
  const payload = await envelope.verify(PAYLOAD_TYPE, []);
  const manifest = readManifest(parse(payload, "a manifest"));
  await envelope.verify(PAYLOAD_TYPE, [manifest.submitter]);
  return { id: await contentId(payload), manifest };
}

/** How the job `id`, whose manifest is given, is run by `node` from `started` on. */
export async function invocationOf(manifest: Manifest, id: string, node: string, started: Date): Promise<Invocation> {
  const { entry, args, env, limits, deterministic } = manifest;
  const moment = new Uint8Array(8);
  new DataView(moment.buffer).setBigUint64(0, BigInt(started.getTime()), true);
  const own = deterministic ? new Uint8Array() : concat(nodeKey(node), moment);
  const seed = toHex(await sha256(concat(utf8("formix/job-seed/1\0"), contentDigest(id), own)));
  return { entry, args, env, limits, clock: deterministic ? manifest.created : started, seed };
}

/** Whether two are the same. */
export function isSameInvocation(a: Invocation, b: Invocation): boolean {
  const text = ({ entry, args, env, limits, clock, seed }: Invocation) =>
    JSON.stringify([entry, args, Object.entries(env).sort(), Object.entries(limits).sort(), clock, seed]);
  return text(a) === text(b);
}

/** The SHA-256 of some bytes of a manifest; `undefined` of outputs, which are not known before their jobs have ended. */
export async function blobDigest(blob: Blob): Promise<Bytes | undefined> {
  if ("inline" in blob) return sha256(fromBase64(blob.inline, "inline bytes"));
  return "id" in blob ? contentDigest(blob.id) : undefined;
}

/** Answers that must agree for a result without a judge. */
export function agreeingMin({ quorum, replicas }: Manifest): number {
  return quorum === "unanimous" ? replicas : Math.floor(replicas / 2) + 1;
}

/**
 * A signed manifest, made now.
 *
 * @throws InvalidJob a field is not acceptable.
 */
export async function buildManifest(
  identity: Identity,
  module: Blob,
  input: Blob,
  args: readonly string[],
  options: JobOptions,
): Promise<Envelope> {
  const now = Date.now();
  const { name = "job", deadline = 3_600_000 } = options;
  const nonce = toHex(crypto.getRandomValues(new Uint8Array(16)));
  const end = typeof deadline === "number" ? new Date(now + deadline) : deadline;
  if (Number.isNaN(end.getTime())) throw new InvalidJob("`deadline` is no moment");
  const fields = {
    version: 1,
    name,
    submitter: identity.id,
    module,
    input,
    entry: options.entry ?? "_start",
    args: [name, ...args],
    env: options.env ?? {},
    limits: options.limits ?? {},
    replicas: options.replicas ?? 1,
    quorum: options.quorum ?? "majority",
    constraints: {
      kinds: options.kinds ?? [],
      nodes: options.nodes ?? [],
      except: options.notNodes ?? [],
      agreed_min: options.agreedMin ?? 0,
    },
    created: new Date(now).toISOString(),
    deadline: end.toISOString(),
    priority: options.priority ?? 0,
    deterministic: options.deterministic ?? true,
    nonce,
  };
  const payload = utf8(JSON.stringify(fields));
  try {
    // What was written counts: a text that is no UTF-8 would be another.
    readManifest(parse(payload, "a manifest"));
  } catch (error) {
    throw error instanceof DocumentError ? new InvalidJob(error.message.replace(/^not a manifest: /, "")) : error;
  }
  if (payload.length > PAYLOAD_BYTES_MAX) {
    throw new InvalidJob(`a manifest of ${payload.length} bytes; at most ${PAYLOAD_BYTES_MAX} are read: move some into the input`);
  }
  return identity.sign(PAYLOAD_TYPE, payload);
}

/** Whether bytes are what a manifest names so. */
export function isModule(data: Uint8Array): boolean {
  return equal(data.subarray(0, 4), Uint8Array.of(0x00, 0x61, 0x73, 0x6d));
}
