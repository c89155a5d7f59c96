// Manifests and signatures: what is built is what Rust froze in tests/wire, and what is not acceptable is refused before it is sent.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Client, Envelope, Identity, InvalidJob, Unreachable, contentId, verifyReceipt } from "formix";
import { loadIdentity, local } from "formix/node";
import { messages } from "../dist/http.js";
import { parse } from "../dist/json.js";
import { openManifest } from "../dist/manifest.js";

const golden = {};
for (const line of readFileSync(new URL("../../../tests/wire/golden/jobs.txt", import.meta.url), "utf8").split("\n")) {
  if (line.startsWith("    ")) golden[golden[""]] = line.trim();
  else if (line && !line.startsWith("#")) golden[""] = line;
}
const SEED = new Uint8Array(32).fill(9);
const MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

test("the frozen manifest is read, and signed again to the byte", async () => {
  const envelope = Envelope.from(golden["manifest: document"]);
  const { id, manifest } = await openManifest(envelope);
  assert.equal(id, await contentId(new TextEncoder().encode(golden["manifest: payload"])));
  assert.deepEqual([manifest.replicas, manifest.quorum, manifest.limits.fuel], [3, "unanimous", 5_000_000]);
  const identity = await Identity.fromSeed(SEED);
  assert.equal(manifest.submitter, identity.id);
  assert.deepEqual(await identity.sign(envelope.payloadType, envelope.payload), envelope);
  assert.equal(JSON.stringify(envelope), golden["manifest: document"]);
  const receipt = await verifyReceipt(golden["receipt: document"], { manifest: envelope });
  assert.deepEqual([receipt.fuel, receipt.succeeded, receipt.job], [48_151, true, id]);
});

test("a fresh identity signs what verifies", async () => {
  const identity = await Identity.generate();
  const envelope = await identity.sign("text/plain", Uint8Array.of(1, 2));
  assert.deepEqual(await envelope.verify("text/plain", [identity.id]), Uint8Array.of(1, 2));
  const other = new Envelope("text/plain", Uint8Array.of(1, 3), envelope.signatures);
  await assert.rejects(other.verify("text/plain", [identity.id]), /does not fit/);
});

for (const [place, options] of [
  ["replicas", { replicas: 8 }],
  ["replicas", { replicas: 3, deterministic: false }],
  ["limits.fuel", { limits: { fuel: 0 } }],
  ["limits", { limits: { gas: 1 } }],
  ["env", { env: { "A=B": "" } }],
  ["args", { args: ["a\0b"] }],
  ["args", { args: ["x".repeat(20_000)] }],
  ["half a letter", { args: ["\ud800"] }],
  ["nodes", { nodes: ["me"] }],
  ["kinds", { kinds: ["phone"] }],
  ["whole number", { priority: 1.5 }],
  ["deadline", { deadline: 0 }],
  ["deadline", { deadline: new Date("soon") }],
  ["entry", { entry: "" }],
]) {
  test(`a job that is not acceptable is refused: ${place} of ${JSON.stringify(options).slice(0, 60)}`, async () => {
    // Nobody listens there: what is refused was not sent.
    await assert.rejects(new Client("http://127.0.0.1:1").submit(MODULE, options), (error) => error instanceof InvalidJob && error.message.includes(place));
  });
}

test("what is no module is refused", async () => {
  await assert.rejects(new Client().submit("hello.wasm"), InvalidJob);
  await assert.rejects(new Client().submit(Uint8Array.of(1)), InvalidJob);
});

test("a heavy node that does not answer is named", async () => {
  await assert.rejects(new Client("127.0.0.1:1").jobs(), (error) => error instanceof Unreachable && /127\.0\.0\.1:1\//.test(error.message));
});

test("JSON is one thing", () => {
  assert.deepEqual(parse('{"a":[1,-2,"x,{\\"}"],"b":{"a":null}}', "it"), { a: [1, -2, 'x,{"}'], b: { a: null } });
  for (const wrong of ['{"a":1,"a":1}', '{"a":1,"\\u0061":1}', "1.0", "1e3", "-0", '"\\ud800"', "[1]x", "\ufeff1"]) {
    assert.throws(() => parse(wrong, "it"), /it: not JSON/, wrong);
  }
});

test("events are read however they are cut", async () => {
  const text = ": hello\n\nevent: peers\ndata: {}\n\ndata: é\ndata:two\nid: 7\n\nevent: none\n\nevent: job\r\ndata: x: y\r\n\r\ndata: broken off\n";
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const found = [];
    const cut = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    for await (const message of messages(cut())) found.push(message);
    assert.deepEqual(found, [
      { event: "peers", data: "{}" },
      { event: "message", data: "é\ntwo" },
      { event: "job", data: "x: y" },
    ]);
  }
});

test("an identity is kept in a file that others do not read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fx-"));
  try {
    const path = join(folder, "new", "sdk-identity");
    const [first, again] = await Promise.all([loadIdentity(path), loadIdentity(path)]);
    assert.equal(first.id, again.id);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    writeFileSync(path, "no key\n");
    await assert.rejects(loadIdentity(path), /does not hold a key/);
    writeFileSync(join(folder, "open"), Buffer.alloc(32).toString("base64"), { mode: 0o644 });
    await assert.rejects(loadIdentity(join(folder, "open")), /can be read by others/);
    process.env.FORMIX_URL = "http://127.0.0.1:1";
    await assert.rejects(local(), /formix heavy/);
  } finally {
    delete process.env.FORMIX_URL;
    rmSync(folder, { recursive: true });
  }
});
