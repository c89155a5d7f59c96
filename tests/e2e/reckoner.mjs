// Graphs and nets in a tab: a dropped file is ranked with the command line's bits, by WebGPU and without it; programs are reduced with its counts; what
// is wrong is said where it is; and the page draws all the while.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { openBrowser, Tab } from "./lib/browser.mjs";
import { checkEnvironment, formix } from "./lib/environment.mjs";
import { watchFrames } from "./lib/lent.mjs";
import { Network } from "./lib/network.mjs";
import { run, temporaryFolder } from "./lib/processes.mjs";

/** How long a graph or a program of these may take here, on a machine that builds while it tests. */
const WORK_MS_MAX = 120_000;
/** A frame is drawn at least so often. */
const FRAME_MS_MAX = 100;
/** None may come later than this, or a person would think that the page hangs. */
const GAP_MS_MAX = 500;
/** Of all frames, how many may come later than `FRAME_MS_MAX`: a machine with fewer cores than programs owes nobody every frame. */
const LATE_SHARE_MAX = 0.02;

let network, browser, folder;
before(async () => {
  checkEnvironment();
  network = await Network.start("reckoner");
  browser = await openBrowser();
  folder = temporaryFolder();
}, { timeout: 120_000 });
after(async () => {
  await browser?.close();
  await network?.stop();
});

/** Numbers that look random, the same each time (a linear congruential generator, Numerical Recipes). */
function* numbers(seed) {
  for (let state = seed; ; ) yield (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
}

/** Edges between `nodes` nodes, of which the first are more likely. */
function edges(nodes, count, seed) {
  const random = numbers(seed);
  const below = (limit) => Math.floor((random.next().value / 2 ** 32) * limit);
  return Array.from({ length: count }, () => [below(nodes), below(below(nodes) + 1)]);
}

/** Runs `formix` on a file of this text; gives the JSON that it prints. */
async function commandLine(args, name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const [verb, ...rest] = args;
  const printed = await run(formix, [verb, ...rest.slice(0, verb === "ffcm" ? 1 : 0), path, ...rest.slice(verb === "ffcm" ? 1 : 0), "--json"], { limitMs: WORK_MS_MAX });
  return JSON.parse(printed);
}

/** Drops a file as a person does. */
async function drop(tab, name, content) {
  const transfer = await tab.page.evaluateHandle(([name, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name));
    return transfer;
  }, [name, Buffer.from(content).toString("base64")]);
  await tab.page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
}

/** Waits until the graph is ranked, and gives what the page says of it. */
async function ranked(tab) {
  const outcome = tab.find("graph-outcome");
  const refused = tab.find("graph-error", ":not(:empty)");
  await outcome.or(refused).first().waitFor({ timeout: WORK_MS_MAX });
  if (!(await outcome.count())) throw new Error(`${tab.name}: ${await refused.textContent()}`);
  const { digest, gpu, rounds } = await outcome.evaluate(({ dataset }) => ({ ...dataset }));
  const top = await tab.find("graph-node").evaluateAll((rows) => rows.map(({ dataset }) => [Number(dataset.node), dataset.units]));
  return { digest, gpu, rounds: Number(rounds), top, device: await tab.find("graph-device").textContent() };
}

const first = (told, count) => told.top.slice(0, count).map(({ node, units }) => [node, String(units)]);

/** Whether frames came in time, as the person sees it. */
function inTime(t, what, gaps) {
  const late = gaps.filter((gap) => gap > FRAME_MS_MAX);
  t.diagnostic(`${what}: ${gaps.length} frames, ${late.length} later than ${FRAME_MS_MAX} ms, the latest ${Math.max(...gaps).toFixed(0)} ms`);
  assert.ok(late.length <= Math.max(2, LATE_SHARE_MAX * gaps.length), `${what}: frames came ${late.map(Math.round)} ms apart`);
  assert.ok(Math.max(0, ...gaps) <= GAP_MS_MAX, `${what}: a frame came after ${Math.max(...gaps).toFixed(0)} ms`);
}

