// Who submits: an Ed25519 key that WebCrypto holds.

import { type Bytes, concat, fromBase64, fromHex } from "./bytes.js";
import { Envelope, nodeId } from "./documents.js";
import { IdentityError } from "./errors.js";

/** Before the 32 bytes of a seed in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420");
const STORE = "keys";

/** A secret signing key. */
export class Identity {
  private constructor(
    private readonly key: CryptoKey,
    /** The public name, `12D3KooW…`. */
    readonly id: string,
  ) {}

  /** A new one, whose secret half nobody can read, this program included. */
  static async generate(): Promise<Identity> {
    return Identity.ofPair(await generateKey());
  }

  /** That of a 32-byte secret seed, as `formix` keeps it. */
  static async fromSeed(seed: Uint8Array): Promise<Identity> {
    if (seed.length !== 32) throw new IdentityError(`a seed has 32 bytes, not ${seed.length}`);
    const key = await crypto.subtle.importKey("pkcs8", concat(PKCS8_PREFIX, seed), "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", key);
    // A JWK has no padding.
    return new Identity(key, nodeId(fromBase64(`${x ?? ""}=`, "a public key")));
  }

  /**
   * The one that this page's origin keeps under a name, made at the first call. It stands in IndexedDB as a key that cannot be
   * read, only used.
   *
   * @throws IdentityError there is no IndexedDB, or it refuses.
   */
  static async stored(name = "formix"): Promise<Identity> {
    if (typeof indexedDB === "undefined") throw new IdentityError("this program has no IndexedDB; use `Identity.fromSeed`");
    try {
      const opening = indexedDB.open("formix-sdk", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
      const database = await done(opening);
      try {
        const made = await generateKey();
        const store = database.transaction(STORE, "readwrite").objectStore(STORE);
        // In one transaction: two tabs that ask at once get one key.
        const kept = (await done(store.get(name))) as CryptoKeyPair | undefined;
        if (!kept) await done(store.add(made, name));
        return await Identity.ofPair(kept ?? made);
      } finally {
        database.close();
      }
    } catch (error) {
      throw new IdentityError(`the identity cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private static async ofPair({ privateKey, publicKey }: CryptoKeyPair): Promise<Identity> {
    return new Identity(privateKey, nodeId(new Uint8Array(await crypto.subtle.exportKey("raw", publicKey))));
  }

  /** A document with this identity's signature alone. */
  async sign(payloadType: string, payload: Bytes): Promise<Envelope> {
    const unsigned = new Envelope(payloadType, payload);
    const sig = new Uint8Array(await crypto.subtle.sign("Ed25519", this.key, unsigned.preAuthentication()));
    return new Envelope(payloadType, payload, [{ keyid: this.id, sig }]);
  }
}

async function generateKey(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("refused"));
  });
}
