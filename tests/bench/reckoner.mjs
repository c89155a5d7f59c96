// Graphs and nets in a tab: the same graph and the same program by WebGPU and by the processor in wasm, in one page of Chromium. [--json] [--runs N] [--nodes N] [--depth N]

import { parseArgs } from "node:util";
import { openBrowser, Tab } from "../e2e/lib/browser.mjs";
import { Network } from "../e2e/lib/network.mjs";
import { machine } from "./lib/native.mjs";
import { Table } from "./lib/table.mjs";

/** How long a graph or a program may take: WebGPU may be SwiftShader, which is the processor. */
const WORK_MS_MAX = 600_000;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    nodes: { type: "string", default: "65536" },
    depth: { type: "string", default: "16" },
  },
});
const [runs, nodes, depth] = [Number(options.runs), Number(options.nodes), Number(options.depth)];
const table = new Table(options.json, machine());

/** Numbers that look random, the same each time (a linear congruential generator, Numerical Recipes). */
function* numbers(seed) {
  for (let state = seed; ; ) yield (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
}

/** Sixteen edges a node, of which the first are more likely. */
function graph() {
  const random = numbers(7);
  const below = (limit) => Math.floor((random.next().value / 2 ** 32) * limit);
  return Array.from({ length: 16 * nodes }, () => `${below(nodes)} ${below(below(nodes) + 1)}\n`).join("");
}

/** The sum of a tree of 2^depth leaves, as the crate hvm has it. */
const sumTree = `@gen = (?(((a a) @gen0) b) b)
@gen0 = ({a d} ({$([*2] $([+1] b)) $([*2] e)} (c f))) &! @gen ~ (a (b c)) &! @gen ~ (d (e f))
@main = a & @sum ~ (${depth} (@made a))
@made = a & @gen ~ (${depth} (0 a))
@sum = (?(((* 1) @sum0) a) a)
@sum0 = ({a c} ((b d) f)) &! @sum ~ (a (b $([+] $(e f)))) &! @sum ~ (c (d e))`;

/** Runs in the page before its own scripts: keeps what reckoners answer, which is JSON and then bytes. */
function listen() {
  const told = (window.told = []);
  window.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        const head = Array.isArray(data) && typeof data[0] === "string" ? JSON.parse(data[0]) : {};
        const { Ranked: ranked, Reduced: reduced, Read: facts, Refused: refused } = head?.message ?? {};
        if (ranked || reduced || facts || refused) told.push({ ranked, reduced, facts, refused });
      });
    }
  };
}

/** The next answer of a kind; what is refused throws. */
async function answer(tab, kind, since) {
  const found = await tab.page.waitForFunction(
    ([kind, since]) => window.told.slice(since).find((told) => told[kind] || told.refused),
    [kind, since],
    { timeout: WORK_MS_MAX },
  );
  const told = await found.jsonValue();
  if (told.refused) throw new Error(told.refused.detail);
  return told[kind];
}

const count = (tab) => tab.page.evaluate(() => window.told.length);

/** Drops a file as a person does. */
async function drop(tab, name, content) {
  const transfer = await tab.page.evaluateHandle(([name, content]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], name));
    return transfer;
  }, [name, content]);
  await tab.find("graph-file").waitFor({ state: "attached" });
  await tab.page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
}

/** Values of each device in turn, so that whatever else the machine does meets both. */
async function inTurn(work) {
  const values = { gpu: [], processor: [] };
  let name = null;
  // The first of each warms the engine, which optimises what runs long.
  for (let run = -1; run < runs; run += 1) {
    for (const device of ["gpu", "processor"]) {
      const { value, by, error } = await work(device);
      if (device === "gpu" && error) throw new Error(`no WebGPU: ${error}`);
      if (device === "gpu") name = by;
      if (run >= 0) values[device].push(value);
    }
  }
  return { values, name };
}

const network = await Network.start("reckoner");
const browser = await openBrowser(["--enable-unsafe-webgpu"]);
try {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(listen);
  const tab = new Tab("reckoner", network.url, context, page);
  await tab.load();

  await tab.go("graph");
  await drop(tab, "graph.txt", graph());
  const { edges } = await answer(tab, "facts", 0);
  await answer(tab, "ranked", 0);
  await page.locator("details:has([data-testid=graph-field]) > summary").click();
  const digests = new Set();
  const ranks = await inTurn(async (device) => {
    await tab.find("graph-field", `[data-field="device"]`).selectOption(device);
    const since = await count(tab);
    await tab.find("graph-again").click();
    const { ms, rounds, device: by, gpu_error: error, digest } = await answer(tab, "ranked", since);
    digests.add(digest);
    return { value: (edges * rounds * 1e3) / ms, by, error };
  });
  if (digests.size > 1) throw new Error("the GPU's π is not the processor's");
  table.row({ name: `reckoner.rank.${edges}-edges.gpu`, unit: "edges/s", values: ranks.values.gpu, device: ranks.name, peer: "wasm, one thread", peerValues: ranks.values.processor });

  await tab.go("machine");
  await tab.find("machine-text").fill(sumTree);
  await tab.find("machine-field", `[data-field="limit"]`).fill("1000000000");
  const counts = new Set();
  const nets = await inTurn(async (device) => {
    await tab.find("machine-field", `[data-field="device"]`).selectOption(device);
    const since = await count(tab);
    await tab.find("machine-run").click();
    const { reduced, device: by, gpu_error: error } = await answer(tab, "reduced", since);
    counts.add(reduced.interactions);
    return { value: reduced.interactions / reduced.ms / 1e3, by, error };
  });
  if (counts.size > 1) throw new Error(`interactions differ: ${[...counts].join(", ")}`);
  table.row({ name: `reckoner.sum_tree.depth-${depth}.gpu`, unit: "million/s", values: nets.values.gpu, device: nets.name, peer: "wasm, one thread", peerValues: nets.values.processor });
} finally {
  await browser.close();
  await network.stop();
}
table.print();
