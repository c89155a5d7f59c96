// A tab and a host over WebRTC: bulk both ways, round trips, a slow reader, many connections. [--json] [--runs N] [--connects N]

import { parseArgs } from "node:util";
import { openBrowser } from "../e2e/lib/browser.mjs";
import { temporaryFolder, within } from "../e2e/lib/processes.mjs";
import { buildOwnHost, buildStockHost, openTabPage, serveTabPage, startHost } from "../e2e/lib/tab-page.mjs";
import { Table } from "./lib/table.mjs";

const MIB = 1024 * 1024;
const BULK_BYTES = 64 * MIB;
const BULK_MS_MAX = 120_000;
const ROUND_TRIPS = 200;
const REQUEST_BYTES = 256;
const SETTLE_MS_MAX = 30_000;
/** What the project asks (docs/benchmarks.md): 30 MiB/s both ways, 3 ms, and memory that comes back. */
const GOALS = { bulk_ms: (BULK_BYTES / MIB / 30) * 1000, request_ms: 3, rss_ratio: 1.1, slow_reader_bytes: 16 * MIB };

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    connects: { type: "string", default: "2000" },
  },
});
const runs = Number(options.runs);
const connects = Number(options.connects);

/** Times of the bulk transfers and round trips with one host, in milliseconds. */
async function measure(page, address) {
  await page.evaluate(async (address) => (window.conn = await (await window.tab).Tab.dial(address)), address);
  const times = { upload: [], download: [] };
  for (const [way, values] of Object.entries(times)) {
    // One run before the measured ones, for the congestion windows to open.
    for (let run = -1; run < runs; run++) {
      const took = page.evaluate(([way, len]) => window.conn[way](len), [way, BULK_BYTES]);
      const ms = await within(BULK_MS_MAX, way, took);
      if (run >= 0) values.push(ms);
    }
  }
  const request = await page.evaluate(async ([count, len]) => {
    const bytes = new Uint8Array(len);
    const values = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      await window.conn.echo(bytes);
      values.push(performance.now() - start);
    }
    return values;
  }, [ROUND_TRIPS, REQUEST_BYTES]);
  const ping = await page.evaluate(async (count) => {
    const values = [];
    for (let i = 0; i < count; i++) values.push(await window.conn.ping());
    return values;
  }, ROUND_TRIPS);
  return { ...times, request, ping };
}

/** Memory that a download takes whose reader does nothing until everything that can arrive has arrived. */
function slowReader(page) {
  return page.evaluate(async (len) => {
    const tab = await window.tab;
    const before = tab.memory_bytes();
    const download = await window.conn.open_download(len);
    await window.conn.download(len);
    const grown = tab.memory_bytes() - before;
    await download.finish();
    return grown;
  }, BULK_BYTES);
}

/** What this project's host says of itself: its open connections and resident memory. */
async function status(host) {
  const all = () => host.lines.filter((line) => line.includes("resident_bytes"));
  const before = all().length;
  host.child.stdin.write("\n");
  return host.line(() => all().length > before && JSON.parse(all().at(-1)), SETTLE_MS_MAX);
}

/** Resident memory once no connection is open. */
async function idleMemory(host) {
  const deadline = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const { connections, resident_bytes } = await status(host);
    if (connections === 0) return resident_bytes;
    if (performance.now() > deadline) throw new Error(`${connections} connections stayed open`);
  }
}

function connectAndClose(page, address, count) {
  return page.evaluate(async ([address, count]) => {
    const tab = await window.tab;
    const times = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      const conn = await tab.Tab.dial(address);
      await conn.ping();
      times.push(performance.now() - start);
      conn.hang_up();
      await conn.closed();
      conn.free();
    }
    return times;
  }, [address, count]);
}

const logs = temporaryFolder();
const served = await serveTabPage("bench");
const own = await startHost(buildOwnHost("bench"), logs);
const stock = await startHost(buildStockHost("bench"), logs);
const browser = await openBrowser();
try {
  const { page, errors } = await openTabPage(browser, served.url);
  const ours = await measure(page, own.address);
  const grown = await slowReader(page);
  await page.evaluate(() => window.conn.hang_up());
  const theirs = await measure(page, stock.address);
  await page.evaluate(() => window.conn.hang_up());

  // The first connections fill pools and caches that stay.
  const warm = await connectAndClose(page, own.address, Math.ceil(connects / 20));
  const before = await idleMemory(own.host);
  const dials = await connectAndClose(page, own.address, connects);
  const after = await idleMemory(own.host);
  if (errors.length > 0) throw new Error(errors.join("; "));

  const peer = "published listener";
  const table = new Table(options.json);
  table.row({ name: "webrtc.upload_64mib_ms", values: ours.upload, unit: "ms", goal: GOALS.bulk_ms, peer, peerValues: theirs.upload });
  table.row({ name: "webrtc.download_64mib_ms", values: ours.download, unit: "ms", goal: GOALS.bulk_ms, peer, peerValues: theirs.download });
  table.row({ name: "webrtc.request_ms", values: ours.request, unit: "ms", goal: GOALS.request_ms, peer, peerValues: theirs.request });
  table.row({ name: "webrtc.ping_ms", values: ours.ping, unit: "ms", peer, peerValues: theirs.ping });
  table.row({ name: "webrtc.dial_ms", values: dials.length > 0 ? dials : warm, unit: "ms" });
  table.row({ name: "webrtc.slow_reader_bytes", value: grown, unit: "B", goal: GOALS.slow_reader_bytes });
  table.row({ name: `webrtc.rss_after_${connects}_connects`, value: after / before, unit: "of before", goal: GOALS.rss_ratio });
  table.print();
} finally {
  await browser.close();
  await own.host.kill();
  await stock.host.kill();
  served.close();
}
