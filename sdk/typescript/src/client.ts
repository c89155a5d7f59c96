// A heavy node that takes jobs, and who submits to it.

import { type Bytes, concat, contentDigest, contentId, toBase64, utf8 } from "./bytes.js";
import { Envelope, type EnvelopeJson } from "./documents.js";
import { DocumentError, InvalidJob, ProblemError, Unreachable, VerificationError, isPassing } from "./errors.js";
import { Api, patiently } from "./http.js";
import { Identity } from "./identity.js";
import { Job, JobArray } from "./job.js";
import { type Blob, type JobOptions, buildManifest, isModule, openManifest } from "./manifest.js";
import { type JobState, type JobStatus, readStatus } from "./status.js";

/** Where a heavy node is looked for when none is named: on this machine. */
export const NETWORK = "http://127.0.0.1:4800";
/** Module and input up to this many bytes each stand in the manifest; longer ones go by content id. */
const INLINE_BYTES_MAX = 64 * 1024;
/** Bytes of one part of an upload, after which it can be taken up again. */
const PART_BYTES = 4 << 20;
/** Manifests, and bytes of manifests, that are sent at once. */
const BATCH_MAX = 1_000;
const BATCH_BYTES_MAX = 4 << 20;
const REQUEST_MS = 15_000;

/** A WASI command: its bytes, or the content id of one that the heavy node has. */
export type Module = Uint8Array | ArrayBuffer | string;
/** What a guest reads from standard input: bytes, or a text. */
export type Input = Uint8Array | string;

/** How a client speaks, and for whom. */
export interface ClientOptions {
  /** Who submits. A new identity where none is given: then nobody else, and no later program, can cancel these jobs. */
  readonly identity?: Identity | Promise<Identity>;
  /** Milliseconds that one request may take. */
  readonly timeoutMs?: number;
  /** How requests travel, for programs that bring their own. */
  readonly fetch?: typeof fetch;
}

/** What a job is given, and what it may ask for. */
export interface Submission extends JobOptions {
  /** Its arguments, without the program's name. */
  readonly args?: readonly string[];
  /** What it reads from standard input. */
  readonly input?: Input;
  /** Jobs whose standard outputs, one after the other, are its input; it waits until they have ended well. */
  readonly outputs?: readonly (Job | string)[];
  /** Ends the sending. */
  readonly signal?: AbortSignal;
}

/** What sets one job of an array apart from the others. */
export type Item = Pick<Submission, "args" | "input" | "name">;

/** What all jobs of an array have, and what reduces them. */
export interface ArraySubmission extends Omit<Submission, "outputs"> {
  /** The command whose standard input is all outputs, in the order of the items. */
  readonly reduce?: Module;
  /** Its arguments. */
  readonly reduceArgs?: readonly string[];
}

/** Some bytes of a job: as its manifest names them, and themselves where they have to be sent before it. */
interface Source {
  readonly blob: Blob;
  readonly data?: Bytes;
}

/** A heavy node that takes jobs, and who submits to it. */
export class Client {
  /** The heavy node's HTTP interface. */
  readonly api: Api;
  private who: Promise<Identity> | undefined;

  /** Names a heavy node by its HTTP address; nothing is sent yet. */
  constructor(url: string = NETWORK, { identity, timeoutMs = REQUEST_MS, fetch: fetching = (...given) => fetch(...given) }: ClientOptions = {}) {
    this.api = new Api(url, timeoutMs, fetching);
    this.who = identity === undefined ? undefined : Promise.resolve(identity);
  }

  /** The heavy node's address. */
  get url(): string {
    return this.api.url;
  }

  /** Who submits. */
  identity(): Promise<Identity> {
    this.who ??= Identity.generate();
    return this.who;
  }

