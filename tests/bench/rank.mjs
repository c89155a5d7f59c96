// π of R-MAT graphs: edges a second, beside scipy, networkit and igraph, on the processor and on a GPU. [--json] [--runs N] [--scales N,N]

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, target } from "../e2e/lib/environment.mjs";
import { python } from "./lib/python.mjs";
import { Table } from "./lib/table.mjs";

/** What GAPBS's pull does a second on one thread of a machine like that of docs/benchmarks.md. */
const EDGES_PER_S = 6e8;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    scales: { type: "string", default: "18,20,22" },
  },
});
const table = new Table(options.json);

/** What a program prints: figures with all their values, by name. */
function figures(program, ...args) {
  const lines = execFileSync(program, args, { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  const rows = lines.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return new Map(rows.map((row) => [row.name, row]));
}

/** An example of a package, built. */
function example(name, of) {
  const build = ["build", "--quiet", "--profile", "bench", "--package", of, "--example", name];
  execFileSync(process.env.CARGO ?? "cargo", build, { cwd: root, stdio: ["ignore", 2, "inherit"] });
  return join(target, "release/examples", name);
}

const rounds = example("rounds", "ranking");
const gpuRounds = example("gpu_rounds", "gpu");
const peers = python("rank-peers", "tests/bench/lib/rank_peers.txt");
const folder = join(target, "xtask/rank-bench");
mkdirSync(folder, { recursive: true });
for (const scale of options.scales.split(",")) {
  const file = join(folder, `rmat-${scale}.u32`);
  const ours = figures(rounds, scale, options.runs, file);
  const theirs = figures(peers, join(root, "tests/bench/lib/rank_peers.py"), file, scale, options.runs);
  rmSync(file);
  const row = (name, peer, also = {}) => {
    const { unit, values } = ours.get(name);
    table.row({ name: `rank.rmat-${scale}.${name}`, unit, values, ...also, ...(peer && { peer, peerValues: theirs.get(`${peer}.${name}`).values }) });
  };
  row("edges");
  row("build_s");
  row("round.edges_per_s.threads-1", "scipy", { atLeast: EDGES_PER_S });
  row("round.edges_per_s.threads-2", null, { atLeast: 2 * EDGES_PER_S });
  row("solve_s.threads-1", "networkit");
  row("solve_s.threads-1", "igraph");
  row("solve_s.threads-2", "networkit");
  // What the device needs to move the bytes of a round stands beside what a round takes it.
  const gpu = figures(gpuRounds, scale, options.runs);
  for (const [name, beside] of [["round.edges_per_s.gpu", "floor"], ["solve_s.gpu", null]]) {
    const { unit, values } = gpu.get(name) ?? {};
    if (!values) continue;
    const also = beside === null ? {} : { peer: beside, peerValues: gpu.get(`${beside}.edges_per_s.gpu`).values };
    table.row({ name: `rank.rmat-${scale}.${name}`, unit, values, ...also });
  }
}
table.print();