for (const [what, args, gpu] of [["by WebGPU", ["--enable-unsafe-webgpu"], "true"], ["by the processor, where there is no WebGPU", [], "false"]]) {
  test(`a dropped graph is ranked ${what}, with the command line's bits`, { timeout: 300_000 }, async (t) => {
    const own = await openBrowser(args);
    const tab = await Tab.open(own, network.url, "graph");
    const loaded = [];
    tab.page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
    await tab.go("graph");
    await tab.find("graph-file").waitFor({ state: "attached" });
    assert.ok(!loaded.some((path) => path.startsWith("/reckoner")), "it is loaded by who ranks something");

    const list = edges(6_000, 60_000, 7);
    const text = list.map(([from, to]) => `${from}\t${to}\n`).join("");
    const told = await commandLine(["rank", "--top", "20"], "graph.txt", text);
    const frames = await watchFrames(tab);
    await drop(tab, "graph.txt", text);
    const shown = await ranked(tab);
    t.diagnostic(`${shown.device}, ${shown.rounds} rounds`);
    assert.equal(shown.digest, told.digest);
    assert.equal(shown.rounds, told.report.rounds);
    assert.deepEqual(shown.top, first(told, 20));
    assert.equal(shown.gpu, gpu, shown.device);
    if (gpu === "true") assert.match(shown.device, /webgpu/);
    else assert.match(await tab.find("graph-no-gpu").textContent(), /Not by a GPU: \S/);

    // The drawing is another way to see the same; who does not see it has the table.
    const drawing = tab.find("graph-drawing");
    await drawing.waitFor();
    assert.equal(await drawing.getAttribute("data-nodes"), "6000");
    await tab.find("graph-drawing", `[data-settled="true"]`).waitFor({ timeout: WORK_MS_MAX });
    inTime(t, what, await frames.stop());
    await drawing.focus();
    for (const key of ["+", "ArrowLeft", "-", "0"]) await tab.page.keyboard.press(key);
    await tab.find("graph-node").first().locator("button").click();
    assert.match(await tab.find("graph-chosen").textContent(), new RegExp(`Node ${told.top[0].node}, number 1`));

    // Where it has the focus a node is chosen by a press; it says so by its name.
    await tab.page.keyboard.press("0");
    const { width, height } = await drawing.boundingBox();
    const chosen = tab.find("graph-chosen");
    const before = await chosen.textContent();
    for (let at = 0; at < 40 && [before, ""].includes(await chosen.textContent()); at += 1) {
      await drawing.click({ position: { x: width * (0.3 + 0.01 * at), y: height / 2 } });
    }
    assert.match(await chosen.textContent(), /^Node \d+, number \d+|^This node is number \d+/);
    assert.notEqual(await chosen.textContent(), before, "a press chooses");

    // Other forms of a graph; weights; gzip.
    const weighted = `from,to,weight\n${list.slice(0, 9_000).map(([from, to], at) => `${from},${to},${1 + (at % 7) / 4}\n`).join("")}`;
    const matrix = `%%MatrixMarket matrix coordinate pattern symmetric\n6000 6000 ${2_000}\n${list.slice(0, 2_000).map(([from, to]) => `${from + 1} ${to + 1}\n`).join("")}`;
    for (const [name, content] of [["weighted.csv", weighted], ["matrix.mtx", matrix], ["weighted.csv.gz", gzipSync(weighted)]]) {
      const { digest } = await commandLine(["rank"], name, content);
      await drop(tab, name, content);
      await tab.find("graph-outcome", `[data-digest="${digest}"]`).waitFor({ timeout: WORK_MS_MAX });
    }
    assert.deepEqual(tab.errors.filter((error) => !/WebGPU|GPU|WebGL/.test(error)), []);
    await own.close();
  });
}

