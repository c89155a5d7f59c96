// The page's webrtc-direct transport in a real browser against real listeners.
//
//   node tests/e2e/webrtc.mjs [--listener PROGRAM]... [--profile PROFILE] [--bench]
//
// Without --listener, the published libp2p-webrtc listener (tests/stock-webrtc) is built and used. A listener is any
// program that serves the protocols of that package and prints its multiaddress as its first line, bare or in JSON.

import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { basename, extname, join, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { values: options } = parseArgs({
  options: {
    listener: { type: "string", multiple: true },
    profile: { type: "string", default: "dev" },
    bench: { type: "boolean", default: false },
  },
});
const cargo = process.env.CARGO ?? "cargo";
const MIB = 1024 * 1024;
// What a slow reader may leave unread before a peer without flow control is reset (webrtc::stream::Config).
const STOCK_UNREAD_MAX = 4 * MIB;

function build(...args) {
  return execFileSync(cargo, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
}

function buildStock() {
  const messages = build("build", "--quiet", "--package", "stock-webrtc", "--message-format", "json-render-diagnostics");
  const paths = messages.trim().split("\n").map((line) => JSON.parse(line).executable).filter(Boolean);
  return paths.at(-1);
}

async function listen(program) {
  const child = spawn(program, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, "line");
  return { child, addr: line.startsWith("{") ? JSON.parse(line).address : line };
}

async function kill(child) {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

async function serve(folder) {
  const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url, "http://localhost").pathname) || "index.html";
    response.setHeader("content-type", types[extname(name)] ?? "application/octet-stream");
    createReadStream(join(folder, name))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

const CHECK_MS_MAX = 90_000;
let failed = 0;
async function check(name, test) {
  const start = performance.now();
  let guard;
  const late = new Promise((_, reject) => {
    guard = setTimeout(() => reject(new Error(`no end after ${CHECK_MS_MAX} ms`)), CHECK_MS_MAX);
  });
  try {
    const note = await Promise.race([test(), late]).finally(() => clearTimeout(guard));
    console.log(`ok    ${name}${note ? `: ${note}` : ""} (${Math.round(performance.now() - start)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error.message}`);
  }
}

function assert(condition, message) {
  if (!condition) throw new Error(message);
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rate = (bytes, ms) => `${(bytes / MIB / (ms / 1000)).toFixed(1)} MiB/s`;

async function tests(page, program) {
  const { child, addr } = await listen(program);
  const stock = basename(program) === "stock-webrtc";
  console.log(`# ${basename(program)} ${addr}`);
  try {
    await check("dials", () =>
      page.evaluate(async (addr) => {
        const start = performance.now();
        window.conn = await (await window.tab).Tab.dial(addr);
        if (!addr.endsWith(window.conn.peer())) throw new Error(`another peer: ${window.conn.peer()}`);
        return `${(performance.now() - start).toFixed(0)} ms`;
      }, addr));
    await check("pings", async () => {
      const pings = await page.evaluate(async () => {
        const pings = [];
        for (let i = 0; i < 50; i++) pings.push(await window.conn.ping());
        return pings;
      });
      return `median ${median(pings).toFixed(2)} ms`;
    });
    await check("echoes 1 MiB unchanged", () =>
      page.evaluate(async (len) => {
        const sent = new Uint8Array(len);
        for (let at = 0; at < len; at += 65536) crypto.getRandomValues(sent.subarray(at, at + 65536));
        const got = await window.conn.echo(sent);
        if (got.length !== len || got.some((byte, at) => byte !== sent[at])) throw new Error("other bytes");
      }, MIB));
    const bulk = (options.bench ? 64 : 8) * MIB;
    for (const way of ["upload", "download"]) {
      await check(`${way}s ${bulk / MIB} MiB`, async () => {
        const took = [];
        for (let i = 0; i < (options.bench ? 3 : 1); i++) {
          took.push(await page.evaluate(([way, len]) => window.conn[way](len), [way, bulk]));
        }
        return `median ${rate(bulk, median(took))}`;
      });
    }
    await check("carries 40 streams at once", () =>
      page.evaluate(async (len) => {
        const sent = new Uint8Array(len).fill(7);
        const all = Array.from({ length: 40 }, () => window.conn.echo(sent));
        for (const got of await Promise.all(all)) if (got.length !== len) throw new Error("short echo");
      }, 20_000));
    await check(stock ? "resets a slow reader past its bound" : "lets a slow reader catch up", async () => {
      const len = 4 * STOCK_UNREAD_MAX;
      const { error, grown } = await page.evaluate(async (len) => {
        const tab = await window.tab;
        const before = tab.memory_bytes();
        const download = await window.conn.open_download(len);
        // Another transfer of the same size: by its end, the first has arrived as far as it will.
        await window.conn.download(len);
        const error = await download.finish().then(() => null, (error) => error.message);
        return { error, grown: tab.memory_bytes() - before };
      }, len);
      assert(stock ? error?.includes("receive bound") : error === null, `reader ended with: ${error}`);
      assert(grown <= 4 * STOCK_UNREAD_MAX, `memory grew by ${grown} bytes`);
      return `memory grew by ${(grown / MIB).toFixed(1)} MiB`;
    });
    await check("refuses a host with another certificate", async () => {
      const hash = "uEiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
      const other = addr.replace(/certhash\/[^/]+/, `certhash/${hash}`);
      const error = await page.evaluate(
        (addr) => window.tab.then((tab) => tab.Tab.dial(addr)).then(() => null, (error) => error.message), other);
      assert(error, "the dial succeeded");
      return error;
    });
    await check("notices a killed host within 10 s", async () => {
      const closed = page.evaluate(async () => {
        window.pending = window.conn.open_download(1e12).then((d) => d.finish());
        const failed = window.pending.then(() => "finished", (error) => error.message);
        return { closed: await window.conn.closed(), stream: await failed };
      });
      await page.evaluate(() => window.conn.ping());
      const start = performance.now();
      await kill(child);
      const { closed: why, stream } = await closed;
      const took = performance.now() - start;
      assert(took < 10_000, `it took ${Math.round(took)} ms`);
      return `${(took / 1000).toFixed(1)} s, connection: "${why}", stream: "${stream}"`;
    });
    await check("a dial to nobody ends with a reason", async () => {
      const error = await page.evaluate(
        (addr) => window.tab.then((tab) => tab.Tab.dial(addr)).then(() => null, (error) => error.message), addr);
      assert(error, "the dial succeeded");
      return error;
    });
  } finally {
    await kill(child);
  }
}

const listeners = options.listener ?? [buildStock()];
const out = join(root, "target/tab", options.profile);
build("run", "--quiet", "--package", "tab", "--", out, options.profile);
const { server, url } = await serve(out);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
});
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => {
    failed += 1;
    console.log(`FAIL  page error: ${error.message}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error") console.log(`      console: ${message.text()}`);
  });
  await page.goto(url);
  await page.waitForFunction(() => window.tab);
  for (const listener of listeners) await tests(page, listener);
} finally {
  await browser.close();
  server.close();
}
console.log(failed === 0 ? "all passed" : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
