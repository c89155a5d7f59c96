// A worker in Chromium that makes reports: with this project's wasm as the page has it, and with npm's Prio3.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, extname, join } from "node:path";
import { build } from "esbuild";
import { root } from "../../e2e/lib/environment.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** What the worker runs: it says `ready`, then answers each `{ who, what, sampleMs, samples }` with milliseconds for one piece of work. */
const WORKER = `
import { Buffer } from "buffer";
import { Prio3Histogram, Prio3SumVec } from "@divviup/prio3";
import { Sharer } from "./speed.js";

/** Three shares by npm's Prio3, for the shapes of tests/speed/src/measurement.rs. Its lone number is a vector of one, as here. */
const npmPrio3 = (shape, chunkLength) => {
  const [kind, size] = shape.split("-");
  const histogram = kind === "histogram";
  const [length, bits] = histogram ? [Number(size)] : kind === "sum" ? [1, Number(size)] : size.split("x").map(Number);
  const vdaf = histogram ? new Prio3Histogram({ shares: 3, length, chunkLength }) : new Prio3SumVec({ shares: 3, length, bits, chunkLength });
  const measurement = histogram ? 7 : Array.from({ length }, (_, at) => at);
  const random = (count) => Buffer.from(crypto.getRandomValues(new Uint8Array(count)));
  return async (times) => {
    for (let at = 0; at < times; at++) await vdaf.shard(measurement, random(vdaf.nonceSize), random(vdaf.randSize));
  };
};

const works = {
  shard(scheme, shape) {
    const sharer = new Sharer(scheme, shape);
    return (times) => sharer.shard(times);
  },
  seal(scheme, shape) {
    const sharer = new Sharer(scheme, shape);
    sharer.shard(1);
    return (times) => sharer.seal(times);
  },
  npm: (shape, chunkLength) => npmPrio3(shape, chunkLength),
  bytes(scheme, shape) {
    const sharer = new Sharer(scheme, shape);
    sharer.shard(1);
    return sharer.seal(1);
  },
};

async function measure({ what, args, sampleMs, samples }) {
  const work = works[what](...args);
  if (typeof work === "number") return work;
  const timed = async (times) => {
    const start = performance.now();
    await work(times);
    return performance.now() - start;
  };
  // Also warms the engine: its optimising compiler takes over within the first runs.
  let times = 1;
  for (let took = await timed(1); took < sampleMs; took = await timed(times)) times = Math.max(times + 1, Math.ceil((times * sampleMs) / Math.max(took, 1) * 1.1));
  const values = [];
  for (let sample = 0; sample < samples; sample++) values.push((await timed(times)) / times);
  return values;
}

onmessage = async ({ data }) => {
  try {
    postMessage({ result: await measure(data) });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
postMessage("ready");
`;

/** Serves the worker on loopback; \`speed\` is the folder that \`cargo xtask page --program speed\` fills. */
export async function serveSharing(speed) {
  const bundled = await build({
    stdin: { contents: WORKER, resolveDir: root, sourcefile: "worker.mjs" },
    bundle: true, format: "esm", platform: "browser", target: "esnext", minify: true, write: false, external: ["./speed.js"],
  });
  const own = { "index.html": "<!doctype html><title>sharing</title><link rel=icon href=data:,>", "worker.js": bundled.outputFiles[0].text };
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url, "http://localhost").pathname) || "index.html";
    response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream");
    response.end(own[name] ?? readFileSync(join(speed, name)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Opens the page and starts its worker; gives a function that has the worker measure something. */
export async function openSharing(browser, url) {
  const page = await browser.newPage();
  await page.goto(url);
  await page.evaluate(() => {
    window.worker = new Worker("worker.js", { type: "module" });
    return new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => reject(new Error(event.message));
    });
  });
  return (what, args, options = {}) =>
    page.evaluate((job) => new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.result));
      worker.postMessage(job);
    }), { what, args, sampleMs: 25, samples: 11, ...options });
}
