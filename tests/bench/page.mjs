// The page from a link to a contribution: bytes over the network, cold and warm time. [--json] [--runs N]

import { createServer } from "node:http";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBrowser } from "../e2e/lib/browser.mjs";
import { checkEnvironment, page as pageFolder } from "../e2e/lib/environment.mjs";
import { Network } from "../e2e/lib/network.mjs";
import { deal, penguins } from "../e2e/lib/penguins.mjs";
import { DATASET, draft } from "../e2e/lib/sum.mjs";
import { drive, followed } from "./lib/drive.mjs";
import { Table } from "./lib/table.mjs";

/** A run that takes longer has failed. */
const RUN_MS_MAX = 60_000;
const DEADLINE_S = 3600;
/** What the project asks of this page (docs/benchmarks.md). */
const GOALS = { gzip_bytes: 1_200_000, cold_ms: 2_000, warm_ms: 800 };

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, runs: { type: "string", default: "7" } },
});
const runs = Number(options.runs);
checkEnvironment();

/** Opens a page that drives itself by `plan`; gives its marks, in milliseconds since the navigation, and what was transferred. */
async function visit(context, url, plan) {
  const page = await context.newPage();
  const files = [];
  const sizes = [];
  page.on("requestfinished", (request) => {
    sizes.push(request.sizes().then((size) => {
      const { pathname } = new URL(request.url());
      files.push({ pathname, bytes: size.responseHeadersSize + size.responseBodySize });
    }));
  });
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.addInitScript(drive, plan);
  await page.goto(url, { waitUntil: "commit" });
  try {
    const marks = await page.evaluate(followed, RUN_MS_MAX);
    await Promise.all(sizes);
    if (errors.length > 0) throw new Error(errors.join("; "));
    return { marks, files, page };
  } catch (error) {
    throw new Error(`${error.message}\n${errors.join("\n")}\n${await page.locator("body").innerText()}`);
  }
}

/** The time that a page of nothing but the same bytes takes to arrive, fresh and again. */
async function emptyPage(browser, bytes) {
  const body = randomBytes(bytes);
  const html = `<!doctype html><script>fetch("/bytes").then((r) => r.arrayBuffer()).then(() => { window.marks = { end: performance.now() }; })</script>`;
  const server = createServer((request, response) => {
    const asked = request.url === "/bytes";
    response.setHeader("content-type", asked ? "application/octet-stream" : "text/html");
    if (asked) response.setHeader("cache-control", "public, max-age=31536000, immutable");
    response.end(asked ? body : html);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}/`;
  const times = { cold: [], warm: [] };
  for (let run = 0; run < runs; run++) {
    const context = await browser.newContext();
    for (const kind of ["cold", "warm"]) {
      const page = await context.newPage();
      await page.goto(url, { waitUntil: "commit" });
      times[kind].push((await (await page.waitForFunction(() => window.marks)).jsonValue()).end);
      await page.close();
    }
    await context.close();
  }
  server.close();
  return times;
}

const network = await Network.start({ heavy: 3 });
const browser = await openBrowser();
const marks = { cold: [], warm: [] };
let transferred;
try {
  const [records] = deal(penguins(), 25);
  const bytes = Buffer.from(JSON.stringify(records)).toString("base64");
  const propose = (dataset) => network.propose({ ...draft(3, DEADLINE_S), dataset, deadline: `${DEADLINE_S}s` });
  // The first visit of all warms what a run must not measure: the host's files in the system's cache, the browser's own start.
  for (let run = -1; run < runs; run++) {
    // A name of its own, so that no rule or record of this run fits the computations of another.
    const dataset = `${DATASET} ${run + 2}`;
    const context = await browser.newContext();
    const cold = await visit(context, network.url, { kind: "cold", id: await propose(dataset), dataset, bytes });
    await cold.page.close();
    const warm = await visit(context, network.url, { kind: "warm", id: await propose(dataset) });
    await context.close();
    if (run < 0) continue;
    marks.cold.push(cold.marks);
    marks.warm.push(warm.marks);
    transferred = cold.files;
  }

  const manifest = JSON.parse(readFileSync(join(pageFolder, "manifest.json"), "utf8"));
  const gzip = new Map(manifest.files.map((file) => [`/${file.path}`, file.gzip_bytes]));
  // The worker asks for the page's program again, and has it from the cache.
  const paths = new Set(transferred.map(({ pathname }) => (pathname === "/" ? "/index.html" : pathname)));
  const ofPage = [...paths].filter((path) => gzip.has(path));
  const wire = transferred.reduce((sum, file) => sum + file.bytes, 0);
  const empty = await emptyPage(browser, wire);

  const table = new Table(options.json);
  table.row({ name: "page.gzip_bytes", value: ofPage.reduce((sum, path) => sum + gzip.get(path), 0), unit: "B", goal: GOALS.gzip_bytes });
  table.row({ name: "page.transferred_bytes", value: wire, unit: "B" });
  for (const kind of ["cold", "warm"]) {
    const peer = { peer: `empty page of ${wire} B, ${kind}`, peerValues: empty[kind] };
    table.row({ name: `page.${kind}_ms`, values: marks[kind].map(({ held }) => held), unit: "ms", goal: GOALS[`${kind}_ms`], ...peer });
    for (const step of Object.keys(marks[kind][0]).filter((step) => step !== "held")) {
      table.row({ name: `page.${kind}.${step}_ms`, values: marks[kind].map((run) => run[step]), unit: "ms" });
    }
  }
  table.print();
} finally {
  await browser.close();
  await network.stop();
}
