// The packages for PHP and TypeScript against a real network, whose jobs native workers run. Python has tests of its own in sdk/python.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { openBrowser } from "./lib/browser.mjs";
import { formix, root } from "./lib/environment.mjs";
import { guest, guestPath, guests } from "./lib/guests.mjs";
import { startWorker } from "./lib/workers.mjs";
import { Network } from "./lib/network.mjs";
import { run, temporaryFolder } from "./lib/processes.mjs";

const PACKAGE = join(root, "sdk/typescript");
const RUN_MS_MAX = 240_000;
/** A page that may ask the heavy node: any, with the package beside it. */
const PAGE = "<!doctype html><title>page</title>";

const php = (...args) => run("php", args, { env: { FORMIX_HOME: temporaryFolder() }, limitMs: RUN_MS_MAX });
const hasPhpUnit = await run("phpunit", ["--version"]).then(() => true, () => false);
let network;
let pages;
let sdk;

before(async () => {
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "--project", PACKAGE], { limitMs: RUN_MS_MAX });
  sdk = await import(pathToFileURL(join(PACKAGE, "dist/node.js")));
  pages = createServer((request, response) => {
    const isScript = /^\/dist\/\w+\.js$/.test(request.url);
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? readFileSync(join(PACKAGE, request.url)) : PAGE);
  }).listen(0, "127.0.0.1");
  await once(pages, "listening");
  network = await Network.start({ flags: ["--allow-origin", `http://127.0.0.1:${pages.address().port}`] });
  for (const name of ["w1", "w2"]) await startWorker(network, name, 2);
}, { timeout: RUN_MS_MAX });

after(async () => {
  pages?.close();
  await network?.stop();
});

const client = async () => new sdk.Client(network.url, { identity: sdk.loadIdentity(join(temporaryFolder(), "identity")) });

test("every verifier agrees with Rust about the same receipts", { timeout: RUN_MS_MAX }, async () => {
  const folder = temporaryFolder();
  const flags = { node: "by" };
  for (const { name, holds, document, against } of JSON.parse(readFileSync(join(root, "tests/sdk/receipts.json"), "utf8"))) {
    // Who witnesses is for the caller to ask; the command line does not.
    if ("witness" in against) continue;
    const keep = (key, value) => {
      const path = join(folder, key);
      writeFileSync(path, value);
      return path;
    };
    const args = ["--home", folder, "receipt", "verify", keep("receipt.json", document)];
    for (const [key, value] of Object.entries(against)) {
      const given = key === "node" ? value : keep(key, key === "manifest" ? value : Buffer.from(value, "base64"));
      args.push(`--${flags[key] ?? key}`, given);
    }
    const verdict = await run(formix, args).then(() => true, () => false);
    assert.equal(verdict, holds, name);
  }
});

test("TypeScript: a job runs elsewhere, and its receipts are verified", { timeout: RUN_MS_MAX }, async () => {
  const here = await client();
  const job = await here.submit(guest("hello"), { input: "Grüße", name: "hello", replicas: 2 });
  const states = [];
  const result = await job.result({ timeoutMs: 120_000, progress: ({ state }) => states.push(state), witness: true });
  assert.equal(result.text, "eßürG\n");
  assert.equal(states.at(-1), "done");
  assert.equal(new Set(result.receipts.map(({ node }) => node)).size, 2);
  const { id } = await here.identity();
  for (const document of result.documents) {
    const receipt = await sdk.verifyReceipt(JSON.stringify(document), { manifest: job.envelope, stdout: result.stdout, module: guest("hello") });
    assert.deepEqual([receipt.job, receipt.submitter], [job.id, id]);
    const forged = JSON.stringify(document).replace(receipt.node, id);
    await assert.rejects(sdk.verifyReceipt(forged), sdk.VerificationError);
  }
  // By its id, for who did not submit it.
  const again = await (await client()).job(job.id);
  assert.equal((await again.result()).text, "eßürG\n");
  assert.ok((await here.jobs({ submitter: id, state: "done" })).some((status) => status.id === job.id));
  assert.equal((await here.workers()).filter(({ kind }) => kind === "native").length, 2);
});

test("TypeScript: an array is reduced to one", { timeout: RUN_MS_MAX }, async () => {
  const items = Array.from({ length: 10 }, (_, at) => ({ args: [String(100 * at), String(100 * at + 100)] }));
  const jobs = await (await client()).submitMany(guest("primes"), items, { name: "primes", reduce: guest("sum") });
  let last;
  const result = await jobs.result({ timeoutMs: 180_000, progress: (status) => (last = status) });
  assert.equal(result.text, "168\n");
  assert.deepEqual([last.counts.done, last.isEnded, sdk.arrayWords(last)], [10, true, "10 of 10 done"]);
  assert.equal((await jobs.results())[0].text, "25\n");
});

test("TypeScript: long bytes go in parts", { timeout: RUN_MS_MAX }, async () => {
  // Without arguments this guest does nothing, whatever it is given.
  const input = new Uint8Array(5 << 20).fill(7);
  const job = await (await client()).submit(guest("fail"), { input });
  const { documents } = await job.result({ timeoutMs: 180_000 });
  assert.equal((await sdk.verifyReceipt(documents[0], { stdin: input })).job, job.id);
});