  /**
   * Submits a job: a WASI command that other nodes run in their sandbox.
   *
   * @throws InvalidJob it is not acceptable, as found here or by the heavy node; the words name the field.
   * @throws Unreachable the heavy node does not answer.
   * @throws ProblemError it has no room.
   */
  async submit(module: Module, submission: Submission = {}): Promise<Job> {
    const source = await moduleSource(module);
    const given = await inputSource(submission.input, submission.outputs);
    const job = await this.build(source, given, submission);
    await this.send([source, given], [job], submission.signal);
    return job;
  }

  /**
   * Submits many jobs of one module and, with `reduce`, one that gets all their outputs. All are signed at once; the heavy node needs
   * nobody afterwards.
   *
   * @throws InvalidJob one is not acceptable; and the others of `submit`.
   */
  async submitMany(module: Module, items: readonly Item[], submission: ArraySubmission = {}): Promise<JobArray> {
    const { reduce, reduceArgs = [], input, args = [], signal, ...options } = submission;
    const source = await moduleSource(module);
    const common = await inputSource(input);
    const sources = [source, common];
    const jobs: Job[] = [];
    for (const item of items) {
      const own = item.input === undefined ? common : await inputSource(item.input);
      jobs.push(await this.build(source, own, { ...options, args, ...item }));
      sources.push(own);
    }
    let reducing: Job | undefined;
    if (reduce !== undefined) {
      const last = await moduleSource(reduce);
      reducing = await this.build(last, await inputSource(undefined, jobs), { ...options, args: reduceArgs });
      sources.push(last);
    }
    // The reducing one comes last: the heavy node knows the others by then.
    await this.send(sources, reducing ? [...jobs, reducing] : jobs, signal);
    return new JobArray(this, jobs, reducing);
  }

  private async build(module: Source, input: Source, { args = [], ...options }: Submission): Promise<Job> {
    const envelope = await buildManifest(await this.identity(), module.blob, input.blob, args, options);
    const { id, manifest } = await openManifest(envelope);
    return new Job(this, id, manifest, envelope);
  }

  private async send(sources: readonly Source[], jobs: readonly Job[], signal?: AbortSignal): Promise<void> {
    // What several share goes once.
    for (const data of new Set(sources.flatMap(({ data }) => (data ? [data] : [])))) await this.upload(data, signal);
    let batch: { job: Job; line: Bytes }[] = [];
    let size = 0;
    for (const job of jobs) {
      const line = utf8(`${JSON.stringify(job.envelope)}\n`);
      if (batch.length === BATCH_MAX || (batch.length > 0 && size + line.length > BATCH_BYTES_MAX)) {
        await this.sendLines(batch, signal);
        [batch, size] = [[], 0];
      }
      batch.push({ job, line });
      size += line.length;
    }
    if (batch.length > 0) await this.sendLines(batch, signal);
  }

  /** Sends bytes that the heavy node lacks, from where an earlier attempt broke off. */
  private async upload(data: Bytes, signal?: AbortSignal): Promise<void> {
    const path = `/blobs/${await contentId(data)}`;
    await patiently(async () => {
      for (let offset = await this.api.held(path, signal); offset !== undefined && offset < data.length; ) {
        const body = data.subarray(offset, offset + PART_BYTES);
        const end = offset + body.length;
        const range = body.length < data.length ? { "content-range": `bytes ${offset}-${end - 1}/${data.length}` } : {};
        await this.api.read(path, { method: "PUT", body, headers: { "content-type": "application/octet-stream", ...range }, signal });
        offset = end;
      }
    }, signal);
  }

