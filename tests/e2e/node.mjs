// The node in a tab: what it keeps through reloads and crashes, one tab at a time, and how it reaches heavy nodes without WebRTC.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { openBrowser, Tab } from "./lib/browser.mjs";
import { chromiumPath, checkEnvironment } from "./lib/environment.mjs";
import { Network } from "./lib/network.mjs";
import { FIELD, deal, exact, penguins } from "./lib/penguins.mjs";
import { temporaryFolder } from "./lib/processes.mjs";
import { DATASET, draft } from "./lib/sum.mjs";

const NATIVES = 2;
const PARTICIPANTS = NATIVES + 1;
const END_MS_MAX = 40_000;
const parts = deal(penguins(), PARTICIPANTS);
/** How a test reaches this machine by a name, so that the browser takes the page for one that was not loaded securely. */
const INSECURE_HOST = "insecure.test";

let network, browser;
before(async () => {
  checkEnvironment();
  network = await Network.start({ heavy: 3, flags: ["--allow-host", INSECURE_HOST] });
  await network.startLights(DATASET, parts.slice(1));
  browser = await openBrowser();
}, { timeout: 120_000 });
after(async () => {
  await browser?.close();
  await network?.stop();
});

/** A tab in a context of its own, once `prepare` has done something to it. */
async function openTab(name, prepare = () => {}, within = browser) {
  const context = await within.newContext();
  await prepare(context);
  const tab = new Tab(name, network.url, context, await context.newPage());
  await tab.load();
  return tab;
}

/** Another tab of the same browser profile. */
async function sibling(tab, name) {
  const other = new Tab(name, tab.url, tab.context, await tab.context.newPage());
  await other.load();
  return other;
}

const keep = (tab) => tab.importFile(DATASET, "penguins.json", JSON.stringify(parts[0]));
const banner = (tab, kind) => tab.find("banner", `[data-kind="${kind}"]`);

/** Waits until all answers are with all heavy nodes. */
const answered = (id) => Promise.all(network.heavy.map(({ http }) =>
  http.follow(id, 60_000, "every answer", (view) => view.reports === PARTICIPANTS)));

/**
 * Another quantity for each test, in whole numbers: each asks a new tab beside the same native nodes, and two results about one quantity
 * whose participants differ by so few are refused.
 */
const FLIPPER = { value: "`Flipper Length (mm)`", lower: 0, upper: 300, decimals: 0, of: (penguin) => penguin["Flipper Length (mm)"] };
const BEAK = {
  value: "`Beak Length (mm)` * 10",
  lower: 0,
  upper: 1000,
  of: (penguin) => penguin["Beak Length (mm)"] && Math.round(penguin["Beak Length (mm)"] * 10),
};
const MASS = { of: (penguin) => penguin[FIELD] };

/** The form filled in for a quantity. */
function ask({ of: _, ...form }, seconds) {
  return { ...draft(PARTICIPANTS, seconds), ...form };
}

async function assertExact(tab, id, seconds, { of }) {
  const shown = await tab.end(id, seconds * 1000 + END_MS_MAX);
  const { sum, records } = exact(penguins().map((penguin) => ({ of: of(penguin) })), "of");
  assert.deepEqual(
    { kind: shown.kind, signatures: shown.signatures, participants: shown.participants, sum: shown.sum, records: shown.count },
    { kind: "result", signatures: "verified", participants: String(PARTICIPANTS), sum, records: String(records) },
  );
}

async function assertAllOver(tab, transport) {
  const links = await tab.links();
  assert.deepEqual(links.map((link) => [link.up, link.transport]), network.heavy.map(() => [true, transport]));
}

test("a reload in the middle loses nothing", { timeout: 120_000 }, async () => {
  const seconds = 20;
  const tab = await openTab("reloaded tab");
  await tab.join();
  await keep(tab);
  const node = await tab.id();
  await tab.load();
  assert.equal(await tab.id(), node, "the same node");
  await tab.connected(3);
  await assertAllOver(tab, "WebRTC");
  const id = await tab.propose(ask(MASS, seconds));
  await tab.page.reload();
  await tab.approve(id);
  await tab.page.reload();
  await tab.show(id);
  assert.equal(await tab.find("shares").getAttribute("data-held"), "3", "the answer is remembered");
  await answered(id);
  await assertExact(tab, id, seconds, MASS);
  assert.deepEqual(tab.errors, []);
  await tab.close();
});

test("a browser killed and started again goes on where it was", { timeout: 120_000 }, async () => {
  const seconds = 25;
  const profile = temporaryFolder();
  const session = async (visit) => {
    const crashing = await Crashing.start(profile);
    try {
      return await visit(await crashing.open(network.url));
    } finally {
      await crashing.kill();
    }
  };
  const node = await session(async (tab) => {
    await tab.join();
    const node = await tab.id();
    await keep(tab);
    return node;
  });
  const id = await session(async (tab) => {
    await tab.connected(3);
    assert.equal(await tab.id(), node, "the same node");
    await tab.go("data");
    await tab.find("dataset", `[data-name="${DATASET}"][data-rows="${parts[0].length}"]`).waitFor();
    const id = await tab.propose(ask(FLIPPER, seconds));
    await tab.approve(id);
    return id;
  });
  await session((tab) => assertExact(tab, id, seconds, FLIPPER));
});

