// Jobs under way: WASI commands that other nodes run, whose receipts are verified here.
//
// A heavy node is believed about nothing but how a job stands meanwhile. What it hands out in the end counts only with receipts that the
// job's nodes signed, that follow from the manifest that was signed here, and that speak of the very bytes received.

import { type Bytes, concat, contentDigest, sha256, toHex, utf8 } from "./bytes.js";
import type { Client } from "./client.js";
import { Envelope, type EnvelopeJson } from "./documents.js";
import { FormixError, JobEnded, JobFailed, ProblemError, ResultTimeout, Unreachable, VerificationError, isPassing } from "./errors.js";
import { patiently, pause } from "./http.js";
import { type Manifest, agreeingMin } from "./manifest.js";
import { type Ending, type Receipt, claimOf, endingWords, verifyReceipt } from "./receipt.js";
import { type ArrayStatus, type JobStatus, type Why, arrayStatus, arrayWords, readStatus, readWhy, statusWords } from "./status.js";

/** Media type of a cancellation's payload. */
const CANCEL_TYPE = "application/vnd.formix.job-cancel+json";
/** So long is waited for an end that is overdue: clocks may differ, and a heavy node may be starting again. */
const OVERDUE_MS = 60_000;
/** So long an ended job's documents may take to come. */
const FETCH_MS = 60_000;
/** Most receipts of one job that are read: of its replicas, of those that ran it in others' place, of a judge. */
const RECEIPTS_MAX = 64;
/** Between attempts to reach a heavy node, and between looks at an array: at first and at most. */
const PAUSE_MS = [250, 5_000] as const;
const LOOK_MS = [200, 2_000] as const;
const PAGE = 200;

/** How long to wait for a result, and what to tell meanwhile. */
export interface Waiting<S> {
  /** Milliseconds to wait at most; without it, a minute longer than the deadline. */
  readonly timeoutMs?: number;
  /** Ends the waiting, and not the job. */
  readonly signal?: AbortSignal;
  /** Called with how it stands, now and whenever that changes. */
  readonly progress?: (status: S) => void;
  /** The heavy node that must have witnessed each receipt; `true` where anybody's word will do. */
  readonly witness?: string | true;
}

/** What a job gave, as its nodes signed it. Every receipt was verified here, and speaks of these very bytes. */
export interface JobResult {
  /** The job's id. */
  readonly job: string;
  /** How it ended. */
  readonly ending: Ending;
  /** What the guest wrote to standard output. */
  readonly stdout: Bytes;
  /** What it wrote to standard error. */
  readonly stderr: Bytes;
  /** Standard output as text; what is no UTF-8 is replaced. */
  readonly text: string;
  /** Fuel that one run used. */
  readonly fuel: number;
  /** The verified receipts that agree about it. */
  readonly receipts: readonly Receipt[];
  /** Those of nodes that say otherwise. */
  readonly dissenting: readonly Receipt[];
  /** All receipts as they were signed, to keep and to show to others: `verifyReceipt`. */
  readonly documents: readonly Envelope[];
  /** Whether a heavy node ran it again to decide. */
  readonly judged: boolean;
}

/** A job under way. */
export class Job {
  private trouble: string | undefined;

  constructor(
    private readonly client: Client,
    /** The job's id: the content id of its manifest. */
    readonly id: string,
    /** What it asks for. */
    readonly manifest: Manifest,
    /** The signed manifest. */
    readonly envelope: Envelope,
  ) {}

  /** How it stands at the heavy node now. */
  async status(signal?: AbortSignal): Promise<JobStatus> {
    const status = readStatus(await this.client.api.json(`/jobs/${this.id}`, { signal }));
    if (status.id !== this.id) throw new Unreachable(this.client.url, "answers with another job");
    return status;
  }

  /** Why it is not running: what keeps each node that the heavy node knows from it. */
  async why(signal?: AbortSignal): Promise<Why> {
    return readWhy(await this.client.api.json(`/jobs/${this.id}/why`, { signal }));
  }

