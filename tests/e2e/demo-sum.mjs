// A private sum of real data over real tabs and native nodes, and whether it is exact: --tabs 5 --natives 20 [--deadline SECONDS] [--json]

import { parseArgs } from "node:util";
import { checkEnvironment } from "./lib/environment.mjs";
import { FIELD } from "./lib/penguins.mjs";
import { privateSum } from "./lib/sum.mjs";

const { values: options } = parseArgs({
  options: {
    tabs: { type: "string", default: "5" },
    natives: { type: "string", default: "20" },
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
if (tabs + natives < 3) throw new Error(`${tabs + natives} nodes: a computation has at least 3 participants`);
// By when all must have answered, on a slow machine too; the last answer closes the computation earlier.
const seconds = options.deadline === undefined ? 60 + 3 * tabs : count("deadline", 5);

checkEnvironment();
const begun = performance.now();
const say = (line) => console.error(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const run = await privateSum({ tabs, natives, seconds, say });
const equal = run.verdict.length === 0;
const [end] = run.ends;

if (options.json) {
  console.log(JSON.stringify({ ...run, equal }, null, 2));
} else {
  const transports = (links) => [...new Set(links.map((link) => (link.up ? link.transport : "down")))].join(", ");
  const row = (...cells) => console.log(cells.map((cell, at) => String(cell).padEnd([12, 9, 9, 0][at])).join(" "));
  console.log(`\nPalmer penguins (npm vega-datasets), the sum of “${FIELD}”\n`);
  row("node", "records", "heavy", "transport");
  for (const node of run.nodes) row(node.name, node.records, node.links.filter((link) => link.up).length, transports(node.links));
  console.log("");
  const pair = (name, value) => console.log(`${name.padEnd(22)} ${value}`);
  pair("computation", run.id);
  pair("sum, by the network", end.sum ?? end.reason?.code);
  pair("sum, computed here", run.expected.sum);
  pair("mean, by the network", end.mean ?? "none");
  pair("mean, computed here", run.expected.mean);
  pair("records with a value", `${end.records ?? "none"} of ${run.nodes.reduce((sum, node) => sum + node.records, 0)}`);
  pair("participants", end.participants ?? "none");
  pair("signatures verified", `${end.signers.length} here, and in ${run.shown.filter((page) => page.signatures === "verified").length} of ${tabs} tabs`);
  for (const fault of run.verdict) pair("fault", fault);
  console.log(equal ? "\nequal" : "\nNOT as it must be");
}
process.exitCode = equal ? 0 : 1;
