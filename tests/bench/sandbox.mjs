// Guests: CoreMark in the sandbox, in a tab and natively, beside the engines of Chromium and wasmtime; receipts verified a second; a broker alone. [--json] [--runs N] [--seconds N]

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBrowser } from "../e2e/lib/browser.mjs";
import { root, target } from "../e2e/lib/environment.mjs";
import { buildProgram } from "../e2e/lib/tab-page.mjs";
import { python } from "./lib/python.mjs";
import { median, Table } from "./lib/table.mjs";
import { openWorker, serveWorker } from "./lib/worker.mjs";

/** What the project asks of these (docs/benchmarks.md). */
const GOALS = { partOfEngine: 1 / 18, nativeReceiptsPerS: 15_000, tabReceiptsPerS: 5_000, dispatchGrows: 1.2 };
/** Nodes among which a broker hands out jobs. */
const [FEW, MANY] = [3, 2000];
/** Iterations whose checksums and fuel all engines must agree about, and the checksums that EEMBC publishes of lists, matrices and states. */
const AGREED = 10;
const KNOWN = "e714 1fd7 8e3a";
const GUEST_TARGET = "wasm32-wasip1";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
  },
});
const [runs, seconds] = [Number(options.runs), Number(options.seconds)];
const table = new Table(options.json);

const WORKER = `
import { Guest, Receipt } from "./jobspeed.js";
import { run } from "./tests/bench/lib/wasi.mjs";

const bytes = async () => new Uint8Array(await (await fetch("guest.wasm")).arrayBuffer());
const sandboxed = async () => new Guest(await bytes());
const engine = async () => {
  const module = await WebAssembly.compile(await bytes());
  return (times) => run(module, ["guest", String(times)]);
};

const works = {
  async sandboxed() {
    const guest = await sandboxed();
    return (times) => guest.run(times).free();
  },
  engine,
  async sandboxedGives(number) {
    const { printed, fuel } = (await sandboxed()).run(number);
    return { printed, fuel: String(fuel) };
  },
  engineGives: async (number) => ({ printed: await (await engine())(number) }),
  receipts() {
    const receipt = new Receipt();
    return (times) => receipt.verify(times);
  },
};
`;

const cargo = (...args) => execFileSync(process.env.CARGO ?? "cargo", args, { cwd: root, stdio: ["ignore", 2, "inherit"] });

/** What a program prints: objects by their names. */
function figures(program, ...args) {
  const lines = execFileSync(program, args.map(String), { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  return Object.fromEntries(lines.trim().split("\n").map((line) => JSON.parse(line)).map((figure) => [figure.name, figure]));
}

/** The guest's path. The bench's compiler builds it for WASI, optimised. */
function buildGuest() {
  execFileSync("rustup", ["target", "add", GUEST_TARGET], { cwd: root, stdio: ["ignore", 2, "inherit"] });
  cargo("build", "--quiet", "--profile", "bench", "--target", GUEST_TARGET, "--package", "coremark-guest");
  return join(target, GUEST_TARGET, "release/coremark-guest.wasm");
}

/** Rates a second of what a worker tells in milliseconds. */
const rates = (values) => values.map((ms) => 1000 / ms);

/** Has a worker, with the program optimised as `flags` say, measure by `measures`. */
async function inWorker(guest, flags, measures) {
  const folder = join(target, "xtask", ["jobspeed", ...flags].join(""));
  cargo("xtask", "page", "--program", "jobspeed", "--out", folder, ...flags);
  const served = await serveWorker({ source: WORKER, program: "jobspeed", folder, files: { "guest.wasm": readFileSync(guest) } });
  const browser = await openBrowser();
  try {
    return await measures(await openWorker(browser, served.url));
  } finally {
    await browser.close();
    served.close();
  }
}

/** Rates a second of pieces of work, measured in turns: whatever else the machine does meets all of them. */
async function turns(measure, works) {
  const timed = Object.fromEntries(works.map((work) => [work, []]));
  for (let at = 0; at < runs; at++) {
    for (const work of works) timed[work].push(...rates(await measure(work, [], { sampleMs: seconds * 1000, samples: 1 })));
  }
  return timed;
}

/** The guest in the sandbox as the page's runner has it, and in Chromium's own engine; receipts as the page's worker checks them. */
async function tab(guest) {
  const guests = await inWorker(guest, ["--quick"], async (measure) => ({
    given: await measure("sandboxedGives", [AGREED]),
    engineGiven: await measure("engineGives", [AGREED]),
    ...(await turns(measure, ["sandboxed", "engine"])),
  }));
  return { ...guests, ...(await inWorker(guest, [], (measure) => turns(measure, ["receipts"]))) };
}

/** All engines gave the same checksums, the published ones; sandboxes also the same fuel. */
function agree(tabs, native, wasmtime) {
  const printed = [tabs.given, tabs.engineGiven, native.guest, wasmtime.guest].map((given) => given.printed);
  if (printed.some((text) => text !== printed[0] || !text.startsWith(KNOWN))) throw new Error(`checksums differ: ${JSON.stringify(printed)}`);
  if (tabs.given.fuel !== String(native.guest.fuel)) throw new Error(`fuel differs: ${tabs.given.fuel} in a tab, ${native.guest.fuel} natively`);
}

const guest = buildGuest();
const program = buildProgram("bench", "--package", "jobspeed");
const native = figures(program, "--guest", guest, "--number", AGREED, "--runs", runs, "--seconds", seconds, "--nodes", `${FEW},${MANY}`);
const wasmtime = figures(python("sandbox-peers", "tests/bench/lib/sandbox_peers.txt"), join(root, "tests/bench/lib/sandbox_peers.py"), guest, AGREED, seconds, runs);
const tabs = await tab(guest);
agree(tabs, native, wasmtime);

const unit = "iterations/s";
table.row({ name: "sandbox.tab.coremark", values: tabs.sandboxed, unit, peer: "Chromium's engine", peerValues: tabs.engine });
table.row({ name: "sandbox.tab.part-of-chromium", value: median(tabs.sandboxed.map((rate, at) => rate / tabs.engine[at])), unit: "", atLeast: GOALS.partOfEngine });
table.row({ name: "sandbox.native.coremark", values: native.iterations_per_s.values, unit, peer: "PyPI wasmtime", peerValues: wasmtime.iterations_per_s.values });
table.row({ name: "sandbox.native.part-of-wasmtime", value: median(native.iterations_per_s.values) / median(wasmtime.iterations_per_s.values), unit: "" });
table.row({ name: "sandbox.coremark.fuel", value: native.guest.fuel / AGREED, unit: "fuel/iteration" });
table.row({ name: "sandbox.native.receipts", values: native.receipts_per_s.values, unit: "1/s", atLeast: GOALS.nativeReceiptsPerS });
table.row({ name: "sandbox.tab.receipts", values: tabs.receipts, unit: "1/s", atLeast: GOALS.tabReceiptsPerS });
const dispatched = [FEW, MANY].map((nodes) => native[`dispatch_us_of_${nodes}`].values);
for (const [at, nodes] of [FEW, MANY].entries()) table.row({ name: `sandbox.native.dispatch-of-${nodes}`, values: dispatched[at], unit: "µs" });
table.row({ name: "sandbox.native.dispatch-grows", value: median(dispatched[1]) / median(dispatched[0]), unit: "", goal: GOALS.dispatchGrows });
table.print();