  /**
   * How it stands: now, whenever that changes, and lastly once it has ended. A heavy node that does not answer for a while is asked
   * again; what it holds is durable.
   *
   * @throws UnknownJob the heavy node does not know it.
   */
  async *events(signal?: AbortSignal): AsyncGenerator<JobStatus, void> {
    let last = "";
    for (let wait: number = PAUSE_MS[0]; ; wait = Math.min(2 * wait, PAUSE_MS[1])) {
      try {
        for await (const status of this.listen(signal)) {
          [wait, this.trouble] = [PAUSE_MS[0], undefined];
          const text = JSON.stringify(status);
          if (text !== last) yield status;
          last = text;
          if (status.isEnded) return;
        }
        this.trouble = "the stream of events ended";
      } catch (error) {
        if (signal?.aborted || !isPassing(error)) throw error;
        this.trouble = (error as Error).message;
      }
      await pause(wait, signal);
    }
  }

  /** Its states as one stream of events tells them; its present one alone where no stream is to be had. */
  private async *listen(signal?: AbortSignal): AsyncGenerator<JobStatus, void> {
    let stream: Awaited<ReturnType<Client["api"]["events"]>>;
    try {
      stream = await this.client.api.events(`?job=${this.id}`, signal);
    } catch (error) {
      if (!(error instanceof ProblemError) || !isPassing(error)) throw error;
      // Too many listen; who looks now and then is no burden.
      yield await this.status(signal);
      return;
    }
    try {
      // Subscribed before it is asked for, so that nothing falls between.
      yield await this.status(signal);
      for await (const { event, data } of stream.messages) {
        if (event !== "job" || !data.includes(this.id)) continue;
        const status = readStatus(JSON.parse(data));
        if (status.id === this.id) yield status;
      }
    } finally {
      stream.close();
    }
  }

  /**
   * Waits until it has ended, and gives what it wrote, with every receipt verified.
   *
   * @throws JobFailed the guest failed, as its nodes signed; what it wrote is in the error.
   * @throws JobEnded it was refused or cancelled.
   * @throws ResultTimeout it has not ended in that time. It goes on; ask again.
   * @throws VerificationError what the heavy node gave does not hold.
   */
  async result(waiting: Waiting<JobStatus> = {}): Promise<JobResult> {
    const deadlineMs = this.manifest.deadline.getTime();
    const status = await last((signal) => this.events(signal), deadlineMs, waiting, `job ${this.id}`, statusWords, () => this.trouble);
    const result = await this.conclude(status, waiting);
    if (!("exit" in result.ending) || result.ending.exit !== 0) throw new JobFailed(result, endingWords(result.ending));
    return result;
  }

  /** What an ended job gave, from its receipts. */
  private async conclude(status: JobStatus, { witness, signal }: Waiting<JobStatus>): Promise<JobResult> {
    const shown = status.result;
    if (!shown) throw new JobEnded(status, statusWords(status));
    const documents = await this.receipts(signal);
    const against = { manifest: this.envelope, ...(witness === undefined ? {} : { witness }) };
    const receipts = await Promise.all(documents.map((document) => verifyReceipt(document, against)));
    const claim = claimOf({ ...shown, stdout: toHex(contentDigest(shown.stdout)), stderr: toHex(contentDigest(shown.stderr)) });
    const agreeing = receipts.filter((receipt) => claimOf(receipt) === claim);
    const needed = shown.judged ? 1 : agreeingMin(this.manifest);
    const nodes = new Set(agreeing.map((receipt) => receipt.node)).size;
    const [first] = agreeing;
    if (!first || nodes < needed) {
      throw new VerificationError(`the result of job ${this.id} has ${nodes} receipts that agree, and needs ${needed}`);
    }
    if (agreeing.some((receipt) => receipt.stdin !== first.stdin)) {
      throw new VerificationError(`the receipts of job ${this.id} speak of different inputs`);
    }
    const [stdout, stderr] = [await this.stream("stdout", first, signal), await this.stream("stderr", first, signal)];
    return {
      job: this.id,
      ending: first.ending,
      stdout,
      stderr,
      text: new TextDecoder().decode(stdout),
      fuel: first.fuel,
      receipts: agreeing,
      dissenting: receipts.filter((receipt) => claimOf(receipt) !== claim),
      documents,
      judged: shown.judged,
    };
  }

