// A heavy node's HTTP interface: requests, problem documents, server-sent events.
//
// Bounds: an answer has at most ANSWER_BYTES_MAX bytes, an event EVENT_LENGTH_MAX letters.

import { type Bytes, concat } from "./bytes.js";
import { FormixError, ProblemError, UnknownJob, Unreachable, isPassing } from "./errors.js";

/** Longest answer that is read, in bytes: what a guest may write. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Longest event that is read, in letters. */
const EVENT_LENGTH_MAX = 4 * 1024 * 1024;
/** A heavy node's stream says something at least every 15 seconds, if only that it lives. */
const QUIET_MS = 45_000;
/** Milliseconds between attempts, at first and at most. */
const PAUSE_MS = [250, 10_000] as const;
const ATTEMPTS = 5;

/** What a request is sent with. */
export interface Sent {
  readonly method?: string;
  readonly body?: Bytes;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** An event's name and data. */
export interface Message {
  readonly event: string;
  readonly data: string;
}

/** Waits, unless it is told to stop. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Asks until it is answered, a few times; what is asked so must be the same twice as once. */
export async function patiently<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1, wait: number = PAUSE_MS[0]; ; attempt++, wait *= 2) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(error)) throw error;
      const wanted = error instanceof ProblemError ? error.retryAfter : undefined;
      await pause(Math.min(wanted ?? wait, PAUSE_MS[1]), signal);
    }
  }
}

/** One heavy node's HTTP interface. */
export class Api {
  /** Its address, with scheme and without a trailing slash. */
  readonly url: string;

  constructor(
    url: string,
    private readonly timeoutMs: number,
    private readonly fetching: typeof fetch,
  ) {
    const full = url.includes("://") ? url : `http://${url}`;
    if (!URL.canParse(full) || !/^https?:/.test(full)) throw new FormixError(`\`${url}\` is not a heavy node's HTTP address, such as \`http://127.0.0.1:4800\``);
    const { origin, pathname } = new URL(full);
    this.url = origin + pathname.replace(/\/+$/, "");
  }

  /** What stands at a path below `/api/v1`, as bytes. */
  async read(path: string, sent: Sent = {}): Promise<Bytes> {
    const url = `${this.url}/api/v1${path}`;
    const { response, done } = await this.open(url, sent, this.timeoutMs);
    try {
      const body = await take(response, url);
      if (!response.ok) throw problem(url, response, body);
      return body;
    } finally {
      done();
    }
  }

  /** What stands at a path below `/api/v1`, as JSON. */
  async json(path: string, sent: Sent = {}): Promise<unknown> {
    const body = await this.read(path, sent);
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    } catch {
      throw new Unreachable(`${this.url}/api/v1${path}`, "does not answer like a heavy node: not JSON");
    }
  }

  /** How many bytes of what belongs at a path the node has; `undefined` where it has all. */
  async held(path: string, signal?: AbortSignal): Promise<number | undefined> {
    const url = `${this.url}/api/v1${path}`;
    const { response, done } = await this.open(url, { method: "HEAD", signal }, this.timeoutMs);
    done();
    if (response.ok) return undefined;
    if (response.status !== 404) throw problem(url, response, new Uint8Array());
    const offset = Number(response.headers.get("upload-offset") ?? 0);
    return Number.isSafeInteger(offset) && offset > 0 ? offset : 0;
  }

  /** The node's server-sent events, until they are closed; `query` narrows them, as in `?job=ID`. They begin once the node has taken the listener. */
  async events(query: string, signal?: AbortSignal): Promise<{ messages: AsyncGenerator<Message, void>; close: () => void }> {
    const url = `${this.url}/api/v1/events${query}`;
    const { response, done, alive } = await this.open(url, { signal, headers: { accept: "text/event-stream" } }, QUIET_MS);
    if (!response.ok || !response.body) {
      const body = await take(response, url).finally(done);
      throw problem(url, response, body);
    }
    return { messages: messages(pieces(response.body, url, alive)), close: done };
  }

  private async open(url: string, sent: Sent, patienceMs: number) {
    const stop = new AbortController();
    const late = () => stop.abort(new Unreachable(url, "no answer in time"));
    let timer = setTimeout(late, patienceMs);
    const told = () => stop.abort(sent.signal?.reason);
    sent.signal?.addEventListener("abort", told, { once: true });
    if (sent.signal?.aborted) told();
    const done = () => {
      clearTimeout(timer);
      sent.signal?.removeEventListener("abort", told);
      stop.abort();
    };
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(late, patienceMs);
    };
    const { signal: _, ...rest } = sent;
    try {
      const response = await this.fetching(url, { ...rest, signal: stop.signal, cache: "no-store" });
      return { response, done, alive };
    } catch (error) {
      done();
      throw broken(url, error, sent.signal);
    }
  }
}

/** What a broken connection means; an abort that the caller asked for stays what it is. */
function broken(url: string, error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted || error instanceof FormixError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
  return new Unreachable(url, cause || (error instanceof Error ? error.message : String(error)));
}

async function take(response: Response, url: string): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let size = 0;
  if (response.body) {
    for await (const part of pieces(response.body, url)) {
      size += part.length;
      if (size > ANSWER_BYTES_MAX) throw new Unreachable(url, `answers with more than ${ANSWER_BYTES_MAX} bytes`);
      parts.push(part);
    }
  }
  return concat(...parts);
}

/** A body's pieces, in engines too whose streams do not iterate. */
async function* pieces(body: ReadableStream<Uint8Array>, url: string, alive?: () => void): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive?.();
      yield value;
    }
  } catch (error) {
    throw error instanceof DOMException && error.name === "AbortError" ? error : broken(url, error);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The error that a problem document means (RFC 9457). */
function problem(url: string, response: Response, body: Uint8Array): ProblemError {
  let detail: unknown;
  try {
    detail = (JSON.parse(new TextDecoder().decode(body)) as { detail?: unknown } | null)?.detail;
  } catch {
    // No problem document: the status says it all.
  }
  const after = response.headers.get("retry-after") ?? "";
  const retryAfter = /^\d{1,6}$/.test(after) ? 1_000 * Number(after) : undefined;
  const kind = response.status === 404 && (url.includes("/jobs/") || url.includes("?job=")) ? UnknownJob : ProblemError;
  return new kind(url, response.status, typeof detail === "string" ? detail : "without a reason", retryAfter);
}

/** The messages of an event stream (WHATWG HTML, "Server-sent events"). */
export async function* messages(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Message, void> {
  const decoder = new TextDecoder();
  let [event, data, rest, held]: [string, string[], string, number] = ["", [], "", 0];
  for await (const part of parts) {
    // A line may end in CR, LF or both; a CR at the end of a part may be half of both.
    const lines = (rest + decoder.decode(part, { stream: true })).split(/\r\n|\r(?!$)|\n/);
    rest = lines.pop() ?? "";
    if (rest.length + held > EVENT_LENGTH_MAX) throw new Unreachable("the stream", `an event of more than ${EVENT_LENGTH_MAX} letters`);
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { event: event || "message", data: data.join("\n") };
        [event, data, held] = ["", [], 0];
        continue;
      }
      const [, field, text = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "event") event = text;
      else if (field === "data") {
        data.push(text);
        held += text.length;
      }
    }
  }
}
