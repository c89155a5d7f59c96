// Interaction nets: million interactions a second, beside HVM2, and on a GPU where there is one. [--json] [--runs N] [--programs NAME,NAME]

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { formix, root, target } from "../e2e/lib/environment.mjs";
import { example, figures, machine } from "./lib/native.mjs";
import { Table } from "./lib/table.mjs";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    programs: { type: "string", default: "sum_rec,sum_tree,sort_bitonic,sort_radix,stress" },
  },
});
/** Programs that a GPU reduces that is none, but software on the processor. */
const IN_SOFTWARE = ["sum_tree"];
/** What the plain kernels move: a pair is written and read, eight bytes each time, and at least one of its nodes is read. Definitions as code leave much of that out. */
const BYTES_PER_INTERACTION = 32;
const cargo = process.env.CARGO ?? "cargo";
const folder = join(target, "xtask/hvm");
const output = { stdio: ["ignore", "pipe", 2], encoding: "utf8", maxBuffer: 1 << 28 };

/** The crate `hvm` that the tests take as their oracle: its version, and where its programs are. */
function crate() {
  const { packages } = JSON.parse(execFileSync(cargo, ["metadata", "--format-version", "1", "--offline"], { ...output, cwd: root }));
  const { version, manifest_path: manifest } = packages.find(({ name }) => name === "hvm");
  return { version, programs: join(dirname(manifest), "examples") };
}

const { version, programs } = crate();
const peer = join(folder, "bin/hvm");
if (!existsSync(peer)) {
  execFileSync(cargo, ["install", "--quiet", "--locked", "--root", folder, "hvm", "--version", `=${version}`], { stdio: ["ignore", 2, "inherit"] });
}

/** What HVM2 prints of its speed. */
function speed(program, ...args) {
  const said = execFileSync(program, args, output);
  const [, count] = said.match(/- ITRS: (\d+)/);
  const [, millions] = said.match(/- MIPS: ([\d.]+)/);
  return { count: Number(count), value: Number(millions) };
}

/** HVM2's own C for a program, compiled for one thread. */
function compiled(name, file) {
  const [source, program] = [join(folder, `${name}.c`), join(folder, name)];
  const text = execFileSync(peer, ["gen-c", file], output).replace(/#define TPC_L2 \d+/g, "#define TPC_L2 0");
  writeFileSync(source, text);
  execFileSync(process.env.CC ?? "cc", ["-O2", "-w", "-o", program, source, "-lm", "-lpthread", "-ldl"], { stdio: ["ignore", 2, "inherit"] });
  return program;
}

function ours(file, threads) {
  const said = JSON.parse(execFileSync(formix, ["--json", "ffcm", "run", file, "--threads", String(threads)], output));
  return { count: said.interactions, value: said.interactions_per_second / 1e6 };
}

/** What `formix` says of a run on the GPU. */
function onGpu(file, input) {
  return JSON.parse(execFileSync(formix, ["--json", "ffcm", "run", file, "--device", "gpu"], { ...output, ...(input && { input, stdio: "pipe" }) }));
}

const { device, gpu_error: gpuError } = onGpu("-", "@main = 1");
const isSoftware = device.includes("software on the processor");
console.error(gpuError === null ? `gpu: ${device}` : `no rows for a gpu: ${gpuError}`);

/** Whether a program is reduced by what there is of a GPU: one that is the processor itself does wide rounds alone in any time that a bench has. */
const goesToGpu = (name) => gpuError === null && (!isSoftware || IN_SOFTWARE.includes(name));

mkdirSync(folder, { recursive: true });
const table = new Table(options.json, machine());
const bandwidths = gpuError === null ? figures(example("gpu_rounds", "gpu"), 10, options.runs).get("memory.bytes_per_s.gpu").values : [];
const floor = bandwidths.map((bandwidth) => bandwidth / BYTES_PER_INTERACTION / 1e6);
for (const name of options.programs.split(",")) {
  const file = join(programs, name, "main.hvm");
  const binary = compiled(name, file);
  const runs = { one: [], two: [], gpu: [], interpreted: [], compiled: [] };
  let isPlain = true;
  // In turn, so that whatever else the machine does meets all of them.
  for (let run = 0; run < Number(options.runs); run += 1) {
    const [one, two, gpu] = [ours(file, 1), ours(file, 2), goesToGpu(name) ? onGpu(file) : null];
    const theirs = { interpreted: speed(peer, "run", file), compiled: speed(binary) };
    const all = [one, two, theirs.interpreted, theirs.compiled, ...(gpu ? [{ count: gpu.interactions }] : [])];
    const counts = new Set(all.map(({ count }) => count));
    if (counts.size > 1) throw new Error(`${name}: interactions differ: ${[...counts].join(", ")}`);
    runs.one.push(one.value);
    runs.two.push(two.value);
    if (gpu) {
      runs.gpu.push(gpu.interactions_per_second / 1e6);
      isPlain &&= gpu.specialized_calls === 0;
    }
    runs.interpreted.push(theirs.interpreted.value);
    runs.compiled.push(theirs.compiled.value);
  }
  const unit = "million/s";
  table.row({ name: `ffcm.${name}.threads-1`, unit, values: runs.one, peer: "hvm run", peerValues: runs.interpreted });
  table.row({ name: `ffcm.${name}.threads-1.compiled`, unit, values: runs.one, peer: "hvm gen-c, cc -O2", peerValues: runs.compiled });
  table.row({ name: `ffcm.${name}.threads-2`, unit, values: runs.two, peer: "one thread", peerValues: runs.one });
  if (runs.gpu.length > 0) table.row({ name: `ffcm.${name}.gpu`, unit, values: runs.gpu, device, ...(isPlain && { peer: "floor of the plain kernels", peerValues: floor }) });
}
table.print();
