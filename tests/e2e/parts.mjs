// Parts of a shared graph on real tabs: their people give that, `formix rank --on` has the network rank, and π has the bits of one machine; who takes it back
// is done without. By the processor, and by WebGPU, as the person chooses.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, Tab } from "./lib/browser.mjs";
import { checkEnvironment, formix } from "./lib/environment.mjs";
import { openLent, watchFrames } from "./lib/lent.mjs";
import { Network } from "./lib/network.mjs";
import { run, temporaryFolder } from "./lib/processes.mjs";

/** How long a ranking by tabs may take here, on a machine that builds while it tests. */
const RANK_MS_MAX = 180_000;
const TABS = 3;
const NODES = 2_000;
const EDGES = 16_000;

let network, browser;
const tabs = [];
before(async () => {
  checkEnvironment();
  network = await Network.start("parts");
  browser = await openBrowser();
}, { timeout: 120_000 });
after(async () => {
  await browser?.close();
  await network?.stop();
});

/** Edges between nodes of which the first are more likely, the same each time. */
function graph(nodes, edges) {
  let state = 11;
  const below = (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return Array.from({ length: edges }, () => `${below(nodes)} ${below(below(nodes) + 1)}\n`).join("");
}

/** Ranks an edge list by the command line, with more arguments. */
function ranker(text) {
  const path = join(temporaryFolder(), "shared.txt");
  writeFileSync(path, text);
  return async (args, limitMs) => JSON.parse(await run(formix, ["rank", path, "--json", ...args], { limitMs }));
}

/** Says yes to parts of shared graphs, as a person does. */
async function give(tab) {
  await tab.go("contribute");
  await tab.find("consent").check();
  await tab.find("consent-graphs").check();
  await tab.find("lend").click();
  await tab.page.getByText(/Computed by/).waitFor();
}

test("tabs that give it rank a shared graph, with the bits of one machine", { timeout: 400_000 }, async (t) => {
  for (let at = 0; at < TABS; at++) {
    const tab = await Tab.open(browser, network.url, `holder ${at}`);
    await tab.join();
    await give(tab);
    tabs.push(tab);
  }
  const json = ranker(graph(NODES, EDGES));
  const { digest } = await json([], 60_000);
  const frames = await watchFrames(tabs[TABS - 1]);
  const far = await json(["--on", network.url, "--shards", String(TABS)], RANK_MS_MAX);
  assert.equal(far.digest, digest);
  const gaps = await frames.stop();
  t.diagnostic(`${far.report?.rounds ?? "?"} rounds; frames ${Math.max(...gaps).toFixed(0)} ms apart at most`);
  // Who computed sees that.
  const rounds = await Promise.all(tabs.map((tab) => tab.page.getByText(/[1-9]\d* rounds? done so far/).count()));
  assert.ok(rounds.filter(Boolean).length >= 2, `tabs computed: ${rounds}`);

  // One takes it back: the others do it without.
  await tabs[0].find("consent-graphs").uncheck();
  await tabs[0].page.getByText(/Computed by/).waitFor({ state: "detached" });
  assert.equal((await json(["--on", network.url, "--shards", "2"], RANK_MS_MAX)).digest, digest);
  for (const { node, device } of far.computed.flatMap(({ holders }) => holders)) {
    assert.equal(device, node ? "a tab’s processor" : device, "Chromium gives these tabs no WebGPU");
  }
  for (const tab of tabs) assert.deepEqual(tab.errors, []);
  for (const tab of tabs.splice(0)) await tab.context.close();
});

test("a person has WebGPU compute, also where it is emulated: the same bits, and the record says so", { timeout: 400_000 }, async (t) => {
  const own = await openBrowser(["--enable-unsafe-webgpu"]);
  const open = (at) => openLent(own, network.url, `by WebGPU ${at}`, {}, { graphs: true, by: "graphics" });
  const [first, second] = [await open(1), await open(2)];
  for (const tab of [first, second]) await tab.page.getByText(/^Computed by a tab’s WebGPU/).waitFor();

  // The choice is there again at the next visit.
  await first.load("#/contribute");
  await first.page.getByText(/^Computed by a tab’s WebGPU/).waitFor();
  assert.equal(await first.find("parts-by").inputValue(), "graphics");
  await first.connected(3);

  const json = ranker(graph(600, 3_000));
  const { digest } = await json([], 60_000);
  const far = await json(["--on", network.url, "--shards", "2"], RANK_MS_MAX);
  assert.equal(far.digest, digest);
  const computed = far.computed.flatMap(({ holders }) => holders).filter(({ node }) => node);
  t.diagnostic(`${far.report.rounds} rounds, ${(far.report.rounds / (far.solve_ms / 1000)).toFixed(1)} a second; by ${computed.map(({ device }) => device)}`);
  assert.ok(computed.length >= 2, "tabs computed");
  for (const { device } of computed) assert.match(device, /^a tab’s WebGPU(, emulated)?$/);

  // Who chooses otherwise goes on otherwise.
  await second.find("parts-by").selectOption("processor");
  await second.page.getByText(/^Computed by a tab’s processor/).waitFor();
  await second.find("parts-by").selectOption("automatic");
  await second.page.getByText(/^Computed by a tab’s/).waitFor();
  for (const tab of [first, second]) assert.deepEqual(tab.errors.filter((error) => !/GPU/.test(error)), []);
  await own.close();
});
