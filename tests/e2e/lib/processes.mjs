// Child processes that do not outlive the script that started them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const LINES_KEPT_MAX = 1000;
const LOG_TAIL_BYTES = 4000;

const running = new Set();
const folders = new Set();

function endAll() {
  for (const process of running) process.child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.once("exit", endAll);
for (const [signal, number] of [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]]) {
  process.once(signal, () => process.exit(128 + number));
}

/** A folder that is gone when the script ends. Its path is short: sockets in it have a name of 107 bytes at most. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "fx-"));
  if (!process.env.FORMIX_KEEP) folders.add(folder);
  return folder;
}

/** `promise`, or an error that says what did not happen within `limitMs`. */
export async function within(limitMs, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A started program whose standard output is read line by line; its standard error goes to a log. */
export class Process {
  static start(name, program, args, { env = {}, logFolder }) {
    return new Process(name, program, args, env, logFolder);
  }

  constructor(name, program, args, env, logFolder) {
    this.name = name;
    this.logPath = join(logFolder, `${name}.log`);
    this.lines = [];
    this.waiting = new Set();
    const log = createWriteStream(this.logPath, { flags: "a" });
    this.child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    // Held open: a program with --while-stdin ends when this script does, however that comes about.
    this.child.stdin.on("error", () => {});
    running.add(this);
    this.child.stderr.pipe(log);
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      log.write(`${line}\n`);
      this.lines.push(line);
      if (this.lines.length > LINES_KEPT_MAX) this.lines.shift();
      for (const look of this.waiting) look();
    });
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => resolve(error.message));
      this.child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    }).then((how) => {
      running.delete(this);
      this.how = how;
      for (const look of this.waiting) look();
      return how;
    });
  }

  /** The first thing that `find` gives for a line of standard output, past or to come. */
  line(find, limitMs, what = `a line of ${this.name}`) {
    const found = new Promise((resolve, reject) => {
      const look = () => {
        for (const line of this.lines) {
          const wanted = find(line);
          if (wanted) {
            this.waiting.delete(look);
            return resolve(wanted);
          }
        }
        if (this.how) {
          this.waiting.delete(look);
          reject(new Error(`${this.name} ended (${this.how})\n${this.tail()}`));
        }
      };
      this.waiting.add(look);
      look();
    });
    return within(limitMs, what, found);
  }

  /** Ends it and waits until it is gone. `SIGKILL` leaves it no time for anything. */
  async kill(signal = "SIGKILL") {
    if (!this.how) this.child.kill(signal);
    return this.ended;
  }

  /** The end of its log. */
  tail() {
    try {
      return readFileSync(this.logPath, "utf8").slice(-LOG_TAIL_BYTES);
    } catch {
      return "";
    }
  }
}

/** Runs a program to its end and gives its standard output; an error with its standard error where it fails. */
export async function run(program, args, { env = {}, limitMs = 60_000 } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const parts = { out: [], err: [] };
  child.stdout.on("data", (part) => parts.out.push(part));
  child.stderr.on("data", (part) => parts.err.push(part));
  const [code, signal] = await within(limitMs, `${program} ${args.join(" ")}`, once(child, "close")).catch((error) => {
    child.kill("SIGKILL");
    throw error;
  });
  if (code !== 0) {
    throw new Error(`${program} ${args.join(" ")}: ${signal ?? `exit code ${code}`}\n${Buffer.concat([...parts.out, ...parts.err])}`);
  }
  return Buffer.concat(parts.out).toString();
}
