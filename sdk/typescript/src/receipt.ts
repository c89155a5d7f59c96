// Receipts of jobs: what a node says that a guest's run gave, verified here and offline.
//
// A receipt is an in-toto Statement v1 in a DSSE envelope. Its node's signature makes it that node's word: evidence against it where
// it is false, and no proof that it is true. Who has module and input can run the job again: `formix receipt verify --rerun`.

import { contentIdOf, fromHex, sha256, toHex, utf8 } from "./bytes.js";
import { Envelope, type EnvelopeJson } from "./documents.js";
import { DocumentError, VerificationError } from "./errors.js";
import { Place, parse } from "./json.js";
import { type Invocation, type Manifest, blobDigest, invocationOf, isSameInvocation, node, openManifest, readLimits, readWords } from "./manifest.js";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE = "https://github.com/formix/formix/receipt/v1";
/** Longest payload of a receipt, in bytes. */
const PAYLOAD_BYTES_MAX = 128 * 1024;
/** Longest words about a failure, in bytes. */
const WORDS_BYTES_MAX = 1_024;
const CODE = /^[a-z0-9./-]{1,64}$/;
const HEX32 = /^[0-9a-f]{64}$/;

/** Why a guest did not exit by itself. */
export interface Failure {
  /** What programs compare, such as `out-of-fuel`. */
  readonly code: string;
  /** What a person reads. */
  readonly words: string;
}

/** How a run ended: by itself with an exit code, of which 0 alone is a success; by a trap or a limit; or it was never started. */
export type Ending = { readonly exit: number } | { readonly trap: Failure } | { readonly rejected: Failure };

/** What programs compare of an ending: `exit 0`, `trap out-of-fuel`. */
export function endingCode(ending: Ending): string {
  if ("exit" in ending) return `exit ${ending.exit}`;
  return "trap" in ending ? `trap ${ending.trap.code}` : `rejected ${ending.rejected.code}`;
}

/** An ending in words. */
export function endingWords(ending: Ending): string {
  if ("exit" in ending) return ending.exit === 0 ? "done" : `the guest ended with exit code ${ending.exit}`;
  const failure = "trap" in ending ? ending.trap : ending.rejected;
  return `${"rejected" in ending ? "rejected: " : ""}${failure.words} (${failure.code})`;
}

/** A verified receipt. Content ids are those that `formix` prints, `bafkrei…`; times are the node's own. */
export interface Receipt {
  /** Which job: the content id of the manifest's payload. */
  readonly job: string;
  /** Who submitted it. */
  readonly submitter: string;
  /** Who ran it, and signed. */
  readonly node: string;
  /** Whose signatures stand under it as well: heavy nodes that took the receipt from its node. */
  readonly witnesses: readonly string[];
  /** SHA-256 of the module, in hexadecimal digits; so are the next three. */
  readonly module: string;
  /** Of what the guest could read from standard input. */
  readonly stdin: string;
  /** Of what it wrote to standard output. */
  readonly stdout: string;
  /** Of what it wrote to standard error. */
  readonly stderr: string;
  /** How it was run. */
  readonly invocation: Invocation;
  /** How it ended. */
  readonly ending: Ending;
  /** Whether the guest did what it was meant to, by its own word: exit code 0. */
  readonly succeeded: boolean;
  /** Fuel used. */
  readonly fuel: number;
  /** By which count. */
  readonly gasSchedule: string;
  /** The most bytes that its memory had. */
  readonly memoryPeakBytes: number;
  /** Microseconds that the run took. */
  readonly wallUs: number;
  /** Microseconds of processor time, where the node could tell. */
  readonly cpuUs?: number;
  /** When the run began. */
  readonly started: Date;
  /** When it ended. */
  readonly ended: Date;
}

/** A document as it comes: read, as text or as bytes. */
export type Document = Envelope | EnvelopeJson | Uint8Array | string;

/** What a receipt is held against. */
export interface Against {
  /** Who must have run the job. */
  readonly node?: string;
  /** Who must have witnessed it; `true` where anybody's word will do. */
  readonly witness?: string | true;
  /** The signed manifest that it must be about, and must have been run by. */
  readonly manifest?: Document;
  /** The module that must have been run. */
  readonly module?: Uint8Array;
  /** What the guest must have been given. */
  readonly stdin?: Uint8Array;
  /** What it must have written to standard output. */
  readonly stdout?: Uint8Array;
  /** What it must have written to standard error. */
  readonly stderr?: Uint8Array;
}

/** How a run ended, at a place. */
export function readEnding(place: Place): Ending {
  const { exit, trap, rejected } = place.object([], ["exit", "trap", "rejected"]);
  if ([exit, trap, rejected].filter(Boolean).length !== 1) place.wrong("is one of `exit`, `trap` and `rejected`");
  if (exit) return { exit: exit.integer(0, 2 ** 32 - 1) };
  const { code, words } = (trap ?? rejected ?? place).object(["code", "words"]) as Record<"code" | "words", Place>;
  if (utf8(words.text()).length > WORDS_BYTES_MAX) words.wrong(`has more than ${WORDS_BYTES_MAX} bytes`);
  const failure = { code: code.text(CODE, "is not lower-case words joined by `-`"), words: words.text() };
  return trap ? { trap: failure } : { rejected: failure };
}

function readDigest(place: Place | undefined): string {
  const { sha256 } = (place as Place).object(["sha256"]) as Record<"sha256", Place>;
  return sha256.text(HEX32, "is not 64 lower-case hexadecimal digits");
}

const PREDICATE = ["job", "submitter", "node", "module", "input", "invocation", "ending", "fuel", "memory_peak_bytes", "wall_us", "started", "ended"] as const;

