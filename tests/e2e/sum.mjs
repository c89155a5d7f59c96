// A private sum: two tabs over WebRTC, three native nodes, three heavy processes, real data, an exact result.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, verifyEnd } from "./lib/documents.mjs";
import { checkEnvironment } from "./lib/environment.mjs";
import { privateSum } from "./lib/sum.mjs";

test("tabs and native nodes get the exact sum, signed by three", { timeout: 240_000 }, async (t) => {
  checkEnvironment();
  const run = await privateSum({ tabs: 2, natives: 3, seconds: 60, say: (line) => t.diagnostic(line) });
  assert.deepEqual(run.verdict, []);
});

test("a changed document verifies for nobody", () => {
  // Made with the same crate as every document; no network is needed to refuse it.
  const forged = { payloadType: "application/vnd.formix.result+json", payload: Buffer.from("{}").toString("base64"), signatures: [] };
  assert.equal(open(forged).signers.size, 0);
  assert.throws(() => verifyEnd({ proposal: forged, end: forged }));
});