  private async stream(name: "stdout" | "stderr", receipt: Receipt, signal?: AbortSignal): Promise<Bytes> {
    const data = await patiently(() => this.client.api.read(`/jobs/${this.id}/${name}`, { signal }), signal);
    if (toHex(await sha256(data)) !== receipt[name]) {
      throw new VerificationError(`${this.client.url} gives another ${name} of job ${this.id} than its nodes signed`);
    }
    return data;
  }

  /** The receipts that the heavy node has of it by now, as they were signed; not verified yet. */
  async receipts(signal?: AbortSignal): Promise<Envelope[]> {
    const listed = await patiently(() => this.client.api.json(`/jobs/${this.id}/receipts`, { signal }), signal);
    if (!Array.isArray(listed) || listed.length > RECEIPTS_MAX) throw new Unreachable(this.client.url, "does not list the job's receipts");
    return listed.map((each) => Envelope.from(each as EnvelopeJson));
  }

  /**
   * Tells the heavy node that it is not wanted any more, signed by its submitter.
   *
   * @throws ProblemError it has ended already, or somebody else submitted it.
   */
  async cancel(signal?: AbortSignal): Promise<void> {
    const identity = await this.client.identity();
    const envelope = await identity.sign(CANCEL_TYPE, utf8(JSON.stringify({ version: 1, job: this.id, submitter: identity.id })));
    const body = utf8(JSON.stringify(envelope));
    const headers = { "content-type": "application/json" };
    await patiently(() => this.client.api.read(`/jobs/${this.id}/cancel`, { method: "POST", body, headers, signal }), signal);
  }
}

/** The last state of something, ended; an error where it does not end in time. */
async function last<S extends { readonly isEnded: boolean }>(
  follow: (signal: AbortSignal) => AsyncGenerator<S, void>,
  deadlineMs: number,
  { timeoutMs, signal, progress }: Waiting<S>,
  what: string,
  words: (status: S) => string,
  trouble: () => string | undefined,
): Promise<S> {
  const patienceMs = timeoutMs ?? Math.max(deadlineMs + OVERDUE_MS - Date.now(), 0);
  const stop = new AbortController();
  const late = new ResultTimeout(what);
  // A timer takes at most so many milliseconds, and goes off at once for more.
  const timer = setTimeout(() => stop.abort(late), Math.min(patienceMs, 2 ** 31 - 1));
  const told = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", told, { once: true });
  if (signal?.aborted) told();
  let seen: S | undefined;
  try {
    for await (const status of follow(stop.signal)) {
      seen = status;
      progress?.(status);
      if (status.isEnded) return status;
    }
  } catch (error) {
    if (stop.signal.reason !== late) throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", told);
  }
  throw new ResultTimeout(`no result of ${what} after ${patienceMs / 1_000} s: ${trouble() ?? (seen ? words(seen) : "no answer")}`);
}

/** Jobs that were submitted together and, where wanted, one more that reduces their outputs to one. */
export class JobArray {
  constructor(
    private readonly client: Client,
    /** The jobs, in the order in which they were given. */
    readonly jobs: readonly Job[],
    /** The one whose input is all their outputs, one after the other. */
    readonly reduce?: Job,
  ) {}

  private get all(): readonly Job[] {
    return this.reduce ? [...this.jobs, this.reduce] : this.jobs;
  }