  /**
   * Sends manifests; those that the heavy node has no room for yet, again, for as long as it takes some. One that comes twice is one job, so
   * that an answer that was lost is asked for again.
   */
  private async sendLines(batch: readonly { job: Job; line: Bytes }[], signal?: AbortSignal): Promise<void> {
    let waiting = batch;
    const goOn = async () => {
      const body = concat(...waiting.map(({ line }) => line));
      const text = await this.api.read("/jobs", { method: "POST", body, headers: { "content-type": "application/x-ndjson" }, signal });
      const answers = new TextDecoder().decode(text).split("\n").filter(Boolean);
      if (answers.length !== waiting.length) throw new Unreachable(this.url, `answers ${waiting.length} jobs with ${answers.length} lines`);
      let passing: ProblemError | undefined;
      waiting = waiting.filter(({ job }, at) => {
        const answer = readAnswer(answers[at] ?? "", this.url);
        if (!answer.error) {
          if (answer.id !== job.id) throw new Unreachable(this.url, "answers with the id of another job");
          return false;
        }
        const { status = 500, detail = "without a reason", retry_after_s: after } = answer.error;
        const error = new ProblemError(`${this.url}/api/v1/jobs`, status, detail, after === undefined ? undefined : 1_000 * after);
        if (!isPassing(error)) throw status === 422 ? new InvalidJob(detail) : error;
        passing = error;
        return true;
      });
      if (passing) throw passing;
    };
    while (waiting.length > 0) {
      const before = waiting.length;
      try {
        await patiently(goOn, signal);
      } catch (error) {
        if (!(error instanceof ProblemError) || !isPassing(error) || waiting.length === before) throw error;
      }
    }
  }

  /**
   * A job that somebody submitted, by its id.
   *
   * @throws UnknownJob the heavy node knows none of this id.
   * @throws VerificationError what it gives is not signed by its submitter, or is another.
   */
  async job(id: string, signal?: AbortSignal): Promise<Job> {
    contentDigest(id);
    const envelope = Envelope.from((await this.api.json(`/jobs/${id}/manifest`, { signal })) as EnvelopeJson);
    const opened = await openManifest(envelope);
    if (opened.id !== id) throw new VerificationError(`${this.url} gives another job, ${opened.id}`);
    return new Job(this, id, opened.manifest, envelope);
  }

  /** Jobs as the heavy node shows them, at most `limit`. */
  async jobs(wanted: { submitter?: string; state?: JobState; limit?: number; signal?: AbortSignal } = {}): Promise<JobStatus[]> {
    const { signal, ...given } = wanted;
    const query = new URLSearchParams(Object.entries({ limit: 100, ...given }).map(([name, value]) => [name, String(value)]));
    const page = (await this.api.json(`/jobs?${query.toString()}`, { signal })) as { jobs?: unknown } | null;
    if (!Array.isArray(page?.jobs)) throw new Unreachable(this.url, "does not list its jobs");
    return page.jobs.map(readStatus);
  }

  /** The nodes that run jobs for the heavy node, as it shows them. */
  async workers(signal?: AbortSignal): Promise<Record<string, unknown>[]> {
    const listed = await this.api.json("/workers", { signal });
    if (!Array.isArray(listed)) throw new Unreachable(this.url, "does not list its workers");
    return listed as Record<string, unknown>[];
  }
}

function readAnswer(text: string, url: string): { id?: string; error?: { status?: number; detail?: string; retry_after_s?: number } } {
  try {
    return JSON.parse(text) as { id?: string };
  } catch {
    throw new Unreachable(url, "does not answer like a heavy node: not JSON");
  }
}

async function sourceOf(data: Bytes): Promise<Source> {
  if (data.length <= INLINE_BYTES_MAX) return { blob: { inline: toBase64(data) } };
  return { blob: { id: await contentId(data) }, data };
}

async function moduleSource(module: Module): Promise<Source> {
  if (typeof module === "string") {
    try {
      contentDigest(module);
    } catch (error) {
      throw error instanceof DocumentError ? new InvalidJob(`\`module\`: ${error.message}; a file's bytes are given as \`Uint8Array\``) : error;
    }
    return { blob: { id: module } };
  }
  const data = new Uint8Array(module);
  if (!isModule(data)) throw new InvalidJob("`module`: no WebAssembly module: it does not begin with `\\0asm`");
  return sourceOf(data);
}

async function inputSource(input?: Input, outputs?: readonly (Job | string)[]): Promise<Source> {
  if (outputs) return { blob: { outputs: outputs.map((job) => (typeof job === "string" ? job : job.id)) } };
  return sourceOf(typeof input === "string" ? utf8(input) : new Uint8Array(input ?? []));
}
