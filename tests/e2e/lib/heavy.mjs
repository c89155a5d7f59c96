// A heavy node's HTTP interface, as a stranger's program uses it.

import { within } from "./processes.mjs";

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

  /** Its server-sent events, as `{ event, data }`, from now until the caller stops reading. */
  async *events(signal) {
    const response = await fetch(new URL("/api/v1/events", this.url), { signal });
    let text = "";
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      const messages = text.split(/\r?\n\r?\n/);
      text = messages.pop();
      for (const message of messages) {
        const fields = {};
        for (const line of message.split(/\r?\n/)) {
          const [, name, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
          if (name) fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
        }
        if (fields.data !== undefined) yield { event: fields.event ?? "message", data: JSON.parse(fields.data) };
      }
    }
  }

  /** Follows one computation until `reached` gives something for it. */
  async follow(id, limitMs, what, reached) {
    const stop = new AbortController();
    const look = async () => {
      // Subscribed before it is asked for, so that nothing falls between.
      const events = this.events(stop.signal);
      const first = events.next();
      const now = await this.get(`/computations/${id}`).catch(() => null);
      const already = now && reached(now);
      if (already) {
        first.catch(() => {});
        return already;
      }
      for (let next = await first; !next.done; next = await events.next()) {
        const { event, data } = next.value;
        const found = event === "computation" && data.id === id && reached(data);
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

  /** The signed documents of a computation that has ended with `kind`, or at all. */
  async documents(id) {
    return this.get(`/computations/${id}/documents`);
  }
}