  /** How they stand at the heavy node now. */
  async status(signal?: AbortSignal): Promise<ArrayStatus> {
    const wanted = new Set(this.all.map((job) => job.id));
    const found = new Map<string, JobStatus>();
    let after = "";
    while (found.size < wanted.size) {
      const path = `/jobs?submitter=${this.all[0]?.manifest.submitter ?? ""}&limit=${PAGE}${after}`;
      const page = (await this.client.api.json(path, { signal })) as { jobs?: unknown; next?: unknown } | null;
      if (!page || !Array.isArray(page.jobs)) throw new Unreachable(this.client.url, "does not list its jobs");
      for (const status of page.jobs.map(readStatus)) if (wanted.has(status.id)) found.set(status.id, status);
      if (typeof page.next !== "string") break;
      after = `&after=${page.next}`;
    }
    // What the list has no room for is asked for one by one.
    const of = async (job: Job) => found.get(job.id) ?? (await job.status(signal));
    const jobs: JobStatus[] = [];
    for (const job of this.jobs) jobs.push(await of(job));
    return arrayStatus(jobs, this.reduce && (await of(this.reduce)));
  }

  /** How they stand: now, whenever that changes, and lastly once all have ended. */
  async *events(signal?: AbortSignal): AsyncGenerator<ArrayStatus, void> {
    let last = "";
    for (let wait: number = LOOK_MS[0]; ; wait = Math.min(1.5 * wait, LOOK_MS[1])) {
      try {
        const status = await this.status(signal);
        const text = JSON.stringify(status);
        if (text !== last) {
          [last, wait] = [text, LOOK_MS[0]];
          yield status;
        }
        if (status.isEnded) return;
      } catch (error) {
        if (signal?.aborted || !isPassing(error)) throw error;
      }
      await pause(wait, signal);
    }
  }

  /**
   * Waits until all have ended, and gives what each wrote, verified, in the order in which they were given.
   *
   * @throws JobFailed one failed; the first one that did, in that order.
   * @throws JobEnded one was refused or cancelled.
   * @throws ResultTimeout not all have ended in that time.
   * @throws VerificationError what the heavy node gave does not hold.
   */
  async results(waiting: Waiting<ArrayStatus> = {}): Promise<JobResult[]> {
    await this.ended(waiting);
    const results: JobResult[] = [];
    for (const job of this.jobs) results.push(await job.result(this.fetching(waiting)));
    return results;
  }

  /**
   * Waits until all have ended, and gives what the reducing job wrote, verified. Every job's output is fetched as well, to check that the
   * reducing one was given just these; `checkInput: false` spares that.
   *
   * @throws FormixError nothing reduces them; ask for `results`.
   * @throws JobFailed a job failed; and the others of `results`.
   */
  async result(waiting: Waiting<ArrayStatus> & { readonly checkInput?: boolean } = {}): Promise<JobResult> {
    if (!this.reduce) throw new FormixError("nothing reduces these jobs: ask for their `results()`, or submit them with `reduce`");
    const { checkInput = true } = waiting;
    const outputs = checkInput ? (await this.results(waiting)).map((result) => result.stdout) : [];
    if (!checkInput) await this.ended(waiting);
    const result = await this.reduce.result(this.fetching(waiting));
    if (checkInput && result.receipts[0]?.stdin !== toHex(await sha256(concat(...outputs)))) {
      throw new VerificationError(`job ${this.reduce.id} was given something else than the outputs of the jobs before it`);
    }
    return result;
  }

  private fetching({ signal, witness }: Waiting<ArrayStatus>): Waiting<JobStatus> {
    return { timeoutMs: FETCH_MS, ...(signal ? { signal } : {}), ...(witness === undefined ? {} : { witness }) };
  }

  private async ended(waiting: Waiting<ArrayStatus>): Promise<ArrayStatus> {
    const deadlineMs = Math.max(...this.all.map((job) => job.manifest.deadline.getTime()), 0);
    return last((signal) => this.events(signal), deadlineMs, waiting, `${this.jobs.length} jobs`, arrayWords, () => undefined);
  }

  /** Cancels those that have not ended. */
  async cancel(signal?: AbortSignal): Promise<void> {
    for (const job of this.all) if (!(await job.status(signal)).isEnded) await job.cancel(signal);
  }
}
