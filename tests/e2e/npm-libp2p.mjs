// npm's libp2p with @libp2p/webrtc, in a real browser, against our webrtc-direct listener.
//
//   node tests/e2e/npm-libp2p.mjs [--listener PROGRAM] [--mib N]
//
// Without --listener, the example host of native-host/webrtc-host is built and used. A listener is any program
// that serves ping and the protocols of tests/stock-webrtc and prints its multiaddress as its first line.

import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { values: options } = parseArgs({
  options: { listener: { type: "string" }, mib: { type: "string", default: "8" } },
});

function buildHost() {
  const args = ["build", "--quiet", "--package", "webrtc-host", "--example", "bench_host"];
  const messages = execFileSync(process.env.CARGO ?? "cargo", [...args, "--message-format", "json-render-diagnostics"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  return messages.trim().split("\n").map((line) => JSON.parse(line).executable).filter(Boolean).at(-1);
}

const SOURCE = `
import { noise } from "@chainsafe/libp2p-noise";
import { identify } from "@libp2p/identify";
import { ping } from "@libp2p/ping";
import { webRTCDirect } from "@libp2p/webrtc";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

const CHUNK = new Uint8Array(64 * 1024).fill(0x5a);
const u64 = (n) => { const b = new Uint8Array(8); new DataView(b.buffer).setBigUint64(0, BigInt(n)); return b; };

window.run = async (address, mib) => {
  const node = await createLibp2p({
    addresses: { listen: [] },
    transports: [webRTCDirect()],
    connectionEncrypters: [noise()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping() },
  });
  const out = {};
  let start = performance.now();
  const connection = await node.dial(multiaddr(address));
  out.dial_ms = performance.now() - start;
  const pings = [];
  // One ping stream at a time is allowed: the next waits until the last one has left the connection.
  let ends = 0;
  for (let i = 0; i < 20; i++) {
    pings.push(await node.services.ping.ping(connection.remotePeer));
    start = performance.now();
    while (connection.streams.some((stream) => stream.direction === "outbound")) await new Promise((r) => setTimeout(r, 1));
    ends = Math.max(ends, performance.now() - start);
  }
  out.stream_end_ms = ends;
  out.ping_ms = pings.sort((a, b) => a - b)[10];
  const total = mib * 1024 * 1024;
  const send = async (stream, bytes) => { if (!stream.send(bytes)) await stream.onDrain(); };

  start = performance.now();
  const up = await connection.newStream("/formix-test/upload/1");
  for (let left = total; left > 0; left -= CHUNK.length) await send(up, CHUNK);
  await up.close();
  let answer = [];
  for await (const part of up) answer.push(...part.subarray());
  const counted = Number(new DataView(new Uint8Array(answer).buffer).getBigUint64(0));
  if (counted !== total) throw new Error("host counted " + counted + " of " + total);
  out.up_mib_s = mib / ((performance.now() - start) / 1000);

  start = performance.now();
  const down = await connection.newStream("/formix-test/download/1");
  await send(down, u64(total));
  let got = 0;
  for await (const part of down) got += part.byteLength;
  if (got !== total) throw new Error("got " + got + " of " + total);
  out.down_mib_s = mib / ((performance.now() - start) / 1000);
  await node.stop();
  return out;
};
window.ready = true;
`;

const bundle = await build({
  stdin: { contents: SOURCE, resolveDir: root, loader: "js" },
  bundle: true,
  write: false,
  format: "esm",
  platform: "browser",
  define: { global: "globalThis" },
});
const script = bundle.outputFiles[0].text;
const server = createServer((request, response) => {
  const html = request.url === "/";
  response.setHeader("content-type", html ? "text/html" : "text/javascript");
  response.end(html ? '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>' : script);
}).listen(0, "127.0.0.1");
await once(server, "listening");

const child = spawn(options.listener ?? buildHost(), { stdio: ["ignore", "pipe", "inherit"] });
const [line] = await once(createInterface({ input: child.stdout }), "line");
const address = line.startsWith("{") ? JSON.parse(line).address : line;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.log(`page error: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && console.log(`console: ${message.text()}`));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => window.ready);
  console.log(JSON.stringify(await page.evaluate(([address, mib]) => window.run(address, mib), [address, Number(options.mib)])));
} catch (error) {
  console.log(`FAIL ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
  child.kill();
}