test("without WebRTC, a tab joins over WebSocket and answers", { timeout: 120_000 }, async () => {
  const seconds = 15;
  const tab = await openTab("tab without WebRTC", (context) =>
    context.addInitScript(() => { delete globalThis.RTCPeerConnection; }));
  await tab.join();
  await keep(tab);
  await assertAllOver(tab, "WebSocket");
  const id = await tab.propose(ask(BEAK, seconds));
  await tab.approve(id);
  await answered(id);
  await assertExact(tab, id, seconds, BEAK);
  assert.deepEqual(tab.errors, []);
  await tab.close();
});

test("where UDP is blocked, a tab falls back to WebSocket by itself", { timeout: 120_000 }, async (t) => {
  // WebRTC is there and its packets are not: what a strict firewall does.
  const strict = await openBrowser(["--webrtc-ip-handling-policy=disable_non_proxied_udp"]);
  try {
    const tab = await openTab("tab behind a firewall", undefined, strict);
    const started = performance.now();
    await tab.join();
    t.diagnostic(`connected to three after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    await assertAllOver(tab, "WebSocket");
  } finally {
    await strict.close();
  }
});

for (const [how, host] of [["Web Locks", "127.0.0.1"], ["IndexedDB, on a page not loaded securely", INSECURE_HOST]]) {
  test(`one tab at a time runs the node, by ${how}`, { timeout: 120_000 }, async () => {
    const named = await openBrowser([`--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`]);
    try {
      const url = network.url.replace("127.0.0.1", host);
      const context = await named.newContext();
      const first = new Tab("first tab", url, context, await context.newPage());
      await first.load();
      await first.join();
      await keep(first);
      const node = await first.id();
      assert.equal(await first.page.evaluate(() => isSecureContext), host !== INSECURE_HOST);

      const second = await sibling(first, "second tab");
      await banner(second, "other-tab").waitFor();
      const third = await sibling(first, "third tab");
      await banner(third, "other-tab").waitFor();
      await first.connected(3);

      await first.page.close();
      const left = await Promise.race([second, third].map(async (tab) => {
        await tab.connected(3);
        return tab;
      }));
      await banner(left, "other-tab").waitFor({ state: "detached" });
      assert.equal(await left.id(), node, "the same node, in another tab");
      await left.go("data");
      await left.find("dataset", `[data-name="${DATASET}"]`).waitFor();
      await banner(left === second ? third : second, "other-tab").waitFor();
    } finally {
      await named.close();
    }
  });
}

test("a host that names other heavy nodes is not believed", { timeout: 120_000 }, async () => {
  const strangers = await Network.start({ heavy: 1 });
  try {
    const tab = await openTab("careful tab");
    await tab.join();
    const { heavy } = await strangers.heavy[0].http.get("/network");
    await tab.page.route("**/api/v1/network", (route) => route.fulfill({ json: { heavy } }));
    await tab.page.reload();
    await banner(tab, "not-pinned").waitFor();
    await tab.connected(3);
    const known = new Set((await tab.links()).map((link) => link.peer));
    assert.deepEqual(known, new Set(network.heavy.map((heavy) => heavy.id)), "only the pinned ones");
    await tab.close();
  } finally {
    await strangers.stop();
  }
});

test("a worker that does not start, or fails, is told of", { timeout: 60_000 }, async () => {
  const never = await openTab("tab without a worker", (context) => context.route("**/worker.js", (route) => route.abort()));
  await banner(never, "failed").waitFor();
  await never.close();

  const tab = await openTab("tab whose worker fails");
  await tab.join();
  const [worker] = tab.page.workers();
  // A panic: its words, then the trap that it ends in.
  await worker.evaluate(() => {
    postMessage([JSON.stringify({ Status: { Failed: { detail: "spoilt" } } })]);
    setTimeout(() => { throw new Error("unreachable"); });
  });
  await banner(tab, "failed").getByText("spoilt").waitFor({ state: "attached" });
  await tab.page.reload();
  await tab.connected(3);
  await tab.close();
});

test("a node whose data the person clears stops, and starts anew", { timeout: 60_000 }, async () => {
  const tab = await openTab("cleared tab");
  await tab.join();
  const before = await tab.id();
  const devtools = await tab.context.newCDPSession(tab.page);
  await devtools.send("Storage.clearDataForOrigin", { origin: network.url, storageTypes: "indexeddb" });
  await banner(tab, "failed").waitFor();
  await tab.page.reload();
  await tab.join();
  assert.notEqual(await tab.id(), before, "another node");
  await tab.close();
});

/** Chromium with a profile on disk, to be killed. */
class Crashing {
  static async start(profile) {
    const args = ["--headless=new", "--no-sandbox", "--no-first-run", "--disable-background-networking",
      "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
    const child = spawn(chromiumPath, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
    const lines = createInterface({ input: child.stderr });
    for await (const line of lines) {
      const endpoint = line.match(/DevTools listening on (ws:\S+)/)?.[1];
      if (endpoint) return new Crashing(child, await chromium.connectOverCDP(endpoint));
    }
    throw new Error("Chromium ended before it listened");
  }

  constructor(child, browser) {
    Object.assign(this, { child, browser });
    this.endWithScript = () => this.signal();
    process.once("exit", this.endWithScript);
  }

  async open(url) {
    const [context] = this.browser.contexts();
    const tab = new Tab("killed tab", url, context, await context.newPage());
    await tab.load();
    return tab;
  }

  /** To Chromium and all its processes. */
  signal() {
    process.kill(-this.child.pid, "SIGKILL");
  }

  async kill() {
    process.off("exit", this.endWithScript);
    const exited = once(this.child, "exit");
    this.signal();
    await exited;
  }
}
