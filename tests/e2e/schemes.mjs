// Each scheme against a heavy process that is killed and a heavy node that lies: what it promises, and no more.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openBrowser } from "./lib/browser.mjs";
import { verifyEnd } from "./lib/documents.mjs";
import { checkEnvironment, root } from "./lib/environment.mjs";
import { Network } from "./lib/network.mjs";
import { deal, exact, penguins } from "./lib/penguins.mjs";
import { run, temporaryFolder } from "./lib/processes.mjs";
import { python } from "./lib/python.mjs";
import { SCHEMES, propose } from "./lib/stats.mjs";
import { DATASET, openTabs } from "./lib/sum.mjs";
import { buildProgram } from "./lib/tab-page.mjs";

const NATIVES = 3;
const PARTICIPANTS = NATIVES + 1;
/** Until when all must have answered, on a slow machine too. */
const OPEN_S = 120;
/** In this time three computations are proposed and answered, and a process is killed. */
const KILL_S = 40;
/** Deadline plus this is when a heavy node without a result refuses; a little more for it to be told. */
const END_MS_MAX = 45_000;

/** Three heavy processes, of which the first run `programs`; one tab and native nodes that keep the penguins among them. */
class Penguins {
  static async start(programs = []) {
    checkEnvironment();
    const parts = deal(penguins(), PARTICIPANTS);
    const here = new Penguins();
    try {
      here.network = await Network.start({ heavy: 3, programs });
      await here.network.startLights(DATASET, parts.slice(1));
      here.browser = await openBrowser();
      // The tab's host is a heavy node that runs `formix`.
      const hosts = { heavy: here.network.heavy.slice(programs.length) };
      [here.tab] = await openTabs(here.browser, hosts, parts.slice(0, 1));
      return here;
    } catch (error) {
      await here.stop();
      throw error;
    }
  }

  /** Proposes the mean of mass from the page; it closes with the last answer where `isEarly`. */
  async ask(t, scheme, seconds, isEarly) {
    const fields = {
      title: `How heavy, by ${scheme}?`,
      purpose: "To compare schemes.",
      dataset: DATASET,
      template: "mean",
      value: "`Body Mass (g)`",
      lower: 2000,
      upper: 7000,
      scheme,
      participants_min: PARTICIPANTS,
      // Few enough that the heavy nodes give up soon.
      participants_max: isEarly ? PARTICIPANTS : 10 * PARTICIPANTS,
      deadline: (seconds / 60).toFixed(3),
    };
    return propose(this.tab, this.network, fields, (line) => t.diagnostic(line));
  }

  /** The verified end at a heavy node. */
  async end(heavy, id, seconds) {
    await heavy.http.follow(id, seconds * 1000 + END_MS_MAX, `an end at ${heavy.name}`, (view) => view.result || view.refusal);
    return verifyEnd(await heavy.documents(id));
  }

  async stop() {
    await this.browser?.close();
    await this.network?.stop();
  }
}

function assertExact(end) {
  const { sum, records, mean } = exact(penguins());
  const { kind, participants, answer } = end;
  assert.equal(kind, "result", end.reason?.code);
  assert.equal(participants, PARTICIPANTS);
  const { count, sum: found, mean: average } = answer.result;
  assert.deepEqual({ count, sum: found, mean: Number(average).toFixed(6) }, { count: `${records}`, sum, mean });
}

const started = [];
after(() => Promise.all(started.map((each) => each.stop())));

