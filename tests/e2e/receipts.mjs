// Receipts of jobs, checked by the scripts in sdk/verify alone: Python with PyNaCl, PHP with sodium, Node with WebCrypto. None has a line of our
// Rust in it. The receipts are the frozen ones, whose bytes no build may change.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./lib/environment.mjs";
import { run, temporaryFolder } from "./lib/processes.mjs";
import { python } from "./lib/python.mjs";

const INPUT = "Grüße, \"world\"\n";
const OUTPUT = "\n\"dlrow\" ,eßürG";

/** The golden documents by name. */
function golden() {
  const documents = {};
  let name;
  for (const line of readFileSync(join(root, "tests/wire/golden/jobs.txt"), "utf8").split("\n")) {
    if (line.startsWith("    ")) documents[name] = line.trim();
    else if (line && !line.startsWith("#")) name = line;
  }
  return documents;
}

/** The verifiers: a command for a receipt's file and, by name, the files that it must speak of. Null where this machine lacks the language. */
const VERIFIERS = {
  async Python() {
    const interpreter = await python();
    return (file, files) => [interpreter, [join(root, "sdk/verify/receipt.py"), file, ...flags(files)]];
  },
  async Node() {
    return (file, files) => [process.execPath, [join(root, "sdk/verify/receipt.mjs"), file, ...flags(files)]];
  },
  async PHP() {
    const has = await run("php", ["-r", "exit(extension_loaded('sodium') ? 0 : 1);"]).then(() => true, () => false);
    return has ? (file, files) => ["php", [join(root, "sdk/verify/receipt.php"), file, ...flags(files)]] : null;
  },
};

const flags = (files) => Object.entries(files).map(([name, path]) => `--${name}=${path}`);

for (const [language, prepare] of Object.entries(VERIFIERS)) {
  test(`${language} verifies receipts by itself, and refuses what does not hold`, { timeout: 300_000 }, async (t) => {
    const command = await prepare();
    if (!command) return t.skip(`needs ${language} with its cryptography (Debian: php-cli)`);
    const folder = temporaryFolder();
    const keep = (name, content) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const documents = golden();
    const receipt = documents["receipt: document"];
    assert.ok(receipt, "the golden receipts are there");
    const verify = (content, files = {}) => run(...command(keep("receipt.json", content), files));
    const refuses = async (content, why, files = {}) => {
      await assert.rejects(verify(content, files), (error) => {
        assert.match(error.message, /does not hold/, why);
        return true;
      });
    };
    const input = keep("input", INPUT);
    const output = keep("output", OUTPUT);
    const module = keep("module", Buffer.from("0061736d01000000", "hex"));

    const told = await verify(receipt, { module, stdin: input, stdout: output, stderr: keep("none", "") });
    assert.match(told, /^Receipt verified: run by 12D3KooW\w{44}\n/);
    assert.deepEqual(JSON.parse(told.split("\n")[1]).ending, { exit: 0 });
    assert.match(await verify(documents["receipt, witnessed: document"]), /witnessed by 12D3KooW/);
    for (const [name, ending] of [["exit code 7", /"exit":\s*7/], ["trapped", /out-of-fuel/], ["rejected", /imports-denied/]]) {
      assert.match(await verify(documents[`receipt, ${name}: document`]), ending);
    }

    const changed = (change, name = "receipt") => {
      const envelope = JSON.parse(documents[`${name}: document`]);
      change(envelope);
      return JSON.stringify(envelope);
    };
    const payload = (envelope, change) => {
      envelope.payload = Buffer.from(change(Buffer.from(envelope.payload, "base64").toString())).toString("base64");
    };
    await refuses(receipt, "another output", { stdout: input });
    await refuses(receipt, "another module", { module: input });
    await refuses(receipt, "another input", { stdin: output });
    await refuses(changed((envelope) => payload(envelope, (text) => text.replace("48151", "48152"))), "changed fuel");
    await refuses(changed((envelope) => { envelope.signatures = []; }), "no signature");
    await refuses(changed((envelope) => { envelope.signatures.push(envelope.signatures[0]); }), "a signer twice");
    await refuses(changed((envelope) => { envelope.payloadType = "application/json"; }), "another type");
    await refuses(changed((envelope) => {
      envelope.signatures = envelope.signatures.map(({ keyid }) => ({ keyid, sig: "A".repeat(86) + "==" }));
    }), "a signature of zeros");
    await refuses(changed((envelope) => {
      const node = JSON.parse(Buffer.from(envelope.payload, "base64")).predicate.node;
      envelope.signatures = envelope.signatures.filter(({ keyid }) => keyid !== node);
    }, "receipt, witnessed"), "the witness alone");
    await refuses(changed((envelope) => {
      const node = JSON.parse(Buffer.from(envelope.payload, "base64")).predicate.node;
      const witness = envelope.signatures.find(({ keyid }) => keyid !== node);
      witness.sig = envelope.signatures.find(({ keyid }) => keyid === node).sig;
    }, "receipt, witnessed"), "a false witness");
    await refuses(documents["manifest: document"], "a manifest");
    await refuses("[]", "no envelope");
    await refuses("{", "no JSON");
  });
}
