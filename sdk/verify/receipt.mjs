#!/usr/bin/env node
// Verifies the receipt of a Formix job from the document alone, with WebCrypto and no code of Formix.
//
//     node receipt.mjs receipt.json [--module FILE] [--stdin FILE] [--stdout FILE] [--stderr FILE]
//
// A file that is named must be the one that the receipt speaks of. `verify` alone runs in a page too.

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const hex = (data) => Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, "0")).join("");
const need = (holds, why) => {
  if (!holds) throw new Error(why);
};

// A node's id is base58 of six fixed bytes and its Ed25519 key.
function key(node) {
  const number = Array.from(node).reduce((sum, letter) => sum * 58n + BigInt(ALPHABET.indexOf(letter)), 0n);
  const digits = number.toString(16).padStart(76, "0");
  need(!/[0OIl]/.test(node) && digits.length === 76 && digits.startsWith("002408011220"), `${node} is not a node id`);
  const raw = Uint8Array.from(digits.slice(12).match(/../g), (byte) => parseInt(byte, 16));
  return crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
}

/** Checks an envelope, and that each of `files` (bytes by name) is the one meant; gives the statement and the witnesses. */
export async function verify(envelope, files = {}) {
  const payload = bytes(envelope.payload);
  need(envelope.payloadType === "application/vnd.in-toto+json", "not an in-toto document");
  const statement = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  need(statement._type === "https://in-toto.io/Statement/v1", "not an in-toto Statement v1");
  need(statement.predicateType === "https://github.com/formix/formix/receipt/v1", "not a receipt");
  const run = statement.predicate;
  const signers = envelope.signatures.map((signature) => signature.keyid);
  need(new Set(signers).size === signers.length, "a signer twice");
  need(signers.includes(run.node), `not signed by ${run.node}, who ran it`);
  const head = `DSSEv1 ${envelope.payloadType.length} ${envelope.payloadType} ${payload.length} `;
  const signed = Uint8Array.from([...new TextEncoder().encode(head), ...payload]);
  for (const { keyid, sig } of envelope.signatures) {
    const holds = await crypto.subtle.verify("Ed25519", await key(keyid), bytes(sig), signed);
    need(holds, `the signature of ${keyid}`);
  }
  const digests = { module: run.module, stdin: run.input };
  for (const { name, digest } of statement.subject) digests[name] = digest;
  for (const [name, data] of Object.entries(files)) {
    const found = hex(await crypto.subtle.digest("SHA-256", data));
    need(found === digests[name].sha256, `the ${name} given is not that of this run`);
  }
  return { statement, witnesses: signers.filter((signer) => signer !== run.node) };
}

if (typeof process !== "undefined" && process.argv[1] === (await import("node:url")).fileURLToPath(import.meta.url)) {
  const { readFileSync } = await import("node:fs");
  const { parseArgs } = await import("node:util");
  const options = Object.fromEntries(["module", "stdin", "stdout", "stderr"].map((name) => [name, { type: "string" }]));
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const files = Object.fromEntries(Object.entries(values).map(([name, path]) => [name, readFileSync(path)]));
    const { statement, witnesses } = await verify(JSON.parse(readFileSync(positionals[0], "utf8")), files);
    const { node, ending, fuel } = statement.predicate;
    console.log(`Receipt verified: run by ${node}${witnesses.map((witness) => `, witnessed by ${witness}`).join("")}`);
    console.log(JSON.stringify({ ending, fuel, stdout: statement.subject[0].digest.sha256 }));
  } catch (error) {
    console.error(`does not hold: ${error.message}`);
    process.exit(1);
  }
}