function readReceipt(value: unknown): Omit<Receipt, "witnesses"> {
  const root = new Place(value, "", "not a receipt");
  const statement = root.object(["_type", "subject", "predicateType", "predicate"]) as Record<"_type" | "subject" | "predicateType" | "predicate", Place>;
  if (statement._type.value !== STATEMENT_TYPE) statement._type.wrong(`must be ${STATEMENT_TYPE}`);
  if (statement.predicateType.value !== PREDICATE_TYPE) statement.predicateType.wrong(`must be ${PREDICATE_TYPE}`);
  const subjects = statement.subject.list(2).map((each) => each.object(["name", "digest"]));
  if (subjects.length !== 2 || subjects[0]?.["name"]?.value !== "stdout" || subjects[1]?.["name"]?.value !== "stderr") {
    statement.subject.wrong("must be `stdout` and `stderr`");
  }
  const run = statement.predicate.object(PREDICATE, ["cpu_us"]) as Record<(typeof PREDICATE)[number], Place> & { cpu_us?: Place };
  const invoked = run.invocation.object(["entry", "args", "env", "limits", "clock", "seed"]) as Record<"limits" | "clock" | "seed", Place>;
  const fuel = run.fuel.object(["used", "schedule"]) as Record<"used" | "schedule", Place>;
  const count = (place: Place) => place.integer(0, Number.MAX_SAFE_INTEGER);
  const ending = readEnding(run.ending);
  const started = run.started.moment();
  const ended = run.ended.moment();
  if (ended < started) run.ended.wrong("is before `started`");
  return {
    job: contentIdOf(fromHex(readDigest(run.job))),
    submitter: node(run.submitter),
    node: node(run.node),
    module: readDigest(run.module),
    stdin: readDigest(run.input),
    stdout: readDigest(subjects[0]?.["digest"]),
    stderr: readDigest(subjects[1]?.["digest"]),
    invocation: {
      ...readWords(invoked),
      limits: readLimits(invoked.limits),
      clock: invoked.clock.moment(),
      seed: invoked.seed.text(HEX32, "is not 64 lower-case hexadecimal digits"),
    },
    ending,
    succeeded: "exit" in ending && ending.exit === 0,
    fuel: count(fuel.used),
    gasSchedule: fuel.schedule.text(CODE, "is not lower-case words joined by `-`"),
    memoryPeakBytes: count(run.memory_peak_bytes),
    wallUs: count(run.wall_us),
    // `null` says the same as nothing.
    ...(run.cpu_us && run.cpu_us.value !== null ? { cpuUs: count(run.cpu_us) } : {}),
    started,
    ended,
  };
}

/**
 * Checks every signature of a receipt, and that it speaks of what it is held against. Nothing is asked of anybody.
 *
 * @throws DocumentError it is no receipt.
 * @throws VerificationError a signature is missing or does not hold, or the receipt speaks of something else.
 */
export async function verifyReceipt(document: Document, against: Against = {}): Promise<Receipt> {
  const envelope = Envelope.from(document);
  const payload = await envelope.verify(PAYLOAD_TYPE, []);
  if (payload.length > PAYLOAD_BYTES_MAX) {
    throw new DocumentError(`a receipt of ${payload.length} bytes; at most ${PAYLOAD_BYTES_MAX} are read`);
  }
  const read = readReceipt(parse(payload, "a receipt"));
  const signers = envelope.signatures.map((signature) => signature.keyid);
  await envelope.verify(PAYLOAD_TYPE, [read.node, ...signers]);
  const receipt: Receipt = { ...read, witnesses: signers.filter((signer) => signer !== read.node) };
  const { node, witness, manifest } = against;
  if (node !== undefined && node !== receipt.node) throw new VerificationError(`the receipt is of ${receipt.node}, not of ${node}`);
  if (witness === true && receipt.witnesses.length === 0) throw new VerificationError("no witness has signed");
  if (typeof witness === "string" && !receipt.witnesses.includes(witness)) throw new VerificationError(`${witness} has not witnessed it`);
  for (const name of ["module", "stdin", "stdout", "stderr"] as const) {
    const data = against[name];
    if (data && toHex(await sha256(new Uint8Array(data))) !== receipt[name]) {
      throw new VerificationError(`the ${name} given is not that of this receipt`);
    }
  }
  if (manifest !== undefined) {
    const opened = await openManifest(Envelope.from(manifest));
    await checkFollows(receipt, opened.id, opened.manifest);
  }
  return receipt;
}

async function checkFollows(receipt: Receipt, id: string, manifest: Manifest): Promise<void> {
  const [module, input] = await Promise.all([blobDigest(manifest.module), blobDigest(manifest.input)]);
  const invocation = await invocationOf(manifest, id, receipt.node, receipt.started);
  const fields: [string, boolean][] = [
    ["predicate.job", receipt.job === id],
    ["predicate.submitter", receipt.submitter === manifest.submitter],
    ["predicate.module", module !== undefined && receipt.module === toHex(module)],
    ["predicate.input", input === undefined || receipt.stdin === toHex(input)],
    ["predicate.invocation", isSameInvocation(receipt.invocation, invocation)],
    ["predicate.fuel.used", receipt.fuel <= manifest.limits.fuel],
    ["predicate.memory_peak_bytes", receipt.memoryPeakBytes <= manifest.limits.memory_bytes],
  ];
  const other = fields.find(([, same]) => !same);
  if (other) throw new VerificationError(`the receipt is about another job: \`${other[0]}\` is another than the manifest asks for`);
}

/** What the replicas of a deterministic job agree about: ending, standard output, standard error, fuel. */
export function claimOf({ ending, stdout, stderr, fuel }: Pick<Receipt, "ending" | "stdout" | "stderr" | "fuel">): string {
  return [endingCode(ending), stdout, stderr, fuel].join(" ");
}
