// A network on this machine: heavy processes, each with a home of its own as with three operators, and native light processes.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formix, page } from "./environment.mjs";
import { HeavyHttp } from "./heavy.mjs";
import { basePort } from "./ports.mjs";
import { Process, run, temporaryFolder, within } from "./processes.mjs";

/** How long a process may take until it is ready: generous, for machines that build while they test. */
const START_MS_MAX = 60_000;
/** How many processes start at a time. */
const STARTS_MAX = 4;

const parsed = (line) => (line.startsWith("{") ? JSON.parse(line) : {});
const isReady = (line) => {
  const event = parsed(line);
  return event.event === "ready" && event;
};

/** One heavy node. It keeps its home, its ports and so its addresses from start to start. */
class Heavy {
  constructor(name, folder, base, fellows, flags, program) {
    const url = `http://127.0.0.1:${base}`;
    Object.assign(this, { name, folder, base, fellows, flags, program, url, http: new HeavyHttp(url) });
  }

  /** Starts it, or starts it again. */
  async start() {
    const args = ["heavy", "--json", "--while-stdin", "--home", join(this.folder, this.name), "--port", String(this.base)];
    for (const fellow of this.fellows) args.push("--fellow", fellow);
    this.process = Process.start(this.name, this.program, [...args, "--page", page, ...this.flags], { logFolder: this.folder });
    const ready = await this.process.line(isReady, START_MS_MAX, `${this.name} to be ready`);
    this.id = ready.id;
    this.pid = ready.pid;
  }

  /** Ends it as a crash would. */
  kill() {
    return this.process.kill("SIGKILL");
  }

  /** Waits until it is connected to as many of its fellows. */
  async met(fellows) {
    const enough = (view) => view.fellows.filter((link) => link.up).length >= fellows;
    await this.http.until("/status", "peers", START_MS_MAX, `${this.name} to meet ${fellows} others`, enough);
  }

  /** Its multiaddresses, each with its id. */
  async addresses() {
    const { addresses } = await this.http.get("/status");
    return addresses.map((address) => (address.includes("/p2p/") ? address : `${address}/p2p/${this.id}`));
  }

  documents(id) {
    return this.http.documents(id);
  }
}

/** One native light node, which answers what is asked of the data that it keeps. */
class Light {
  constructor(name, process) {
    Object.assign(this, { name, process });
  }

  /** Its connections, as it told of them last. */
  links() {
    const told = this.process.lines.map(parsed).filter(({ event }) => event === "links").at(-1);
    return (told?.links ?? []).map(({ peer, up, transport }) => ({ peer, up, transport }));
  }
}

export class Network {
  /**
   * Starts `heavy` heavy nodes, each with `flags`, and waits until each is connected to all others. `programs` are what the first
   * of them run in place of `formix`.
   */
  static async start({ heavy = 3, flags = [], programs = [] } = {}) {
    const folder = temporaryFolder();
    const bases = [];
    for (let at = 0; at < heavy; at++) bases.push(await basePort());
    const urls = bases.map((base) => `http://127.0.0.1:${base}`);
    const nodes = bases.map((base, at) =>
      new Heavy(`h${at + 1}`, folder, base, urls.filter((_, other) => other !== at), flags, programs[at] ?? formix));
    const network = new Network(folder, nodes);
    try {
      await Promise.all(nodes.map((node) => node.start()));
      await Promise.all(nodes.map((node) => node.met(heavy - 1)));
    } catch (error) {
      await network.stop();
      throw error;
    }
    return network;
  }

  constructor(folder, heavy) {
    Object.assign(this, { folder, heavy, lights: [] });
  }

  /** Where a person opens the page. */
  get url() {
    return this.heavy[0].url;
  }

