// A heavy node's HTTP interface, as a stranger's program uses it.

import { within } from "./processes.mjs";

/** The messages of an event stream (WHATWG HTML, "Server-sent events"). */
async function* messages(body) {
  let text = "";
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    text += part;
    const whole = text.split(/\r?\n\r?\n/);
    text = whole.pop();
    for (const message of whole) {
      const fields = {};
      for (const line of message.split(/\r?\n/)) {
        const [, name, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
        if (name) fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
      }
      if (fields.data !== undefined) yield { event: fields.event ?? "message", data: JSON.parse(fields.data) };
    }
  }
}

/** The heavy node at `url`. */
export class HeavyHttp {
  constructor(url) {
    this.url = url;
  }

  /** What stands at a path below `/api/v1`. */
  async get(path) {
    const response = await fetch(new URL(`/api/v1${path}`, this.url), { signal: AbortSignal.timeout(15_000) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Subscribes to its server-sent events; gives them as `{ event, data }` until `signal`. */
  async events(signal) {
    const response = await fetch(new URL("/api/v1/events", this.url), { signal });
    if (!response.ok) throw new Error(`events: ${response.status} ${await response.text()}`);
    return messages(response.body);
  }

  /** The signed documents of a computation. */
  documents(id) {
    return this.get(`/computations/${id}/documents`);
  }

  /**
   * Follows what `path` gives, and what events of one name tell of the same thing from then on, until `reached` gives
   * something for it.
   */
  async until(path, event, limitMs, what, reached, same = () => true) {
    const stop = new AbortController();
    const look = async () => {
      // Subscribed before it is asked for, so that nothing falls between.
      const events = await this.events(stop.signal);
      const now = await this.get(path).catch(() => null);
      const already = now && reached(now);
      if (already) return already;
      for await (const told of events) {
        const found = told.event === event && same(told.data) && reached(told.data);
        if (found) return found;
      }
      throw new Error(`${this.url} ended its events`);
    };
    try {
      return await within(limitMs, what, look());
    } finally {
      stop.abort();
    }
  }

  /** Follows one computation until `reached` gives something for it. */
  follow(id, limitMs, what, reached) {
    return this.until(`/computations/${id}`, "computation", limitMs, what, reached, (view) => view.id === id);
  }
}
