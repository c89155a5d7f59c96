// Jobs on a real network: tabs that are lent, and a submitter with nothing of Formix that signs manifests and talks HTTP.

import { createHash, generateKeyPairSync, randomBytes, sign as signBytes } from "node:crypto";
import { Tab } from "./browser.mjs";
import { contentId } from "./documents.mjs";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const MANIFEST = "application/vnd.formix.job+json";
const PEER_ID_PREFIX = "002408011220";

/** What a receipt says of an ending, in a few words: `exit 0`, `trap out-of-fuel`. */
export function ending(said) {
  const [[kind, what]] = Object.entries(said);
  return `${kind} ${what.code ?? what}`;
}

/** Who submits: a key of its own, and HTTP to one heavy node. */
export class Submitter {
  constructor(url) {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const key = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
    // Six fixed bytes, the first of them zero, before the key: libp2p's peer id, in base 58.
    let number = BigInt(`0x${PEER_ID_PREFIX}${key}`);
    let id = "";
    for (; number > 0n; number /= 58n) id = BASE58[Number(number % 58n)] + id;
    Object.assign(this, { url, privateKey, id: `1${id}` });
  }

  async ask(method, path, body, type) {
    const response = await fetch(new URL(`/api/v1${path}`, this.url), {
      method, body, headers: type ? { "content-type": type } : {}, signal: AbortSignal.timeout(60_000),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  /** A signed manifest, and the job's id. `fields` are those of the manifest that are not as usual. */
  sign(fields) {
    const now = Date.now();
    const at = (ms) => new Date(ms).toISOString();
    const manifest = {
      version: 1, submitter: this.id, created: at(now), deadline: at(now + 600_000),
      nonce: randomBytes(16).toString("hex"), constraints: { kinds: ["tab"] }, ...fields,
    };
    const payload = Buffer.from(JSON.stringify(manifest));
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${MANIFEST.length} ${MANIFEST} ${payload.length} `), payload]);
    const sig = signBytes(null, signed, this.privateKey).toString("base64");
    const envelope = { payloadType: MANIFEST, payload: payload.toString("base64"), signatures: [{ keyid: this.id, sig }] };
    return { id: contentId(payload), envelope };
  }

  /** Has the heavy node keep some bytes; gives their name as a manifest has it. */
  async keep(bytes) {
    const id = contentId(bytes);
    await this.ask("PUT", `/blobs/${id}`, bytes, "application/octet-stream");
    return { id };
  }

  /** Submits one job, and gives its id. */
  async submit(fields) {
    const { id, envelope } = this.sign(fields);
    await this.ask("POST", "/jobs", JSON.stringify(envelope), "application/json");
    return id;
  }

  /** Submits jobs together. */
  async submitAll(envelopes) {
    const lines = envelopes.map((envelope) => JSON.stringify(envelope)).join("\n");
    const told = await (await this.ask("POST", "/jobs", lines, "application/x-ndjson")).text();
    for (const line of told.trim().split("\n").map((line) => JSON.parse(line))) {
      if (line.error) throw new Error(JSON.stringify(line.error));
    }
  }

  async job(id) {
    return (await this.ask("GET", `/jobs/${id}`)).json();
  }

  async output(id) {
    return Buffer.from(await (await this.ask("GET", `/jobs/${id}/stdout`)).arrayBuffer());
  }

  async receipts(id) {
    return (await this.ask("GET", `/jobs/${id}/receipts`)).json();
  }

  /** Waits until `reached` holds for a job, and gives its view. */
  async until(id, limitMs, what, reached) {
    const begun = performance.now();
    for (;;) {
      const view = await this.job(id);
      if (reached(view)) return view;
      if (performance.now() - begun > limitMs) {
        const why = await (await this.ask("GET", `/jobs/${id}/why`)).text();
        throw new Error(`${what}: not after ${limitMs / 1000} s; the job is ${JSON.stringify(view)}; ${why}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Waits for the end of a job. */
  ended(id, limitMs) {
    return this.until(id, limitMs, `the end of ${id}`, ({ state }) => !["waiting", "running"].includes(state));
  }
}

/** Opens a tab that joined and lends itself, with these caps of the view's, also for parts of graphs where `graphs` says so, computed by what `by` chooses. */
export async function openLent(browser, url, name, caps = {}, graphs = {}) {
  const tab = await Tab.open(browser, url, name);
  await tab.join();
  tab.node = await tab.id();
  await lend(tab, caps, graphs);
  return tab;
}

/** Says yes, as a person does. */
export async function lend(tab, caps = {}, { graphs = false, by = "automatic" } = {}) {
  await tab.go("contribute");
  await tab.find("consent").check();
  if (graphs) {
    await tab.find("consent-graphs").check();
    await tab.find("parts-by").selectOption(by);
  }
  await tab.find("lend").click();
  for (const [field, value] of Object.entries({ share: "100", ...caps })) {
    await tab.find("lent", `[data-field="${field}"]`).selectOption(value);
  }
  await tab.find("lending", `:is([data-state="ready"], [data-state="working"])`).waitFor();
}

/** Submits a program as a person does: the file, then what the form asks, by the names of its inputs. Gives the job's id. */
export async function submitByHand(tab, file, module, fields) {
  await tab.go("jobs");
  await tab.find("job-module").setInputFiles({ name: file, mimeType: "application/wasm", buffer: module });
  await tab.find("job-submit").waitFor();
  for (const [field, value] of Object.entries(fields)) {
    const input = tab.find("job-field", `[data-field="${field}"]`);
    if (!(await input.isVisible())) await tab.page.locator("main form details > summary").click();
    await (["replicas", "nodes"].includes(field) ? input.selectOption(value) : input.fill(value));
  }
  await tab.find("job-submit").click();
  await tab.find("job-detail").waitFor();
  return tab.find("job-detail").getAttribute("data-id");
}

/** Notes the gaps between the frames that a tab draws from now on; `stop` gives them in milliseconds. */
export async function watchFrames(tab) {
  await tab.page.evaluate(() => {
    window.gaps = [];
    let last = performance.now();
    const frame = (now) => {
      window.gaps.push(now - last);
      last = now;
      window.frames = requestAnimationFrame(frame);
    };
    window.frames = requestAnimationFrame(frame);
  });
  return {
    stop: () => tab.page.evaluate(() => {
      cancelAnimationFrame(window.frames);
      return window.gaps;
    }),
  };
}

/** The SHA-256 of bytes, in hexadecimal digits as receipts have it. */
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
