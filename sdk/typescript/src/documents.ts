// Signed documents: DSSE envelopes over JSON, and the ids of their signers.
//
// A signature covers DSSE's pre-authentication encoding of type and payload bytes, so a reader checks bytes and never canonicalises
// JSON. A signer's id is its libp2p peer id, an identity multihash around its Ed25519 public key (RFC 8032).

import { type Bytes, concat, equal, fromBase58, fromBase64, fromHex, toBase58, toBase64, utf8 } from "./bytes.js";
import { DocumentError, VerificationError } from "./errors.js";
import { Place, parse } from "./json.js";

/** Longest JSON text of an envelope that is read, in bytes. */
export const ENVELOPE_BYTES_MAX = 512 * 1024;
/** Most signatures that an envelope may carry. */
export const SIGNATURES_MAX = 8;

/** An identity multihash of 36 bytes around libp2p's protobuf of an Ed25519 key. */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);
/**
 * The y of the points whose order divides 8. Under such a key, or with such a commitment, a signature can hold for any message;
 * WebCrypto lets them pass, and `formix` does not.
 */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(fromHex);

function isSmallOrder(point: Uint8Array): boolean {
  const y = Uint8Array.from(point);
  // The last bit is the sign of x.
  y[31] = (y[31] ?? 0) & 0x7f;
  return SMALL_ORDER.some((small) => equal(small, y));
}

/** The id of the node whose Ed25519 public key this is, `12D3KooW…`. */
export function nodeId(key: Uint8Array): string {
  return toBase58(concat(PEER_ID_PREFIX, key));
}

/**
 * The Ed25519 public key in a node's id.
 *
 * @throws DocumentError the text is not the peer id of an Ed25519 key.
 */
export function nodeKey(id: string): Bytes {
  const data = id.length <= 60 ? fromBase58(id) : undefined;
  if (data?.length !== 38 || !equal(data.subarray(0, 6), PEER_ID_PREFIX)) {
    throw new DocumentError(`\`${id.slice(0, 80)}\` is not a node id: expected the peer id of an Ed25519 key, \`12D3KooW…\``);
  }
  return data.slice(6);
}

/** Whether a signature is this node's over some bytes. */
export async function verifies(node: string, message: Bytes, signature: Bytes): Promise<boolean> {
  const key = nodeKey(node);
  if (signature.length !== 64 || isSmallOrder(key) || isSmallOrder(signature.subarray(0, 32))) return false;
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch {
    // The key is no point of the curve.
    return false;
  }
}

/** A document's JSON form: DSSE 1.0. */
export interface EnvelopeJson {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** One signature in an envelope. */
export interface Signature {
  /** The signer. */
  readonly keyid: string;
  /** Ed25519 over the envelope's pre-authentication encoding. */
  readonly sig: Bytes;
}

/** A document with its signatures. Nothing is verified by reading one: `verify` does, and gives the payload. */
export class Envelope {
  constructor(
    /** Media type of the payload. */
    readonly payloadType: string,
    /** The payload's bytes. */
    readonly payload: Bytes,
    /** Who signed. */
    readonly signatures: readonly Signature[] = [],
  ) {}

  /**
   * Reads the JSON form: text, or what a JSON reader made of it.
   *
   * @throws DocumentError it is no envelope, is too long, or carries one signer twice.
   */
  static from(document: Envelope | EnvelopeJson | Uint8Array | string): Envelope {
    if (document instanceof Envelope) return document;
    let value: unknown = document;
    if (typeof document === "string" || document instanceof Uint8Array) {
      const size = typeof document === "string" ? utf8(document).length : document.length;
      if (size > ENVELOPE_BYTES_MAX) {
        throw new DocumentError(`a signed document of ${size} bytes; at most ${ENVELOPE_BYTES_MAX} are read`);
      }
      value = parse(document, "a signed document");
    }
    const { payloadType, payload, signatures } = new Place(value, "", "not a DSSE envelope").object(["payloadType", "payload", "signatures"]) as Record<
      keyof EnvelopeJson,
      Place
    >;
    const read = signatures.list(SIGNATURES_MAX).map((each): Signature => {
      const { keyid, sig } = each.object(["keyid", "sig"]) as Record<"keyid" | "sig", Place>;
      nodeKey(keyid.text());
      return { keyid: keyid.text(), sig: fromBase64(sig.text(), "a signature") };
    });
    if (new Set(read.map((each) => each.keyid)).size !== read.length) throw new DocumentError("one signed twice");
    return new Envelope(payloadType.text(), fromBase64(payload.text(), "the payload"), read);
  }

  /** DSSE's `PAE(type, payload)`, the bytes that are signed. */
  preAuthentication(): Bytes {
    const kind = utf8(this.payloadType);
    return concat(utf8(`DSSEv1 ${kind.length} `), kind, utf8(` ${this.payload.length} `), this.payload);
  }

  /**
   * Checks the type and that each of `signers` signed; gives the payload. Signatures of others are ignored.
   *
   * @throws VerificationError the type is another, or a signature is missing or does not hold.
   */
  async verify(payloadType: string, signers: readonly string[]): Promise<Bytes> {
    if (this.payloadType !== payloadType) {
      throw new VerificationError(`a document of the unexpected type \`${this.payloadType.slice(0, 64)}\``);
    }
    for (const signer of signers) {
      const signature = this.signatures.find((each) => each.keyid === signer);
      if (!signature) throw new VerificationError(`not signed by ${signer}`);
      if (!(await verifies(signer, this.preAuthentication(), signature.sig))) {
        throw new VerificationError(`the signature of ${signer} does not fit the document`);
      }
    }
    return this.payload;
  }

  /** The JSON form, in which a document leaves the network; what `JSON.stringify` writes. */
  toJSON(): EnvelopeJson {
    return {
      payloadType: this.payloadType,
      payload: toBase64(this.payload),
      signatures: this.signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) })),
    };
  }
}
