// Formix documents, verified with nothing of Formix: DSSE 1.0 envelopes, Ed25519, libp2p peer ids.

import { createHash, createPublicKey, verify as verifyBytes } from "node:crypto";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
// An identity multihash of 36 bytes around libp2p's protobuf of an Ed25519 key.
const PEER_ID_PREFIX = Buffer.from("002408011220", "hex");
// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), up to the key itself.
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const CID_PREFIX = Buffer.from([0x01, 0x55, 0x12, 0x20]);

function base58(text) {
  let number = 0n;
  for (const letter of text) {
    const digit = BASE58.indexOf(letter);
    if (digit < 0) throw new Error(`not base58: ${text}`);
    number = number * 58n + BigInt(digit);
  }
  const hex = number.toString(16);
  const zeros = text.match(/^1*/)[0].length;
  return Buffer.concat([Buffer.alloc(zeros), Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex")]);
}

/** The public key in an Ed25519 peer id. */
export function publicKey(peerId) {
  const bytes = base58(peerId);
  if (bytes.length !== 38 || !bytes.subarray(0, 6).equals(PEER_ID_PREFIX)) throw new Error(`no Ed25519 peer id: ${peerId}`);
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes.subarray(6)]), format: "der", type: "spki" });
}

/** The CIDv1 of raw bytes under SHA-256. */
export function contentId(bytes) {
  const cid = Buffer.concat([CID_PREFIX, createHash("sha256").update(bytes).digest()]);
  let bits = 0;
  let held = 0;
  let text = "b";
  for (const byte of cid) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31];
      held &= (1 << bits) - 1;
    }
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

/** The signers of an envelope whose signature holds, and its payload. */
export function open(envelope) {
  const payload = Buffer.from(envelope.payload, "base64");
  const type = envelope.payloadType;
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
  const signers = new Set();
  for (const { keyid, sig } of envelope.signatures) {
    if (verifyBytes(null, signed, publicKey(keyid), Buffer.from(sig, "base64"))) signers.add(keyid);
  }
  return { type, signers, bytes: payload, json: JSON.parse(payload.toString()) };
}

/**
 * How a computation ended, by its signed documents alone: a result that the heavy nodes of the proposal signed, or a
 * refusal that one of them signed.
 */
export function verifyEnd({ proposal, end }) {
  const asked = open(proposal);
  if (!asked.signers.has(asked.json.proposer)) throw new Error("the proposal is not signed by its proposer");
  const id = contentId(asked.bytes);
  const heavy = asked.json.heavy.map((key) => key.id);
  const ended = open(end);
  if (ended.json.computation !== id) throw new Error(`the end is of another computation: ${ended.json.computation}`);
  const signers = heavy.filter((node) => ended.signers.has(node));
  const kind = ended.type.match(/^application\/vnd\.formix\.(result|refusal)\+json$/)?.[1];
  // With rep64 two of the three are enough.
  const needed = asked.json.scheme === "rep64" ? 2 : 3;
  if (kind === "result" && signers.length >= needed) {
    const { kind: query, count, ...figures } = ended.json.answer.result;
    return { ...ended.json, kind, id, query, proposal: asked.json, signers, records: Number(count), ...figures };
  }
  if (kind === "refusal" && signers.includes(ended.json.heavy)) return { kind, id, proposal: asked.json, signers, ...ended.json };
  throw new Error(`${ended.type} with ${signers.length} of the signatures that it needs`);
}
