// π of R-MAT graphs: edges a second and bytes an edge, beside GAP's pull, scipy, networkit and igraph, on the processor and on a GPU. [--json] [--runs N] [--scales N,N] [--large]

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, target } from "../e2e/lib/environment.mjs";
import { compiled, example, figures, machine } from "./lib/native.mjs";
import { python } from "./lib/python.mjs";
import { Table } from "./lib/table.mjs";

/** What GAPBS's pull does a second on one thread of a machine like that of docs/benchmarks.md. */
const EDGES_PER_S = 6e8;
/** Scales of some 1e5, 1e6 and 1e7 edges, and with --large of 1e8. Unless --scales names them, only what an edge costs here is measured of them, and no peer. */
const COSTS = [13, 16, 20];
const LARGE = 23;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    scales: { type: "string", default: "18,20,22" },
    large: { type: "boolean", default: false },
  },
});
const { runs } = options;
const table = new Table(options.json, machine());

const rounds = example("rounds", "ranking");
const gpuRounds = example("gpu_rounds", "gpu");
const pull = compiled("pull");
const peers = python("rank-peers", "tests/bench/lib/rank_peers.txt");
const folder = join(target, "xtask/rank-bench");
mkdirSync(folder, { recursive: true });

/** What a round moves at least: the source of each edge; of a node where its edges begin, its edges that leave it, its id, its contribution twice, and what it keeps, twice. */
const bytesOfRound = (edges, nodes) => 4 * edges + 36 * nodes;

/** Edges a second that memory of so many bytes a second allows. */
const floor = (ours, scale, bandwidths) => {
  const [edges] = ours.get("edges").values;
  return bandwidths.map((bandwidth) => (edges * bandwidth) / bytesOfRound(edges, 2 ** scale));
};

/** What an edge costs here: time in a round and in all of a solve, and memory. */
function costs(scale, ours) {
  const [edges] = ours.get("edges").values;
  const name = `rank.rmat-${scale}.cost`;
  const [perS, solves] = [ours.get("round.edges_per_s.threads-1").values, ours.get("solve_s.threads-1").values];
  table.row({ name: `${name}.round_ns_per_edge`, unit: "ns", values: perS.map((edgesPerS) => 1e9 / edgesPerS) });
  table.row({ name: `${name}.solve_ns_per_edge`, unit: "ns", values: solves.map((seconds) => (1e9 * seconds) / edges) });
  // Pages are all that the kernel counts: of a small graph they say nothing.
  if (scale < COSTS[0]) return;
  const nodes = 2 ** scale;
  for (const [what, known] of [["held", (4 * edges + 24 * nodes) / edges], ["peak", null]]) {
    const [bytes] = ours.get(`memory.${what}_bytes`).values;
    const beside = known === null ? {} : { peer: "4 an edge and 24 a node", peerValues: [known] };
    table.row({ name: `${name}.${what}_bytes_per_edge`, unit: "B", value: bytes / edges, ...beside });
  }
}

const scales = options.scales.split(",").map(Number);
for (const scale of scales) {
  const file = join(folder, `rmat-${scale}.u32`);
  const ours = figures(rounds, scale, runs, file);
  const theirs = new Map([
    ...figures(pull, file, 2 ** scale, runs),
    ...figures(peers, join(root, "tests/bench/lib/rank_peers.py"), file, scale, runs),
  ]);
  rmSync(file);
  const row = (name, peer, also = {}) => {
    const { unit, values } = ours.get(name);
    table.row({ name: `rank.rmat-${scale}.${name}`, unit, values, ...also, ...(peer && { peer, peerValues: theirs.get(`${peer}.${name}`).values }) });
  };
  row("edges");
  row("build_s");
  for (const threads of [1, 2]) {
    const round = `round.edges_per_s.threads-${threads}`;
    row(round, "pull", { atLeast: threads * EDGES_PER_S });
    if (threads === 1) row(round, "scipy");
    // As quick as memory would have it, if the gather cost nothing.
    const bandwidths = theirs.get(`memory.bytes_per_s.threads-${threads}`).values;
    row(round, null, { peer: "floor", peerValues: floor(ours, scale, bandwidths) });
    table.row({ name: `rank.rmat-${scale}.memory.bytes_per_s.threads-${threads}`, unit: "B/s", values: bandwidths });
  }
  row("solve_s.threads-1", "networkit");
  row("solve_s.threads-1", "igraph");
  row("solve_s.threads-2", "networkit");
  costs(scale, ours);
  // What the device needs to move the bytes of a round stands beside what a round takes it.
  const gpu = figures(gpuRounds, scale, runs);
  for (const [name, beside] of [["round.edges_per_s.gpu", "floor"], ["solve_s.gpu", null], ["memory.bytes_per_s.gpu", null]]) {
    const { unit, values } = gpu.get(name) ?? {};
    if (!values) continue;
    const also = beside === null ? {} : { peer: beside, peerValues: gpu.get(`${beside}.edges_per_s.gpu`).values };
    table.row({ name: `rank.rmat-${scale}.${name}`, unit, values, device: gpu.get("device").unit, ...also });
  }
}
for (const scale of [...COSTS, ...(options.large ? [LARGE] : [])].filter((scale) => !scales.includes(scale))) {
  costs(scale, figures(rounds, scale, runs));
}
table.print();
