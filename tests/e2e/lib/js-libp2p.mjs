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

window.visit = async (address, pings) => {
  const node = await createLibp2p({
    addresses: { listen: [] },
    transports: [webRTCDirect()],
    connectionEncrypters: [noise()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping() },
  });
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
`;

/** A page with npm's libp2p: `visit(address, pings)` dials, lets itself be identified, and pings. */
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
  await page.waitForFunction(() => window.visit);
  return {
    visit: (address, pings) => page.evaluate(([address, pings]) => window.visit(address, pings), [address, pings]),
    async close() {
      await page.close();
      server.close();
    },
  };
}
