// Statistics of real data over real tabs and native nodes, beside pandas: --tabs 5 --natives 50 [--scheme all|prio3|rep64|additive64] [--json]

import { parseArgs } from "node:util";
import { checkEnvironment } from "./lib/environment.mjs";
import { SCHEMES, statistics } from "./lib/stats.mjs";

const { values: options } = parseArgs({
  options: {
    tabs: { type: "string", default: "5" },
    natives: { type: "string", default: "50" },
    scheme: { type: "string", default: "all" },
    deadline: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const count = (name, min) => {
  const number = Number(options[name]);
  if (!Number.isInteger(number) || number < min) throw new Error(`--${name} ${options[name]}: a whole number from ${min} on`);
  return number;
};
const tabs = count("tabs", 1);
const natives = count("natives", 0);
// A histogram of as many cells asks for as many people at least: with fewer its cells would be single people.
const PARTICIPANTS_MIN = 22;
if (tabs + natives < PARTICIPANTS_MIN) throw new Error(`${tabs + natives} nodes: the histogram has at least ${PARTICIPANTS_MIN} participants`);
if (options.scheme !== "all" && !SCHEMES.includes(options.scheme)) throw new Error(`--scheme ${options.scheme}: all, ${SCHEMES.join(", ")}`);
const schemes = options.scheme === "all" ? SCHEMES : [options.scheme];
// By when all must have answered, on a slow machine too; the last answer closes each computation earlier.
const seconds = options.deadline === undefined ? 90 + tabs + natives : count("deadline", 5);

checkEnvironment();
const begun = performance.now();
const say = (line) => console.error(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const run = await statistics({ tabs, natives, seconds, schemes, say });
const equal = run.faults.length === 0;

if (options.json) {
  console.log(JSON.stringify({ ...run, equal }, null, 2));
} else {
  const table = (widths, ...cells) => console.log(cells.map((cell, at) => String(cell).padEnd(widths[at])).join(" ").trimEnd());
  console.log("\nPalmer penguins (npm vega-datasets), dealt out among the nodes\n");
  const nodes = [12, 8, 7, 0];
  table(nodes, "node", "records", "heavy", "transport");
  for (const { name, records, links } of run.nodes) {
    table(nodes, name, records, links.filter((link) => link.up).length, [...new Set(links.map((link) => (link.up ? link.transport : "down")))].join(", "));
  }
  const rows = [11, 11, 24, 20, 20, 11, 12, 0];
  console.log("");
  table(rows, "scheme", "question", "figure", "network", "pandas", "difference", "stated ±", "equal");
  for (const row of run.rows) {
    const difference = row.difference === null ? "" : row.difference.toPrecision(2);
    table(rows, row.scheme, row.question, row.figure, row.network, row.pandas, difference, row.bound ?? "none", row.equal ? "yes" : "NO");
  }
  console.log("");
  for (const fault of run.faults) console.log(`fault  ${fault}`);
  const within = run.rows.filter((row) => row.equal).length;
  console.log(`${within} of ${run.rows.length} figures equal to pandas within what is stated${equal ? "" : "; NOT as it must be"}`);
}
process.exitCode = equal ? 0 : 1;