test("every scheme gives the exact figure; then a heavy process is killed", { timeout: 300_000 }, async (t) => {
  const here = await Penguins.start();
  started.push(here);
  const { network, tab } = here;

  for (const scheme of SCHEMES) {
    await t.test(`${scheme}: exact, signed by three, shown in the page`, async () => {
      const id = await here.ask(t, scheme, OPEN_S, true);
      await tab.approve(id);
      for (const end of await Promise.all(network.heavy.map((heavy) => here.end(heavy, id, OPEN_S)))) {
        assertExact(end);
        assert.equal(end.proposal.scheme, scheme);
        assert.equal(end.signers.length, 3);
      }
      const shown = await tab.end(id, END_MS_MAX);
      assert.equal(shown.signatures, "verified");
      assert.equal(shown.sum, exact(penguins()).sum);
      assert.equal(await tab.find("accused").count(), 0, "nobody lied");
    });
  }

  await t.test("SIGKILL between the answers and the deadline: rep64 exact by two, the others a signed refusal", async () => {
    const ids = {};
    for (const scheme of SCHEMES) {
      ids[scheme] = await here.ask(t, scheme, KILL_S, false);
      await tab.approve(ids[scheme]);
    }
    const all = SCHEMES.flatMap((scheme) => network.heavy.map((heavy) =>
      heavy.http.follow(ids[scheme], KILL_S * 1000, `every answer at ${heavy.name}`, (view) => view.reports === PARTICIPANTS && !view.result)));
    await Promise.all(all);
    const [lost] = network.heavy.slice(-1);
    const left = network.heavy.slice(0, -1);
    await lost.kill();
    await Promise.all(SCHEMES.flatMap((scheme) => left.map(async (heavy) => {
      const end = await here.end(heavy, ids[scheme], KILL_S);
      if (scheme === "rep64") {
        assertExact(end);
        assert.deepEqual(end.signers.toSorted(), left.map(({ id }) => id).toSorted());
      } else {
        assert.equal(end.kind, "refusal", `${scheme} ends without a figure`);
        assert.deepEqual(end.signers, [end.heavy]);
        t.diagnostic(`${scheme} at ${heavy.name}: ${JSON.stringify(end.reason)}`);
      }
    })));
    const shown = await tab.end(ids.rep64, END_MS_MAX);
    assert.equal(shown.signatures, "verified");
    assert.equal(shown.sum, exact(penguins()).sum);
  });
  await here.stop();
});

test("a heavy node that lies about its sums is named, with evidence that a stranger's script checks", { timeout: 300_000 }, async (t) => {
  checkEnvironment();
  const here = await Penguins.start([buildProgram("dev", "--package", "liar")]);
  started.push(here);
  const [liar, ...honest] = here.network.heavy;
  const id = await here.ask(t, "rep64", OPEN_S, true);
  await here.tab.approve(id);
  const interpreter = await python();
  const checkFile = (script, file) => run(interpreter, [join(root, "sdk/verify", script), file]);
  const check = (script, documents) => {
    const file = join(temporaryFolder(), "documents.json");
    writeFileSync(file, JSON.stringify(documents));
    return checkFile(script, file);
  };
  for (const heavy of honest) {
    const end = await here.end(heavy, id, OPEN_S);
    assertExact(end);
    const honestSigners = end.signers.filter((signer) => signer !== liar.id);
    assert.deepEqual(honestSigners.toSorted(), honest.map((each) => each.id).toSorted());

    const accused = await heavy.http.follow(id, END_MS_MAX, `an accusation at ${heavy.name}`, (view) => view.accused?.length && view.accused);
    assert.deepEqual(accused, [liar.id]);
    const evidence = await heavy.http.get(`/computations/${id}/evidence`);
    const { proposal, end: signed } = await heavy.documents(id);
    assert.match(await check("verify.py", { proposal, end: signed }), new RegExp(exact(penguins()).sum));
    assert.match(await check("evidence.py", { proposal, evidence }), new RegExp(`^${liar.id} lied`));

    // Nobody is convicted by what they did not sign.
    const text = Buffer.from(evidence.payload, "base64").toString();
    const framed = text.replaceAll(liar.id, honest.find((other) => other !== heavy).id);
    const forged = { ...evidence, payload: Buffer.from(framed).toString("base64") };
    await assert.rejects(check("evidence.py", { proposal, evidence: forged }));
  }

  await t.test("the page shows the exact result, names the liar, and saves evidence that the script takes", async () => {
    const shown = await here.tab.end(id, END_MS_MAX);
    assert.equal(shown.signatures, "verified");
    assert.equal(shown.sum, exact(penguins()).sum);
    const accused = await here.tab.accused(id, END_MS_MAX);
    assert.equal(accused.heavy, liar.id);
    assert.equal(accused.checked, "verified");
    assert.match(accused.text, /The result stands/);
    assert.match(await checkFile("evidence.py", accused.evidence), new RegExp(`^${liar.id} lied`));
    assert.match(await checkFile("verify.py", accused.evidence), new RegExp(exact(penguins()).sum));
    assert.deepEqual(here.tab.errors, []);
  });
  await here.stop();
});
