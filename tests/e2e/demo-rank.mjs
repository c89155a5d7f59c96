// π of the graph of Debian's packages by tabs that compute its parts on WebGPU; one is closed and a native node lies: --tabs 3 [--natives 0] [--shards N] [--json]

import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBrowser } from "./lib/browser.mjs";
import { checkEnvironment, formix } from "./lib/environment.mjs";
import { openLent } from "./lib/lent.mjs";
import { Network } from "./lib/network.mjs";
import { writePackages } from "./lib/packages.mjs";
import { run, within } from "./lib/processes.mjs";

const { values: options } = parseArgs({
  options: {
    tabs: { type: "string", default: "3" },
    natives: { type: "string", default: "0" },
    shards: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const count = (name, least) => {
  const number = Number(options[name]);
  if (!Number.isInteger(number) || number < least) throw new Error(`--${name} ${options[name]}: a whole number from ${least} on`);
  return number;
};
const [tabs, natives] = [count("tabs", 0), count("natives", 0)];
if (tabs + natives < 2) throw new Error("--tabs and --natives: at least 2 together, since one of them goes away");
const shards = options.shards ? count("shards", 1) : tabs + natives + 1;
const liar = process.env.FORMIX_LIAR;
if (!liar) throw new Error("FORMIX_LIAR names no program: `cargo xtask demo rank` builds one, as does `cargo build --package liar`");
const RANK_MS_MAX = 600_000;
/** What a tab says that computed, where WebGPU did: a graphics card’s, or the processor’s that emulates one. */
const BY_WEBGPU = /^a tab’s WebGPU(, emulated)?$/;
/** The round from which on one of the nodes is gone. */
const GONE_IN = 5;

checkEnvironment();
const begun = performance.now();
const say = (line) => console.error(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const faults = [];
const same = (what, found, wanted) => {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) faults.push(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
};
const network = await Network.start({ heavy: 3 });
// So that tabs have WebGPU also where Chromium is not sure of the machine’s driver, or has but its own software for it.
const browser = tabs > 0 ? await openBrowser(["--enable-unsafe-webgpu"]) : null;
const told = {};
try {
  const file = join(network.folder, "packages.txt");
  const { names, edges } = await writePackages(file);
  say(`${names.length} packages, ${edges} dependencies, from apt`);
  const here = JSON.parse(await run(formix, ["--json", "rank", file, "--top", "10"]));
  say(`on this machine alone: π ${here.digest}, ${Math.round(here.solve_ms)} ms`);

  const lent = [];
  for (let at = 1; at <= tabs; at++) {
    const tab = await openLent(browser, network.url, `tab ${at}`, {}, { graphs: true, by: "graphics" });
    await tab.page.getByText(/^Computed by a tab’s/).waitFor();
    lent.push({ name: tab.name, id: tab.node, tab, go: () => tab.context.close() });
  }
  const started = await network.startHolders(natives + 1, { 0: liar });
  const [lies, ...honest] = started.map(({ name, id, process }) => ({ name, id, go: () => process.kill("SIGKILL") }));
  const all = [...lent, ...honest];
  const known = async () => {
    while ((await network.heavy[0].http.get("/holders")).length <= all.length) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  await within(60_000, `${all.length + 1} nodes that hold parts`, known());
  say(`three heavy nodes, ${tabs} tabs and ${natives + 1} native nodes that hold parts; ${lies.name}, a native one, lies`);

  const from = performance.now();
  const ranking = run(formix, ["--json", "rank", file, "--top", "10", "--on", network.url, "--shards", String(shards)]);
  const rounds = async () => {
    for (;;) {
      const [view] = (await network.heavy[0].http.get("/rankings")).rankings;
      if (view?.rounds >= GONE_IN || view?.digest) return view.rounds;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const [gone] = all;
  told.goneInRound = await within(RANK_MS_MAX, `round ${GONE_IN}`, rounds());
  const [{ id }] = (await network.heavy[0].http.get("/rankings")).rankings;
  const held = (await network.heavy[0].http.get(`/rankings/${id}`)).shards;
  told.goneWith = held.flatMap(({ holders }, shard) => (holders.some(({ node }) => node === gone.id) ? [shard] : []));
  await gone.go();
  const goneMs = performance.now();
  say(`${gone.name} is gone in round ${told.goneInRound}, with ${told.goneWith.length ? `parts ${told.goneWith.join(", ")}` : "no parts"}`);
  const there = JSON.parse(await within(RANK_MS_MAX, "the ranking", ranking));
  told.tookMs = Math.round(performance.now() - from);
  // Before it went the network read and cut the graph and handed parts out; since then, all is rounds, and the parts that others took over.
  told.roundsPerSecond = (there.report.rounds - told.goneInRound) / ((performance.now() - goneMs) / 1000);
  say(`by light nodes: π ${there.digest}, ${there.report.rounds} rounds in ${(there.solve_ms / 1000).toFixed(1)} s`);

  for (const field of ["digest", "verdict", "report", "top", "nodes", "edges"]) same(`${field} by light nodes`, there[field], here[field]);
  same("who lied", there.liars, [lies.id]);
  if (there.replaced === 0) faults.push("nobody was replaced");
  if (told.goneWith.length === 0) faults.push(`${gone.name} held no part when it went`);
  const byTabs = [];
  for (const { shard, holders: by } of there.computed) {
    if (by.length === 0) faults.push(`nobody computed part ${shard}`);
    if (by.some(({ node }) => node === lies.id || node === gone.id)) faults.push(`part ${shard} is by one who lied or was gone`);
    byTabs.push(...by.filter(({ node }) => lent.some(({ id }) => id === node)));
  }
  const otherwise = byTabs.filter(({ device }) => !BY_WEBGPU.test(device));
  if (otherwise.length > 0) faults.push(`tabs computed by ${otherwise.map(({ device }) => device).join(", ")}, not by WebGPU`);
  if (tabs > 1 && byTabs.length === 0) faults.push("no tab computed a part");
  for (const { tab } of lent.slice(1)) for (const error of tab.errors) if (!/GPU/.test(error)) faults.push(`${tab.name}: ${error}`);
  Object.assign(told, { here, there, gone: gone.name, top: here.top.map(({ node, pi }) => ({ package: names[node], pi })) });
} finally {
  await browser?.close();
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
  pair("rounds", `${told.there.report.rounds}, in ${(told.there.solve_ms / 1000).toFixed(1)} s; ${told.roundsPerSecond.toFixed(1)} a second once one was gone`);
  for (const { shard, nodes, holders } of told.there.computed) {
    pair(`part ${shard}, ${nodes} packages`, holders.map(({ node, device }) => (node ? `…${node.slice(-6)} (${device})` : "the heavy node")).join(", "));
  }
  pair("gone", `${told.gone} in round ${told.goneInRound}, with parts ${told.goneWith.join(", ")}`);
  pair("replaced", told.there.replaced);
  pair("lied", told.there.liars.map((node) => `…${node.slice(-6)} (a native node)`).join(", "));
  for (const { package: name, pi } of told.top) pair(name, pi);
  for (const fault of faults) pair("fault", fault);
  console.log(faults.length === 0 ? "\nright" : "\nNOT as it must be");
}
process.exitCode = faults.length === 0 ? 0 : 1;
