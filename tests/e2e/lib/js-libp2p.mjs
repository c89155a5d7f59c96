// npm's libp2p in a page of its own: another implementation of what our heavy nodes speak.

import { once } from "node:events";
import { createServer } from "node:http";
import { build } from "esbuild";
import { root } from "./environment.mjs";

const SOURCE = `
import { noise } from "@chainsafe/libp2p-noise";
import { identify } from "@libp2p/identify";
import { ping } from "@libp2p/ping";
import { webRTCDirect } from "@libp2p/webrtc";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

const createNode = () =>
  createLibp2p({
    addresses: { listen: [] },
    transports: [webRTCDirect()],
    connectionEncrypters: [noise()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping() },
  });

window.visit = async (address, pings) => {
  const node = await createNode();
  try {
    const identified = new Promise((resolve) =>
      node.addEventListener("peer:identify", ({ detail }) => resolve(detail), { once: true }));
    const start = performance.now();
    const connection = await node.dial(multiaddr(address));
    const dialMs = performance.now() - start;
    const { agentVersion, protocols, observedAddr } = await identified;
    const pingMs = [];
    for (let at = 0; at < pings; at++) {
      pingMs.push(await node.services.ping.ping(connection.remotePeer));
      // It allows itself one ping stream at a time, and one counts until both sides have closed it.
      const open = connection.streams.filter((stream) => stream.direction === "outbound" && stream.protocol.includes("/ping/"));
      await Promise.all(open.map((stream) =>
        new Promise((resolve) => stream.addEventListener("close", resolve, { once: true }))));
    }
    return {
      peer: connection.remotePeer.toString(),
      address: connection.remoteAddr.toString(),
      dialMs, pingMs, agentVersion, protocols, observed: observedAddr?.toString(),
    };
  } finally {
    await node.stop();
  }
};

const CHUNK = new Uint8Array(64 * 1024).fill(0x5a);
const MIB = 1024 * 1024;
const send = async (stream, bytes) => { if (!stream.send(bytes)) await stream.onDrain(); };
const u64 = (number) => { const bytes = new Uint8Array(8); new DataView(bytes.buffer).setBigUint64(0, BigInt(number)); return bytes; };

window.transfer = async (address, mib) => {
  const node = await createNode();
  try {
    const connection = await node.dial(multiaddr(address));
    let start = performance.now();
    const up = await connection.newStream("/formix-test/upload/1");
    for (let left = mib * MIB; left > 0; left -= CHUNK.length) await send(up, CHUNK);
    await up.close();
    const answer = [];
    for await (const part of up) answer.push(...part.subarray());
    const counted = Number(new DataView(new Uint8Array(answer).buffer).getBigUint64(0));
    const upMs = performance.now() - start;

    start = performance.now();
    const down = await connection.newStream("/formix-test/download/1");
    await send(down, u64(mib * MIB));
    let got = 0;
    for await (const part of down) got += part.byteLength;
    return { counted, upMs, got, downMs: performance.now() - start };
  } finally {
    await node.stop();
  }
};
`;

/**
 * A page with npm's libp2p. `visit(address, pings)` dials, lets itself be identified, and pings; `transfer(address, mib)` sends so
 * much to a host that serves the protocols of tests/stock-webrtc, and asks for as much.
 */
export async function openJsLibp2p(browser) {
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
    const asked = request.url === "/page.js";
    response.setHeader("content-type", asked ? "text/javascript" : "text/html");
    response.end(asked ? script : '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => window.transfer);
  return {
    visit: (address, pings) => page.evaluate(([address, pings]) => window.visit(address, pings), [address, pings]),
    transfer: (address, mib) => page.evaluate(([address, mib]) => window.transfer(address, mib), [address, mib]),
    async close() {
      await page.close();
      server.close();
    },
  };
}
