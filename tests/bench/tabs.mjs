// Idle light nodes that a heavy node holds per GiB of memory, by transport. [--json] [--webrtc N] [--websocket N], 0 to leave one out

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Network } from "../e2e/lib/network.mjs";
import { Process } from "../e2e/lib/processes.mjs";
import { buildProgram } from "../e2e/lib/tab-page.mjs";
import { Table } from "./lib/table.mjs";
import { usedSeconds } from "./lib/used.mjs";

const KIB_PER_GIB = 1024 * 1024;
/** The first nodes fill what a process keeps for good; they are not counted. */
const WARM = 100;
/** Time in which nothing but pings happens. A node pings every 5 s, each side's libp2p every 15 s. */
const IDLE_MS = 20_000;
const GROW_MS_MAX = 600_000;
const SHOWN_MS_MAX = 30_000;
/** What the project asks (docs/benchmarks.md), in nodes per GiB. */
const KINDS = [
  { name: "webrtc", transport: "webrtc-direct", part: "/webrtc-direct/", goal: 1_000 },
  { name: "websocket", transport: "websocket", part: "/ws", goal: 5_000 },
];

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    webrtc: { type: "string", default: "1000" },
    websocket: { type: "string", default: "3000" },
  },
});

/** A process's resident memory, in KiB. */
const residentKib = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+) kB$/m)[1]);

/** Has the crowd grow to `count` nodes, and the heavy node hold them for a while; gives its memory and share of a core then. */
async function hold(heavy, crowd, transport, count) {
  const held = (line) => {
    const told = JSON.parse(line);
    return told.nodes === count && told;
  };
  crowd.child.stdin.write(`${count}\n`);
  const { seconds } = await crowd.line(held, GROW_MS_MAX, `${count} nodes to be greeted`);
  const all = ({ lights }) => lights[transport] === count;
  await heavy.http.until("/status", "peers", SHOWN_MS_MAX, `${count} nodes in the status`, all);
  const before = { used: usedSeconds(heavy.pid), at: performance.now() };
  await sleep(IDLE_MS);
  const cores = (usedSeconds(heavy.pid) - before.used) / ((performance.now() - before.at) / 1000);
  const kib = residentKib(heavy.pid);
  const lost = crowd.lines.filter((line) => JSON.parse(line).down !== undefined);
  if (lost.length > 0) throw new Error(`${lost.length} links ended: ${lost[0]}`);
  if (!all(await heavy.http.get("/status"))) throw new Error(`the status does not show ${count} nodes any more`);
  return { kib, cores, seconds };
}

async function measure({ name, transport, part, goal }, count, program, table) {
  const network = await Network.start({ heavy: 3 });
  try {
    const [heavy] = network.heavy;
    const alone = residentKib(heavy.pid);
    const address = (await heavy.addresses()).find((address) => address.startsWith("/ip4/127.0.0.1/") && address.includes(part));
    const crowd = Process.start("crowd", program, [heavy.id, address], { logFolder: network.folder });
    const few = await hold(heavy, crowd, transport, WARM);
    const many = await hold(heavy, crowd, transport, count);
    await crowd.kill();
    const kib = (many.kib - few.kib) / (count - WARM);
    const row = (what, value, unit, more = {}) => table.row({ name: `tabs.${name}.${what}`, value, unit, ...more });
    row("nodes_per_gib", Math.floor(KIB_PER_GIB / kib), "nodes", { atLeast: goal });
    row("node_kib", kib, "KiB");
    row("rss_alone_kib", alone, "KiB");
    row(`rss_at_${WARM}_kib`, few.kib, "KiB");
    row(`rss_at_${count}_kib`, many.kib, "KiB");
    row(`idle_cpu_at_${count}`, many.cores, "cores");
    row(`greeted_per_s`, (count - WARM) / many.seconds, "nodes/s");
  } finally {
    await network.stop();
  }
}

const program = buildProgram("bench", "--package", "native-host", "--example", "crowd");
const table = new Table(options.json);
for (const kind of KINDS) {
  const count = Number(options[kind.name]);
  if (count === 0) continue;
  if (!(count > WARM)) throw new Error(`--${kind.name} takes a number above ${WARM}`);
  await measure(kind, count, program, table);
}
table.print();
