// Heavy processes killed with SIGKILL and started again: nothing acknowledged is lost, and tabs notice and come back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib/browser.mjs";
import { verifyEnd } from "./lib/documents.mjs";
import { checkEnvironment } from "./lib/environment.mjs";
import { Network } from "./lib/network.mjs";
import { deal, exact, penguins } from "./lib/penguins.mjs";
import { DATASET, draft, openTabs } from "./lib/sum.mjs";

const NATIVES = 3;
const PARTICIPANTS = NATIVES + 1;
/** How soon a tab knows that a heavy node is gone. */
const NOTICE_MS_MAX = 10_000;
/** Deadline plus this is when a heavy node without a result refuses; a little more for it to be told. */
const END_MS_MAX = 40_000;
const ROLES = [0, 1, 2];

let network, browser, tab;
before(async () => {
  checkEnvironment();
  const parts = deal(penguins(), PARTICIPANTS);
  network = await Network.start({ heavy: 3 });
  await network.startLights(DATASET, parts.slice(1));
  browser = await openBrowser();
  [tab] = await openTabs(browser, network, parts.slice(0, 1));
}, { timeout: 120_000 });
after(async () => {
  await browser?.close();
  await network?.stop();
});

/** Proposes from the page and waits until every heavy node has acknowledged every answer. */
async function answered(seconds) {
  const id = await tab.propose(draft(PARTICIPANTS, seconds));
  await tab.approve(id);
  await Promise.all(network.heavy.map((heavy) =>
    heavy.http.follow(id, seconds * 1000, "every answer", (view) => view.reports === PARTICIPANTS)));
  return id;
}

/** All heavy nodes' ends, verified: the exact total over everybody, or a signed refusal. */
async function ends(id, seconds) {
  return Promise.all(network.heavy.map(async (heavy) => {
    await heavy.http.follow(id, seconds * 1000 + END_MS_MAX, `an end at ${heavy.name}`, (view) => view.result || view.refusal);
    return verifyEnd(await heavy.documents(id));
  }));
}

function assertExact(end) {
  const { sum, records, mean } = exact(penguins());
  assert.deepEqual(
    { kind: end.kind, participants: end.participants, sum: end.sum, records: end.records, mean: end.mean },
    { kind: "result", participants: PARTICIPANTS, sum, records, mean },
  );
}

test("each heavy node killed after it acknowledged, before the deadline: every answer counts", { timeout: 240_000 }, async (t) => {
  const seconds = 60;
  const id = await answered(seconds);
  for (const role of ROLES) {
    const heavy = network.heavy[role];
    const killed = performance.now();
    await heavy.kill();
    await tab.connected(2, NOTICE_MS_MAX);
    const noticed = performance.now() - killed;
    await heavy.start();
    const view = await heavy.http.get(`/computations/${id}`);
    assert.equal(view.reports, PARTICIPANTS, `${heavy.name} has every answer back`);
    await tab.connected(3);
    t.diagnostic(`${heavy.name}: the tab noticed after ${(noticed / 1000).toFixed(1)} s, back after ${((performance.now() - killed) / 1000).toFixed(1)} s`);
  }
  for (const end of await ends(id, seconds)) assertExact(end);
  const shown = await tab.end(id, END_MS_MAX);
  assert.equal(shown.signatures, "verified");
  assert.equal(shown.sum, exact(penguins()).sum);
});

test("an answer given while a heavy node is down reaches it when it is back", { timeout: 180_000 }, async () => {
  const seconds = 40;
  const id = await tab.propose(draft(PARTICIPANTS, seconds));
  const heavy = network.heavy[1];
  await heavy.kill();
  await tab.approve(id, 2);
  await heavy.start();
  await tab.find("shares", '[data-held="3"]').waitFor();
  for (const end of await ends(id, seconds)) assertExact(end);
});

for (const role of ROLES) {
  test(`heavy node ${role + 1} killed while the three agree: the exact total or a signed refusal`, { timeout: 180_000 }, async (t) => {
    const seconds = 12;
    const id = await answered(seconds);
    const heavy = network.heavy[role];
    // The first word of the agreement, whichever node says it: then this one is in the middle of it.
    const seen = await Promise.race(network.heavy.map(({ http }) =>
      http.follow(id, seconds * 1000 + END_MS_MAX, "the agreement's start", (view) =>
        !["proposed", "open"].includes(view.stage) && view.stage)));
    await heavy.kill();
    await heavy.start();
    const all = await ends(id, seconds);
    t.diagnostic(`killed at "${seen}"; ended with ${all.map((end) => end.reason?.code ?? end.kind).join(", ")}`);
    for (const end of all) {
      if (end.kind === "result") assertExact(end);
      else assert.ok(end.reason.code, "a refusal says why");
    }
    await tab.connected(3);
  });
}
