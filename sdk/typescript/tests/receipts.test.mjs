// Receipts that every verifier of this project accepts or refuses, as data: tests/sdk/receipts.json.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DocumentError, VerificationError, verifyReceipt } from "formix";

const cases = JSON.parse(readFileSync(new URL("../../../tests/sdk/receipts.json", import.meta.url), "utf8"));
const FILES = ["module", "stdin", "stdout", "stderr"];

for (const { name, holds, document, against } of cases) {
  test(`${name} ${holds ? "holds" : "is refused"}`, async () => {
    const given = Object.entries(against).map(([key, value]) => [key, FILES.includes(key) ? Buffer.from(value, "base64") : value]);
    const verified = verifyReceipt(document, Object.fromEntries(given));
    if (holds) await verified;
    else await assert.rejects(verified, (error) => error instanceof DocumentError || error instanceof VerificationError);
  });
}

test("longer documents are not read", async () => {
  await assert.rejects(verifyReceipt(" ".repeat(512 * 1024) + cases[0].document), /at most/);
});
