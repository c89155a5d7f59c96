/**
 * What a program in Node has besides: an identity in a file, and the heavy node of this machine.
 *
 * @packageDocumentation
 */

import { chmod, link, mkdir, open, readFile, readdir, rm, stat } from "node:fs/promises";
import { homedir, platform } from "node:os";
import { dirname, join } from "node:path";
import { fromBase64, toBase64, toHex } from "./bytes.js";
import { Client, type ClientOptions, NETWORK } from "./client.js";
import { DocumentError, FormixError, IdentityError, Unreachable } from "./errors.js";
import { Identity } from "./identity.js";

export * from "./index.js";

/** Milliseconds that a node on this machine may take to say that it runs. */
const PATIENCE_MS = 2_000;

/** Where this package keeps its files: `FORMIX_HOME`, or `~/.formix`. */
export function home(): string {
  return process.env["FORMIX_HOME"] || join(homedir(), ".formix");
}

/**
 * The identity in a file, made at the first call; without `path`, `sdk-identity` in `home()`, which the packages for Python and PHP use
 * too. The file holds a 32-byte seed in base64, as `formix` keeps its keys.
 *
 * @throws IdentityError the file cannot be read or made, does not hold a key, or others may read it.
 */
export async function loadIdentity(path: string = join(home(), "sdk-identity")): Promise<Identity> {
  try {
    await createPrivate(path);
    if (platform() !== "win32" && (await stat(path)).mode & 0o077) {
      throw new IdentityError(`${path} can be read by others; take that away with \`chmod 600\``);
    }
    return await Identity.fromSeed(fromBase64((await readFile(path, "utf8")).trim(), path));
  } catch (error) {
    if (error instanceof DocumentError || (error instanceof IdentityError && error.message.startsWith("a seed"))) {
      throw new IdentityError(`${path} does not hold a key (32 bytes in base64); restore it from a copy, or delete it to be somebody else`);
    }
    throw error instanceof FormixError ? error : new IdentityError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Makes a file with a new seed, whole or not at all, and never in place of one that is there. */
async function createPrivate(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${toHex(crypto.getRandomValues(new Uint8Array(8)))}`;
  try {
    const file = await open(draft, "wx", 0o600);
    await file.writeFile(`${toBase64(crypto.getRandomValues(new Uint8Array(32)))}\n`);
    await file.sync();
    await file.close();
    // Whatever mask this program runs under.
    await chmod(draft, 0o600);
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster: what it made counts.
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
}

/** Addresses of this machine's nodes: what `FORMIX_URL` names, or else the default port and the ports that the system chose. */
async function candidates(): Promise<string[]> {
  const named = process.env["FORMIX_URL"];
  if (named) return [named];
  const folder = join(home(), "nodes");
  const found = [NETWORK];
  for (const name of (await readdir(folder).catch(() => [])).sort()) {
    const text = await readFile(join(folder, name, "ports.json"), "utf8").catch(() => "{}");
    const http: unknown = (safely(text) as { http?: unknown } | null)?.http;
    if (typeof http === "number") found.push(`http://127.0.0.1:${http}`);
  }
  return found;
}

function safely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A client of the heavy node on this machine: `FORMIX_URL`, the default port, or a node of this home; who submits is `loadIdentity()`
 * unless told otherwise.
 *
 * @throws Unreachable none answers.
 */
export async function local(options: ClientOptions = {}): Promise<Client> {
  const asked = await candidates();
  for (const url of asked) {
    const health = await fetch(`${url.replace(/\/+$/, "")}/healthz`, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
    await health?.body?.cancel();
    if (health?.ok) return new Client(url, { identity: loadIdentity(), ...options });
  }
  throw new Unreachable("this machine", `no heavy node answers (${asked.join(", ")}); start one with \`formix heavy\``);
}
