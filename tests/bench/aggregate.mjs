// Reports: shared and sealed in a tab, taken and verified by a heavy node. [--json] [--runs N] [--reports N,N] [--only tab|heavy] (a million reports: --only heavy --reports 999999)

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBrowser } from "../e2e/lib/browser.mjs";
import { root, target } from "../e2e/lib/environment.mjs";
import { buildProgram } from "../e2e/lib/tab-page.mjs";
import { serveSharing } from "./lib/sharing.mjs";
import { Table } from "./lib/table.mjs";
import { openWorker } from "./lib/worker.mjs";

/** What the project asks of these (docs/benchmarks.md). */
const GOALS = {
  "tab.prio3.histogram-256.share_ms": 0.45,
  "tab.prio3.sum-64.share_ms": 0.1,
  "tab.prio3.vector-1000x16.share_ms": 17,
  "heavy.prio3.reports_per_s": 10_000,
  "heavy.additive64.reports_per_s": 14_000,
};
/** Shapes of measurements; of a vector's bits, `prio3` alone takes 64. `chunk`: the length that it proves at a time, which npm's wants to be told. */
const SHAPES = [
  { shape: "histogram-256", chunk: 18 },
  { shape: "sum-64", chunk: 10, schemes: ["prio3"] },
  { shape: "sum-63", schemes: ["additive64", "rep64"] },
  { shape: "vector-1000x16", chunk: 126 },
];
const SCHEMES = ["prio3", "additive64", "rep64"];
/** npm's shares of a long vector take half a second each. */
const PEER_SAMPLES = 5;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "11" },
    reports: { type: "string", default: "1000,10000,100000" },
    only: { type: "string" },
  },
});
const runs = Number(options.runs);
const table = new Table(options.json);

/** Sharing and sealing, in a worker as the page's. */
async function tab() {
  execFileSync(process.env.CARGO ?? "cargo", ["xtask", "page", "--program", "speed"], { cwd: root, stdio: ["ignore", 2, "inherit"] });
  const served = await serveSharing(join(target, "xtask", "speed"));
  const browser = await openBrowser();
  try {
    const measure = await openWorker(browser, served.url);
    for (const scheme of SCHEMES) {
      for (const { shape, chunk, schemes = SCHEMES } of SHAPES) {
        if (!schemes.includes(scheme)) continue;
        const name = `tab.${scheme}.${shape}`;
        const row = { name: `aggregate.${name}.share_ms`, values: await measure("shard", [scheme, shape], { samples: runs }), unit: "ms" };
        const goal = GOALS[`${name}.share_ms`] ?? null;
        const peer = scheme === "prio3" && {
          peer: "npm @divviup/prio3",
          peerValues: await measure("npm", [shape, chunk], { samples: PEER_SAMPLES }),
        };
        table.row({ ...row, goal, ...peer });
        table.row({ name: `aggregate.${name}.seal_ms`, values: await measure("seal", [scheme, shape], { samples: runs }), unit: "ms" });
        table.row({ name: `aggregate.${name}.bytes`, value: await measure("bytes", [scheme, shape]), unit: "B" });
      }
    }
  } finally {
    await browser.close();
    served.close();
  }
}

/** What `speed` prints: figures with all their values. */
function figures(program, ...args) {
  const lines = execFileSync(program, args, { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  return lines.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** Pieces of a heavy node's work, then whole computations. Each computation has a process of its own, for its memory is measured too. */
function heavy() {
  const program = buildProgram("bench", "--package", "speed");
  const pieces = figures(program, "--runs", options.runs, "--reports", "0");
  const published = pieces.find(({ name }) => name === "prio.verify_us.helper");
  for (const { name, unit, values } of pieces.filter((piece) => piece !== published)) {
    const peer = name === "aggregate.heavy.verify_us.prio3.helper" && { peer: "crate prio", peerValues: published.values };
    table.row({ name, values, unit, ...peer });
  }
  for (const scheme of ["prio3", "additive64"]) {
    for (const reports of options.reports.split(",")) {
      const courses = reports > 10_000 ? 1 : 3;
      const args = ["--runs", "0", "--reports", reports, "--schemes", scheme, "--courses", `${courses}`];
      for (const { name, unit, values } of figures(program, ...args)) {
        const atLeast = name.endsWith(".reports_per_s") ? GOALS[`heavy.${scheme}.reports_per_s`] : null;
        table.row({ name, values, unit, atLeast });
      }
    }
  }
}

if (options.only !== "heavy") await tab();
if (options.only !== "tab") heavy();
table.print();