test("TypeScript: a failure says why", { timeout: RUN_MS_MAX }, async () => {
  const here = await client();
  for (const [how, ending] of [["exit", { exit: 7 }], ["loop", "out-of-fuel"], ["panic", "unreachable"]]) {
    const job = await here.submit(guest("fail"), { args: [how], limits: { fuel: 50_000_000 } });
    await assert.rejects(job.result({ timeoutMs: 120_000 }), (error) => {
      assert.ok(error instanceof sdk.JobFailed, String(error));
      assert.deepEqual(error.result.ending.trap?.code ?? error.result.ending, ending);
      assert.equal(new TextDecoder().decode(error.result.stderr).includes("as asked"), how === "panic");
      return error.result.receipts.length > 0;
    });
  }
});

test("TypeScript: a job that nobody runs is waited for in vain, and cancelled", { timeout: RUN_MS_MAX }, async () => {
  const here = await client();
  const nobody = await sdk.Identity.generate();
  const job = await here.submit(guest("hello"), { nodes: [nobody.id] });
  await assert.rejects(job.result({ timeoutMs: 1_500 }), (error) => error instanceof sdk.ResultTimeout && /waiting/.test(error.message));
  const stop = new AbortController();
  const waiting = job.result({ signal: stop.signal });
  setTimeout(() => stop.abort(new Error("enough")), 300);
  await assert.rejects(waiting, /enough/);
  assert.ok((await job.why()).words);
  await assert.rejects((await (await client()).job(job.id)).cancel(), sdk.ProblemError);
  const seen = [];
  const watching = (async () => {
    for await (const status of job.events()) {
      seen.push(status.state);
      if (seen.length === 1) await job.cancel();
    }
  })();
  await watching;
  assert.deepEqual(seen, ["waiting", "cancelled"]);
  await assert.rejects(job.result(), sdk.JobEnded);
});

test("TypeScript: what no node can ever run, and what nobody knows, is told at once", { timeout: RUN_MS_MAX }, async () => {
  const here = await client();
  const none = await sdk.contentId(new TextEncoder().encode("no job"));
  await assert.rejects(here.submit(guest("hello"), { outputs: [none] }), sdk.InvalidJob);
  await assert.rejects(here.job(none), sdk.UnknownJob);
});

test("TypeScript: the same in a page of another origin, with a key that stays in the browser", { timeout: RUN_MS_MAX }, async () => {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${pages.address().port}/`);
    const found = await page.evaluate(async ({ url, module }) => {
      const { Client, Identity, verifyReceipt } = await import("/dist/index.js");
      const identity = await Identity.stored();
      const job = await new Client(url, { identity }).submit(Uint8Array.from(atob(module), (letter) => letter.charCodeAt(0)));
      const states = [];
      for await (const { state } of job.events()) states.push(state);
      const result = await job.result();
      const receipt = await verifyReceipt(JSON.stringify(result.documents[0]), { manifest: job.envelope });
      return { text: result.text, last: states.at(-1), same: identity.id === (await Identity.stored()).id, by: receipt.submitter === identity.id };
    }, { url: network.url, module: guest("hello").toString("base64") });
    assert.deepEqual(found, { text: "dlroW ,olleH\n", last: "done", same: true, by: true });
    const refused = await page.evaluate(async (cases) => {
      const { verifyReceipt } = await import("/dist/index.js");
      const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const wrong = [];
      for (const { name, holds, document, against } of cases) {
        for (const file of ["module", "stdin", "stdout", "stderr"]) if (file in against) against[file] = bytes(against[file]);
        const verdict = await verifyReceipt(document, against).then(() => true, () => false);
        if (verdict !== holds) wrong.push(name);
      }
      return wrong;
    }, JSON.parse(readFileSync(join(root, "tests/sdk/receipts.json"), "utf8")));
    assert.deepEqual(refused, []);
  } finally {
    await browser.close();
  }
});

test("PHP: its tests pass, none left out", { timeout: RUN_MS_MAX, skip: hasPhpUnit ? false : "needs PHPUnit (Debian: phpunit)" }, async (t) => {
  const env = { FORMIX_URL: network.url, FORMIX_GUESTS: guests };
  const told = await run("phpunit", ["--configuration", join(root, "sdk/php"), "--fail-on-skipped"], { env, limitMs: RUN_MS_MAX });
  t.diagnostic(told.trim().split("\n").at(-1));
  assert.match(told, /^OK \(\d+ tests, \d+ assertions\)$/m);
});

test("the examples do what they say", { timeout: RUN_MS_MAX }, async () => {
  const example = (name) => join(root, "sdk/php/examples", name);
  assert.equal(await php(example("remote.php"), guestPath("hello"), network.url), "dlroW ,olleH\nReceipt verified\n");
  const env = { FORMIX_HOME: temporaryFolder(), FORMIX_URL: network.url };
  assert.equal(await run("php", [example("local.php"), guestPath("primes"), guestPath("sum")], { env, limitMs: RUN_MS_MAX }), "primes below 100000: 9592\n");
  const remote = join(PACKAGE, "examples/remote.mjs");
  assert.equal(await run(process.execPath, [remote, guestPath("hello"), network.url], { env, limitMs: RUN_MS_MAX }), "dlroW ,olleH\nReceipt verified\n");
});
