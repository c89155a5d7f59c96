// Tiny jobs through one heavy node: jobs a second, and how long one takes. [--json] [--jobs N] [--rounds N] [--runs N] [--workers N] [--slots N]

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formix } from "../e2e/lib/environment.mjs";
import { Network } from "../e2e/lib/network.mjs";
import { Process } from "../e2e/lib/processes.mjs";
import { buildProgram } from "../e2e/lib/tab-page.mjs";
import { Table } from "./lib/table.mjs";

const START_MS_MAX = 60_000;
const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    jobs: { type: "string", default: "5000" },
    rounds: { type: "string", default: "200" },
    runs: { type: "string", default: "3" },
    workers: { type: "string", default: "2" },
    slots: { type: "string", default: "1" },
  },
});

/** Starts a native light node that runs others' jobs, and waits until every heavy node has its offer. */
async function startWorker(network, name) {
  const home = join(network.folder, name);
  mkdirSync(home);
  const args = ["node", "--json", "--while-stdin", "--name", name, "--home", home, "--host", network.url, "--slots", options.slots];
  const worker = Process.start(name, formix, args, { logFolder: network.folder });
  const offered = (line) => line.startsWith("{") && JSON.parse(line).to?.length === network.heavy.length;
  await worker.line(offered, START_MS_MAX, `${name} to offer its slots`);
}

/** What one run prints: figures by name. */
function run(program, url) {
  const lines = execFileSync(program, [url, options.jobs, options.rounds], { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  return lines.trim().split("\n").map((line) => JSON.parse(line));
}

const program = buildProgram("bench", "--package", "native-host", "--example", "submitter");
const table = new Table(options.json);
const network = await Network.start({ heavy: 3 });
try {
  for (let at = 1; at <= Number(options.workers); at++) await startWorker(network, `w${at}`);
  const rows = new Map();
  for (let at = 0; at < Number(options.runs); at++) {
    for (const { name, unit, values } of run(program, network.url)) {
      const row = rows.get(name) ?? { name: `jobs.native.${name}`, unit, values: [] };
      row.values.push(...values);
      rows.set(name, row);
    }
  }
  for (const row of rows.values()) table.row(row);
} finally {
  await network.stop();
}
table.print();