test("what is no graph is said where it is, and the next one is ranked", { timeout: 180_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "wrong graphs");
  await tab.go("graph");
  for (const [name, content, said] of [
    ["words.txt", "0 1\n1 two\n", /line 2: an id is not a whole number/i],
    ["far.txt", "0 4000000000\n", /line 1: an id is above/i],
    ["empty.txt", "", /no edges/i],
    ["damaged.gz", gzipSync(edges(1_000, 5_000, 3).map((edge) => `${edge.join(" ")}\n`).join("")).subarray(0, -20), /gzip is damaged/i],
    ["matrix.mtx", "nonsense\n", /line 1: expected .%%MatrixMarket/i],
  ]) {
    await drop(tab, name, content);
    await tab.find("graph-error", ":not(:empty)").filter({ hasText: said }).waitFor();
    assert.match(await tab.find("graph-error").textContent(), new RegExp(name.replace(".", "\\.")));
  }
  await tab.page.locator("details:has([data-testid=graph-field]) > summary").click();
  await tab.find("graph-field", `[data-field="alpha"]`).fill("2");
  await drop(tab, "triangle.txt", "0 1\n1 2\n2 0\n");
  await tab.find("graph-error", ":not(:empty)").filter({ hasText: /share that follows edges/i }).waitFor();
  await tab.find("graph-field", `[data-field="alpha"]`).fill("0.85");
  await tab.find("graph-field", `[data-field="device"]`).selectOption("processor");
  await tab.find("graph-example", `[data-example="crates"]`).click();
  const shown = await ranked(tab);
  assert.equal(shown.device, "this processor");
  assert.equal(await tab.find("graph-no-gpu").count(), 0, "nobody asked for one");
  await tab.find("graph-field", `[data-field="epsilon"]`).fill("1e-4");
  await tab.find("graph-again").click();
  await tab.page.waitForFunction((before) => Number(document.querySelector("[data-testid=graph-outcome]")?.dataset.rounds ?? before) < before, shown.rounds);
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("a program is reduced with the command line's result and counts", { timeout: 300_000 }, async (t) => {
  const tab = await Tab.open(browser, network.url, "machine");
  await tab.go("machine");
  await tab.find("machine-text").waitFor();
  const frames = await watchFrames(tab);
  for (const [example, mode] of [["sum", "auto"], ["fib", "lazy"], ["endless", "auto"], ["church", "strict"], ["search", "collapse"]]) {
    await tab.find("machine-field", `[data-field="example"]`).selectOption(example);
    await tab.find("machine-field", `[data-field="mode"]`).selectOption(mode);
    const text = await tab.find("machine-text").inputValue();
    const flags = { auto: [], lazy: ["--mode", "lazy"], strict: ["--mode", "strict"], collapse: ["--collapse", "100"] }[mode];
    const told = await commandLine(["ffcm", "run", ...flags, "--stats"], `${example}.txt`, text);
    // Without a pointer.
    await tab.find("machine-text").focus();
    await tab.page.keyboard.press("Control+Enter");
    await tab.find("machine-outcome", `[data-interactions="${told.interactions}"]`).waitFor({ timeout: WORK_MS_MAX });
    assert.equal(await tab.find("machine-outcome").getAttribute("data-mode"), told.mode);
    assert.equal(await tab.find("machine-result").textContent(), told.result ?? told.results.join("\n"));
    const counts = await tab.find("machine-opcode").evaluateAll((rows) => rows.map(({ dataset }) => [dataset.opcode, Number(dataset.count)]));
    assert.deepEqual(Object.fromEntries(counts), told.opcodes);
    t.diagnostic(`${example}: ${told.interactions} interactions`);
  }
  inTime(t, "programs", await frames.stop());
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("a program that does not end is stopped, and one that is wrong shows where", { timeout: 180_000 }, async (t) => {
  const tab = await Tab.open(browser, network.url, "endless");
  await tab.go("machine");
  const put = async (text) => {
    await tab.find("machine-text").fill(text);
    await tab.find("machine-run").click();
  };
  await tab.find("machine-field", `[data-field="limit"]`).fill("1,000,000,000,000");
  const frames = await watchFrames(tab);
  await put("@main = a & @loop ~ (* a)\n@loop = (* a) & @loop ~ (* a)");
  await tab.page.getByText(/interactions a second/).waitFor({ timeout: WORK_MS_MAX });
  await tab.find("machine-stop").click();
  await tab.find("machine-outcome", `[data-stopped="true"]`).waitFor();
  assert.ok(Number(await tab.find("machine-outcome").getAttribute("data-interactions")) > 0);
  inTime(t, "an endless program", await frames.stop());

  await tab.find("machine-field", `[data-field="limit"]`).fill("1000");
  await tab.find("machine-run").click();
  await tab.find("machine-trouble").filter({ hasText: /did not end within/ }).waitFor();
  const wrong = "@main = (a a) & @lop ~ (1 *)\n@loop = *";
  await put(wrong);
  const shown = await tab.find("machine-error").locator("pre").textContent();
  assert.match(shown, /^1:17: nothing is named `@lop`: did you mean `@loop`\?\n.*\n +\^$/);
  await put("");
  await tab.find("machine-error").filter({ hasText: /nothing is named `@main`/ }).waitFor();
  await tab.find("machine-field", `[data-field="limit"]`).fill("many");
  await put("@main = 1");
  await tab.find("machine-error").filter({ hasText: /limit of interactions/ }).waitFor();
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});
