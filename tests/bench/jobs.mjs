// Tiny jobs through one heavy node, on native nodes and on tabs: jobs a second, and how long one takes. [--json] [--on native|tab] [--jobs N] [--rounds N] [--runs N] [--workers N] [--slots N]

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBrowser } from "../e2e/lib/browser.mjs";
import { formix } from "../e2e/lib/environment.mjs";
import { openLent } from "../e2e/lib/lent.mjs";
import { Network } from "../e2e/lib/network.mjs";
import { Process, run } from "../e2e/lib/processes.mjs";
import { buildProgram } from "../e2e/lib/tab-page.mjs";
import { Table } from "./lib/table.mjs";
import { usedSeconds } from "./lib/used.mjs";

const START_MS_MAX = 60_000;
const RUN_MS_MAX = 600_000;
/** What the project asks of nodes of each kind (docs/benchmarks.md). */
const GOALS = {
  native: { "many.ended_per_s": { atLeast: 2_000 }, "one.dispatch_ms.p50": { goal: 5 }, "one.dispatch_ms.p99": { goal: 25 } },
  tab: { "many.ended_per_s": { atLeast: 700 }, "one.dispatch_ms.p50": { goal: 20 }, "one.dispatch_ms.p99": { goal: 100 } },
};
const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    on: { type: "string", multiple: true, default: Object.keys(GOALS) },
    jobs: { type: "string", default: "5000" },
    rounds: { type: "string", default: "200" },
    runs: { type: "string", default: "5" },
    workers: { type: "string", default: "2" },
    slots: { type: "string", default: "1" },
  },
});

/** Starts a native light node that runs others' jobs, and waits until every heavy node has its offer. */
async function startNative(network, name) {
  const home = join(network.folder, name);
  mkdirSync(home);
  const args = ["node", "--json", "--while-stdin", "--name", name, "--home", home, "--host", network.url, "--slots", options.slots];
  const worker = Process.start(name, formix, args, { logFolder: network.folder });
  const offered = (line) => line.startsWith("{") && JSON.parse(line).to?.length === network.heavy.length;
  await worker.line(offered, START_MS_MAX, `${name} to offer its slots`);
  return worker;
}

/** Has `work` done beside nodes of this kind, which lend themselves; ends them. */
async function beside(kind, work) {
  const network = await Network.start({ heavy: 3 });
  const browser = kind === "tab" ? await openBrowser() : undefined;
  const [tabs, natives] = [[], []];
  try {
    for (let at = 1; at <= Number(options.workers); at++) {
      if (browser) tabs.push(await openLent(browser, network.url, `tab ${at}`, { slots: options.slots }));
      else natives.push(await startNative(network, `w${at}`));
    }
    await work(network.url, { heavy: [network.heavy[0].pid], node: natives.map(({ child }) => child.pid) });
    const errors = tabs.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`));
    if (errors.length > 0) throw new Error(errors.join("\n"));
  } finally {
    await browser?.close();
    await Promise.all(natives.map((native) => native.kill()));
    await network.stop();
  }
}

/** What one run prints: figures by name. */
async function figures(program, url, kind) {
  const lines = await run(program, [url, options.jobs, options.rounds, kind], { limitMs: RUN_MS_MAX });
  return lines.trim().split("\n").map((line) => JSON.parse(line));
}

const program = buildProgram("bench", "--package", "native-host", "--example", "submitter");
const table = new Table(options.json);
for (const kind of options.on) {
  if (!GOALS[kind]) throw new Error(`--on ${kind}: ${Object.keys(GOALS).join(" or ")}`);
  const rows = new Map();
  await beside(kind, async (url, processes) => {
    const used = (of) => processes[of].reduce((sum, pid) => sum + usedSeconds(pid), 0);
    const add = (name, unit, values) => {
      const row = rows.get(name) ?? { name: `jobs.${kind}.${name}`, unit, values: [], ...GOALS[kind][name] };
      row.values.push(...values);
      rows.set(name, row);
    };
    for (let at = 0; at < Number(options.runs); at++) {
      const before = { heavy: used("heavy"), node: used("node") };
      for (const { name, unit, values } of await figures(program, url, kind)) add(name, unit, values);
      const done = Number(options.jobs) + Number(options.rounds) + 1;
      for (const of of ["heavy", ...(processes.node.length > 0 ? ["node"] : [])]) {
        add(`cpu_us.${of}`, "µs/job", [((used(of) - before[of]) * 1e6) / done]);
      }
    }
  });
  for (const row of rows.values()) table.row(row);
}
table.print();
