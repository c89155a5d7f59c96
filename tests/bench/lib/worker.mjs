// A page of nothing but a worker in Chromium that does pieces of work and times them.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, extname, join } from "node:path";
import { build } from "esbuild";
import { root } from "../../e2e/lib/environment.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** The worker says `ready`, then answers each `{ what, args, sampleMs, samples }` with milliseconds for one piece of work, or with what is no function. */
const TIMER = `
async function measure({ what, args, sampleMs, samples }) {
  const work = await works[what](...args);
  if (typeof work !== "function") return work;
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

/**
 * Serves a worker on loopback. `source` is its program, which defines `works`: by name, functions that make a piece of work, which takes how often it
 * is done. `folder` is what `cargo xtask page --program PROGRAM` fills; `files` are served beside it.
 */
export async function serveWorker({ source, program, folder, files = {} }) {
  const bundled = await build({
    stdin: { contents: source + TIMER, resolveDir: root, sourcefile: "worker.mjs" },
    bundle: true, format: "esm", platform: "browser", target: "esnext", minify: true, write: false, external: [`./${program}.js`],
  });
  const own = { "index.html": `<!doctype html><title>${program}</title><link rel=icon href=data:,>`, "worker.js": bundled.outputFiles[0].text, ...files };
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url, "http://localhost").pathname) || "index.html";
    response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream");
    response.end(own[name] ?? readFileSync(join(folder, name)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Opens the page and starts its worker; gives a function that has the worker measure something. */
export async function openWorker(browser, url) {
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
