// Jobs on real tabs: a person lends them by hand, a program runs there and nowhere else, a tab that goes hands its work back, and nothing
// hostile gets beyond its caps or keeps a tab from drawing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { openBrowser, Tab } from "./lib/browser.mjs";
import { open } from "./lib/documents.mjs";
import { checkEnvironment } from "./lib/environment.mjs";
import { guest, hostile } from "./lib/guests.mjs";
import { Submitter, ending, openLent, sha256, submitByHand, watchFrames } from "./lib/lent.mjs";
import { Network } from "./lib/network.mjs";

/** How long a job of a second or two may take here, on a machine that builds while it tests. */
const JOB_MS_MAX = 90_000;
/** A frame is drawn at least so often. */
const FRAME_MS_MAX = 100;
/** Of all frames, how many may come later than that: a machine with fewer cores than programs owes nobody every frame. */
const LATE_SHARE_MAX = 0.01;

let network, browser, submitter;
let lent = [];
before(async () => {
  checkEnvironment();
  network = await Network.start({ heavy: 3 });
  browser = await openBrowser();
  submitter = new Submitter(network.url);
}, { timeout: 120_000 });
after(async () => {
  await browser?.close();
  await network?.stop();
});

const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.id);

test("a person without a pointer lends the browser, pauses and stops", { timeout: 120_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "keyboard");
  await tab.join();
  const loaded = [];
  tab.page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await tab.find("nav", `[data-view="contribute"]`).focus();
  await tab.page.keyboard.press("Enter");
  await tab.page.waitForFunction(() => document.activeElement.id === "heading" && document.activeElement.textContent === "Contribute");
  assert.ok(await tab.find("lend").isDisabled(), "nothing begins without consent");
  await tab.page.keyboard.press("Tab");
  await tab.page.keyboard.press("Space");
  // Past the consent to hold parts of graphs, which is one of its own.
  await tab.page.keyboard.press("Tab");
  await tab.page.keyboard.press("Tab");
  assert.equal(await focused(tab.page), "Start contributing");
  await tab.page.keyboard.press("Enter");
  await tab.find("lending", `[data-state="ready"]`).waitFor();
  await tab.find("pause").focus();
  await tab.page.keyboard.press("Enter");
  await tab.find("lending", `[data-state="held"]`).waitFor();
  await tab.find("lent", `[data-field="share"]`).focus();
  await tab.page.keyboard.press("ArrowDown");

  // What was chosen is there after a reload, the pause too.
  const share = await tab.find("lent", `[data-field="share"]`).inputValue();
  assert.equal(share, "75");
  await tab.page.reload();
  await tab.find("lending", `[data-state="held"]`).waitFor();
  assert.equal(await tab.find("lent", `[data-field="share"]`).inputValue(), share);
  await tab.find("pause").click();
  await tab.find("lending", `[data-state="ready"]`).waitFor();
  await tab.find("stop-lending").focus();
  await tab.page.keyboard.press("Enter");
  await tab.find("stop-lending-confirm").focus();
  await tab.page.keyboard.press("Enter");
  await tab.find("lending", `[data-state="off"]`).waitFor();
  assert.ok(!loaded.some((path) => path.startsWith("/runner")), "the sandbox is loaded by who runs something");
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("a program in Rust runs on tabs alone, and its submitter sees output and receipts", { timeout: 240_000 }, async () => {
  // One of them gives a quarter of its time, so its guests run in steps.
  for (const [name, share] of [["t1", "100"], ["t2", "100"], ["t3", "25"]]) lent.push(await openLent(browser, network.url, name, { share }));
  const tab = await Tab.open(browser, network.url, "submitter");
  await tab.join();
  await tab.go("jobs");
  await tab.find("job-module").setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no program") });
  await tab.find("job-error", ":not(:empty)").waitFor();
  await tab.find("job-module").setInputFiles({ name: "primes.wasm", mimeType: "application/wasm", buffer: guest("primes") });
  await tab.find("job-field", `[data-field="args"]`).fill("0\n1000");
  await tab.page.locator("details:has([data-field=fuel]) > summary").click();
  await tab.find("job-field", `[data-field="nodes"]`).selectOption("tabs");
  await tab.find("job-field", `[data-field="fuel"]`).fill("none");
  await tab.find("job-submit").focus();
  await tab.page.keyboard.press("Enter");
  await tab.find("job-field-error", `[data-field="fuel"]`).waitFor();
  await tab.page.waitForFunction(() => document.activeElement.dataset.field === "fuel");
  await tab.find("job-field", `[data-field="fuel"]`).fill("2000");
  await tab.find("job-submit").click();
  await tab.find("job-detail", `[data-state="done"]`).waitFor({ timeout: JOB_MS_MAX });
  assert.equal(await tab.find("job-output", `[data-stream="stdout"]`).textContent(), "168\n");
  await tab.find("job-receipts", `[data-checked="verified"]`).waitFor();

  const id = await tab.find("job-detail").getAttribute("data-id");
  const view = await submitter.job(id);
  const tabs = lent.map(({ node }) => node);
  assert.equal(view.result.nodes.length, 2);
  assert.match(await tab.find("job-outcome").textContent(), /2 nodes ran it and agree on every byte/);
  for (const node of view.result.nodes) assert.ok(tabs.includes(node), `${node} is a tab that was lent`);
  for (const receipt of await submitter.receipts(id)) {
    const { signers, json } = open(receipt);
    assert.ok(signers.has(json.predicate.node) && tabs.includes(json.predicate.node));
    assert.ok([...signers].some((signer) => network.heavy.some((heavy) => heavy.id === signer)), "a heavy node witnesses it");
    assert.equal(json.subject[0].digest.sha256, sha256("168\n"));
  }

  // Who ran it sees for whom, and has the receipt.
  const worker = lent.find(({ node }) => view.result.nodes.includes(node));
  await worker.go("contribute");
  const past = worker.find("past", `[data-id="${id}"][data-taken="true"]`);
  await past.waitFor();
  assert.match(await past.textContent(), /primes.*For node ….*Done\./s);
  const [download] = await Promise.all([worker.page.waitForEvent("download"), past.locator("button").click()]);
  const saved = JSON.parse(readFileSync(await download.path(), "utf8"));
  assert.equal(open(saved).json.predicate.node, worker.node);

  await tab.go("jobs");
  await tab.find("job", `[data-id="${id}"][data-state="done"]`).waitFor();

  const module = await submitter.keep(guest("primes"));
  const all = { name: "all must agree", module, args: ["primes", "0", "300000"], replicas: 3, quorum: "unanimous" };
  const { state, result } = await submitter.ended(await submitter.submit(all), JOB_MS_MAX);
  assert.deepEqual([state, result?.agreed, result?.judged], ["done", 3, false], "in steps it gives the same, to the last unit of fuel");
  assert.deepEqual(tab.errors, []);
  await receiptAlone(tab, saved);
  await tab.context.close();
});

/** A receipt is checked without a network, and run again. */
async function receiptAlone(tab, receipt) {
  const file = (name, buffer) => ({ name, mimeType: "application/octet-stream", buffer });
  await tab.page.evaluate(() => { location.hash = "#/receipt"; });
  await tab.find("receipt-file").waitFor({ state: "attached" });
  await tab.context.setOffline(true);
  const check = (document) => tab.find("receipt-file").setInputFiles(file("receipt.json", Buffer.from(JSON.stringify(document))));
  const payload = Buffer.from(receipt.payload, "base64").toString();
  await check({ ...receipt, payload: Buffer.from(payload.replace(/"used":\d+/, `"used":7`)).toString("base64") });
  await tab.find("receipt", `[data-checked="failed"]`).waitFor();
  await check(receipt);
  await tab.find("receipt", `[data-checked="verified"]`).waitFor();
  await tab.context.setOffline(false);
  await tab.find("rerun-module").setInputFiles(file("other.wasm", guest("sum")));
  await tab.find("rerun-go").click();
  await tab.find("rerun", `[data-outcome="differs"]`).waitFor();
  await tab.find("rerun-module").setInputFiles(file("primes.wasm", guest("primes")));
  await tab.find("rerun-go").click();
  await tab.find("rerun", `[data-outcome="same"]`).waitFor({ timeout: JOB_MS_MAX });
  await tab.connected(3);
}

test("a tab that is closed in the middle hands the job to another, and only that one is credited", { timeout: 300_000 }, async () => {
  const module = await submitter.keep(guest("primes"));
  const fields = { name: "many primes", module, args: ["primes", "0", "20000000"], limits: { fuel: 2_000_000_000 } };
  const id = await submitter.submit(fields);
  const running = await submitter.until(id, JOB_MS_MAX, "a tab that runs it", ({ state, leases }) => state === "running" && leases.length === 1);
  const [{ node, kind }] = running.leases;
  assert.equal(kind, "tab");
  const closed = lent.find((tab) => tab.node === node);
  await closed.go("contribute");
  await closed.find("guest", `[data-id="${id}"][data-step="running"]`).waitFor();
  await closed.context.close();
  lent = lent.filter((tab) => tab !== closed);
  const view = await submitter.ended(id, 2 * JOB_MS_MAX);
  assert.equal(view.state, "done", JSON.stringify(view));
  assert.equal(view.result.nodes.length, 1);
  assert.notEqual(view.result.nodes[0], node);
  assert.equal((await submitter.receipts(id)).length, 1);
  assert.equal((await submitter.output(id)).toString(), "1270607\n");
});

test("nothing hostile gets beyond its caps, and the tab goes on drawing", { timeout: 600_000 }, async (t) => {
  const [worker] = lent;
  await worker.go("contribute");
  await worker.page.bringToFront();
  const limits = { fuel: 500_000_000, memory_bytes: 64 << 20, output_bytes: 1 << 20, wall_ms: 60_000 };
  for (const [name, { module, args = [], ends }] of Object.entries(hostile())) {
    const frames = await watchFrames(worker);
    const begun = performance.now();
    const blob = await submitter.keep(module);
    const id = await submitter.submit({ name, module: blob, args, limits, constraints: { nodes: [worker.node] } });
    const view = await submitter.ended(id, JOB_MS_MAX);
    const took = performance.now() - begun;
    const gaps = await frames.stop();
    const late = gaps.filter((gap) => gap > FRAME_MS_MAX);
    t.diagnostic(`${name}: ${view.result ? ending(view.result.ending) : view.refusal.words} after ${(took / 1000).toFixed(1)} s; ` +
      `${gaps.length} frames, ${late.length} later than ${FRAME_MS_MAX} ms, the latest ${Math.max(...gaps).toFixed(0)} ms`);
    assert.ok(view.result, JSON.stringify(view));
    assert.match(ending(view.result.ending), ends, name);
    assert.ok(late.length <= Math.max(1, LATE_SHARE_MAX * gaps.length), `${name}: frames came ${late.map(Math.round)} ms apart`);
  }
  // With more fuel than there is time: nothing but the clock ends it, and its runner with it.
  const endless = (hostile())["an infinite loop"].module;
  const timed = { fuel: 1_000_000_000_000, wall_ms: 3_000 };
  const slow = await submitter.submit({
    name: "more fuel than time", module: await submitter.keep(endless), limits: timed, constraints: { nodes: [worker.node] },
    deadline: new Date(Date.now() + 20_000).toISOString(),
  });
  await worker.find("past", `[data-id="${slow}"]`).waitFor({ timeout: 15_000 });
  assert.match(await worker.find("past", `[data-id="${slow}"]`).first().textContent(), /time|lease/);
  const given = await submitter.ended(slow, JOB_MS_MAX);
  t.diagnostic(`more fuel than time: ${given.refusal?.words}`);
  assert.equal(given.state, "refused");
  const id = await submitter.submit({
    name: "and then a good one", module: await submitter.keep(guest("hello")), constraints: { nodes: [worker.node] },
  });
  assert.equal((await submitter.ended(id, JOB_MS_MAX)).state, "done");
  assert.deepEqual(worker.errors, []);
});

test("a job that its submitter takes back stops where it runs", { timeout: 240_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "canceller");
  await tab.join();
  const fields = { args: "0\n40000000", replicas: "1", nodes: "tabs", fuel: "1000000" };
  await submitByHand(tab, "primes.wasm", guest("primes"), fields);
  await tab.find("job-lease").waitFor({ timeout: JOB_MS_MAX });
  const node = await tab.find("job-lease").getAttribute("data-node");
  const worker = lent.find((lent) => lent.node === node);
  await worker.go("contribute");
  await worker.find("guest", `[data-step="running"]`).waitFor();
  await tab.find("job-cancel").click();
  await tab.find("job-cancel-confirm").click();
  await tab.find("job-detail", `[data-state="cancelled"]`).waitFor();
  await worker.find("guest").waitFor({ state: "detached" });
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});
