// A private sum: two tabs over WebRTC, three native nodes, three heavy processes, real data, an exact result.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { verifyEnd } from "./lib/documents.mjs";
import { checkEnvironment, formix } from "./lib/environment.mjs";
import { run, temporaryFolder } from "./lib/processes.mjs";
import { privateSum } from "./lib/sum.mjs";

let done;

test("tabs and native nodes get the exact sum, signed by three", { timeout: 240_000 }, async (t) => {
  checkEnvironment();
  done = await privateSum({ tabs: 2, natives: 3, seconds: 60, say: (line) => t.diagnostic(line) });
  assert.deepEqual(done.verdict, []);
});

test("its documents verify anywhere, and changed ones nowhere", { timeout: 60_000 }, async () => {
  const file = join(temporaryFolder(), "documents.json");
  const verify = (documents) => {
    writeFileSync(file, JSON.stringify(documents));
    return run(formix, ["comp", "verify", file]);
  };
  const { documents, expected } = done;
  assert.match(await verify(documents), new RegExp(expected.sum));

  const change = (envelope, from, to) => {
    const text = Buffer.from(envelope.payload, "base64").toString();
    assert.ok(text.includes(from), `${from} stands in ${text}`);
    return { ...envelope, payload: Buffer.from(text.replace(from, to)).toString("base64") };
  };
  const { proposal, end } = documents;
  for (const changed of [
    { proposal, end: change(end, expected.sum, `${Number(expected.sum) + 1}`) },
    { proposal: change(proposal, `"decimals":0`, `"decimals":1`), end },
    { proposal, end: { ...end, signatures: end.signatures.slice(1) } },
    { proposal, end: { ...end, signatures: [...end.signatures.slice(1), end.signatures[1]] } },
  ]) {
    assert.throws(() => verifyEnd(changed), "with nothing of Formix");
    await assert.rejects(verify(changed), "with formix comp verify");
  }
});
