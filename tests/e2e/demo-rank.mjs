// π of the graph of Debian's packages by native light nodes that hold its parts; one is killed and one lies: --natives 4 [--shards N] [--json]. Without tabs as yet

import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkEnvironment, formix } from "./lib/environment.mjs";
import { Network } from "./lib/network.mjs";
import { writePackages } from "./lib/packages.mjs";
import { run, within } from "./lib/processes.mjs";

const { values: options } = parseArgs({
  options: {
    natives: { type: "string", default: "4" },
    shards: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const count = (name) => {
  const number = Number(options[name]);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} ${options[name]}: a whole number from 1 on`);
  return number;
};
const natives = count("natives");
if (natives < 3) throw new Error("--natives: at least 3, since one is killed and one lies");
const shards = options.shards ? count("shards") : natives;
const liar = process.env.FORMIX_LIAR;
if (!liar) throw new Error("FORMIX_LIAR names no program: `cargo xtask demo rank` builds one, as does `cargo build --package liar`");
const RANK_MS_MAX = 600_000;
/** The round from which on one of the nodes is gone. */
const KILLED_IN = 5;

checkEnvironment();
const begun = performance.now();
const say = (line) => console.error(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const faults = [];
const same = (what, found, wanted) => {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) faults.push(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
};
const network = await Network.start({ heavy: 3 });
const told = {};
try {
  const file = join(network.folder, "packages.txt");
  const { names, edges } = await writePackages(file);
  say(`${names.length} packages, ${edges} dependencies, from apt`);
  const here = JSON.parse(await run(formix, ["--json", "rank", file, "--top", "10"]));
  say(`on this machine alone: π ${here.digest}, ${Math.round(here.solve_ms)} ms`);

  const holders = await network.startHolders(natives, { 0: liar });
  const known = async () => {
    while ((await network.heavy[0].http.get("/holders")).length < natives) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  await within(60_000, `${natives} nodes that hold parts`, known());
  say(`three heavy nodes, ${natives} light ones that hold parts; ${holders[0].name} lies`);

  const started = performance.now();
  const ranking = run(formix, ["--json", "rank", file, "--top", "10", "--on", network.url, "--shards", String(shards)]);
  const rounds = async () => {
    for (;;) {
      const [view] = (await network.heavy[0].http.get("/rankings")).rankings;
      if (view?.rounds >= KILLED_IN || view?.digest) return view.rounds;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const killed = holders.at(-1);
  told.killedInRound = await within(RANK_MS_MAX, `round ${KILLED_IN}`, rounds());
  await killed.process.kill("SIGKILL");
  say(`${killed.name} is killed in round ${told.killedInRound}`);
  const there = JSON.parse(await within(RANK_MS_MAX, "the ranking", ranking));
  told.tookMs = Math.round(performance.now() - started);
  say(`by light nodes: π ${there.digest}, ${there.report.rounds} rounds in ${(there.solve_ms / 1000).toFixed(1)} s`);

  for (const field of ["digest", "verdict", "report", "top", "nodes", "edges"]) same(`${field} by light nodes`, there[field], here[field]);
  same("who lied", there.liars, [holders[0].id]);
  if (there.replaced === 0) faults.push("nobody was replaced");
  for (const { shard, holders: by } of there.computed) {
    if (by.length === 0) faults.push(`nobody computed part ${shard}`);
    if (by.some(({ node }) => node === holders[0].id || node === killed.id)) faults.push(`part ${shard} is by one who lied or was killed`);
  }
  Object.assign(told, { here, there, top: here.top.map(({ node, pi }) => ({ package: names[node], pi })) });
} finally {
  await network.stop();
}

told.faults = faults;
if (options.json) {
  console.log(JSON.stringify(told, null, 2));
} else {
  const pair = (name, value) => console.log(`${name.padEnd(26)} ${value}`);
  console.log("");
  pair("π, on this machine", told.here.digest);
  pair("π, by light nodes", told.there.digest);
  pair("rounds", `${told.there.report.rounds}, in ${(told.there.solve_ms / 1000).toFixed(1)} s`);
  for (const { shard, nodes, holders } of told.there.computed) {
    pair(`part ${shard}, ${nodes} packages`, holders.map(({ node, device }) => (node ? `…${node.slice(-6)} (${device})` : "the heavy node")).join(", "));
  }
  pair("replaced", told.there.replaced);
  pair("lied", told.there.liars.map((node) => `…${node.slice(-6)}`).join(", "));
  for (const { package: name, pi } of told.top) pair(name, pi);
  for (const fault of faults) pair("fault", fault);
  console.log(faults.length === 0 ? "\nright" : "\nNOT as it must be");
}
process.exitCode = faults.length === 0 ? 0 : 1;
