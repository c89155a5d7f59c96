// Bytes and their texts: base64, hexadecimal digits, the base32 of content ids, the base58 of node ids.

import { DocumentError } from "./errors.js";

/** Bytes that WebCrypto and `fetch` take as they are. */
export type Bytes = Uint8Array<ArrayBuffer>;

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** CIDv1, raw codec, sha2-256 of 32 bytes. */
const CID_PREFIX = Uint8Array.of(0x01, 0x55, 0x12, 0x20);
const CID_LENGTH = 59;

/** A text in UTF-8. */
export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** Several pieces one after the other. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether both hold the same. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Lower-case hexadecimal digits. */
export function toHex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What hexadecimal digits say, an even number of them. */
export function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** Standard base64 with padding. */
export function toBase64(data: Uint8Array): string {
  let text = "";
  // In pieces: a call takes so many arguments and no more.
  for (let at = 0; at < data.length; at += 0x8000) text += String.fromCharCode(...data.subarray(at, at + 0x8000));
  return btoa(text);
}

/**
 * Standard base64 with padding; the URL-safe alphabet is read too, as DSSE asks of a reader. Bytes have one text in each.
 *
 * @throws DocumentError the text is not base64.
 */
export function fromBase64(text: string, what: string): Bytes {
  const isPlain = /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  const plain = isPlain ? text : text.replaceAll("-", "+").replaceAll("_", "/");
  if (isPlain || /^[A-Za-z0-9_-]*={0,2}$/.test(text)) {
    try {
      const data = Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
      if (toBase64(data) === plain) return data;
    } catch {
      // Not base64, as below.
    }
  }
  throw new DocumentError(`${what} is not base64`);
}

/** The SHA-256 of some bytes. */
export async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** The CIDv1 of some bytes under SHA-256, `bafkrei…`. */
export async function contentId(data: Uint8Array): Promise<string> {
  return contentIdOf(await sha256(new Uint8Array(data)));
}

/** The CIDv1 of the bytes whose SHA-256 this is. */
export function contentIdOf(digest: Uint8Array): string {
  let text = "b";
  let bits = 0;
  let held = 0;
  for (const byte of concat(CID_PREFIX, digest)) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31];
    }
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

/**
 * The SHA-256 in a content id.
 *
 * @throws DocumentError the text is no content id of raw bytes under SHA-256.
 */
export function contentDigest(id: string): Bytes {
  const data: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of id.slice(1)) {
    held = ((held << 5) | BASE32.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      data.push((held >> bits) & 0xff);
    }
  }
  const digest = Uint8Array.from(data.slice(CID_PREFIX.length));
  // Written again, it is the same text: so there is no other letter, and no stray bit.
  if (id.length !== CID_LENGTH || contentIdOf(digest) !== id) {
    throw new DocumentError(`\`${id.slice(0, 80)}\` is not a content id: expected 59 characters that begin with \`bafkrei\``);
  }
  return digest;
}

/** Base58 as Bitcoin and libp2p write it. */
export function toBase58(data: Uint8Array): string {
  let number = BigInt(`0x${toHex(data) || "0"}`);
  let digits = "";
  while (number > 0n) {
    digits = BASE58.charAt(Number(number % 58n)) + digits;
    number /= 58n;
  }
  const zeros = data.findIndex((byte) => byte !== 0);
  return "1".repeat(zeros < 0 ? data.length : zeros) + digits;
}

/** What base58 says; `undefined` where a letter is none of it. */
export function fromBase58(text: string): Bytes | undefined {
  let number = 0n;
  for (const letter of text) {
    const digit = BASE58.indexOf(letter);
    if (digit < 0) return undefined;
    number = number * 58n + BigInt(digit);
  }
  const hex = number === 0n ? "" : number.toString(16);
  const zeros = text.match(/^1*/)?.[0].length ?? 0;
  return concat(new Uint8Array(zeros), fromHex(hex.length % 2 ? `0${hex}` : hex));
}