  /** Starts light nodes, each with records under one name, and waits until each is connected to every heavy node. */
  async startLights(dataset, parts, flags = []) {
    const starts = parts.map((records, at) => ({ name: `n${this.lights.length + at + 1}`, records }));
    const started = [];
    const next = async () => {
      for (let start = starts.shift(); start; start = starts.shift()) started.push(await this.startLight(start, dataset, flags));
    };
    await Promise.all(Array.from({ length: STARTS_MAX }, next));
    started.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    this.lights.push(...started);
    return started;
  }

  async startLight({ name, records }, dataset, flags) {
    const file = join(this.folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(records));
    const home = join(this.folder, name);
    mkdirSync(home);
    const args = ["light", "--json", "--while-stdin", "--name", name, "--home", home, "--approve", `dataset:${dataset}`];
    for (const { url } of this.heavy) args.push("--host", url);
    args.push("--data", `${dataset}=${file}`, ...flags);
    const process = Process.start(name, formix, args, { logFolder: this.folder });
    const all = (line) => parsed(line).event === "links" && parsed(line).up === this.heavy.length;
    await process.line(all, START_MS_MAX, `${name} to be connected to ${this.heavy.length}`);
    return new Light(`native ${name.slice(1)}`, process);
  }

  /** Starts light nodes that hold parts of graphs, and run jobs; `programs` are what some of them run in place of `formix`, by place. */
  async startHolders(count, programs = {}) {
    const start = async (at) => {
      const name = `g${at + 1}`;
      const home = join(this.folder, name);
      mkdirSync(home);
      const args = ["node", "--json", "--while-stdin", "--name", name, "--home", home, "--slots", "1", "--graphs"];
      for (const { url } of this.heavy) args.push("--host", url);
      const process = Process.start(name, programs[at] ?? formix, args, { logFolder: this.folder });
      const { id } = await process.line(isReady, START_MS_MAX, `${name} to be ready`);
      return Object.assign(new Light(name, process), { id });
    };
    const started = await Promise.all(Array.from({ length: count }, (_, at) => start(at)));
    this.lights.push(...started);
    return started;
  }

  /** Proposes a question about one number from the command line: the fields of the page's form, the deadline as `formix comp` takes it. Gives the computation's id. */
  async propose({ template: kind, title, purpose, dataset, value, lower, upper, participants_min, deadline }) {
    const flags = { kind, title, purpose, dataset, value, lower, upper, "min-participants": participants_min, deadline, host: this.url };
    const args = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, String(value)]));
    const told = await run(formix, ["comp", "--json", "--home", join(this.folder, "p"), ...args]);
    const id = JSON.parse(told.trim().split("\n")[0]).id;
    const opened = (view) => view.stage !== "proposed";
    await this.heavy[0].http.follow(id, START_MS_MAX, `${id} to be accepted by all`, opened);
    return id;
  }

  /** Proposes a question from the command line: the fields of the page's form. Gives the computation's id. */
  async ask({ template, title, purpose, dataset, mean = true, participants_min, participants_max, deadline, ...fields }) {
    const value = template === "regression" ? "y" : "value";
    const names = { value, ...(value === "y" ? { lower: "y-lower", upper: "y-upper" } : {}) };
    const question = Object.entries(fields).filter(([field]) => mean || !["value", "lower", "upper"].includes(field));
    const flags = [
      ["kind", template], ["title", title], ["purpose", purpose], ["dataset", dataset], ["host", this.url],
      ["min-participants", participants_min], ["max-participants", participants_max], ["deadline", `${Math.round(deadline * 60)}s`],
      ...question.map(([field, text]) => [names[field] ?? field.replace("_", "-"), String(text).replaceAll(", ", ",")]),
    ].flatMap(([flag, text]) => (text === undefined ? [] : [`--${flag}`, String(text)]));
    const told = await run(formix, ["comp", "--json", "--home", join(this.folder, "p"), ...flags]);
    return JSON.parse(told.trim().split("\n")[0]).id;
  }

  /** Ends everything. */
  async stop() {
    const all = [...this.lights, ...this.heavy].flatMap(({ process }) => (process ? [process.kill()] : []));
    await within(10_000, "the end of all processes", Promise.all(all));
  }
}
