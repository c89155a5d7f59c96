// npm's libp2p with @libp2p/webrtc, in real Chromium, dials a heavy node, is identified, pings it, and moves data.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib/browser.mjs";
import { checkEnvironment } from "./lib/environment.mjs";
import { openJsLibp2p } from "./lib/js-libp2p.mjs";
import { Network } from "./lib/network.mjs";
import { temporaryFolder } from "./lib/processes.mjs";
import { buildOwnHost, startHost } from "./lib/tab-page.mjs";

const PINGS = 20;
const MIB = 8;

let network, browser, stranger;
before(async () => {
  checkEnvironment();
  [network, browser] = await Promise.all([Network.start({ heavy: 1 }), openBrowser()]);
  stranger = await openJsLibp2p(browser);
});
after(async () => {
  await stranger?.close();
  await browser?.close();
  await network?.stop();
});

test("npm's libp2p dials a heavy node over webrtc-direct and pings it", { timeout: 60_000 }, async (t) => {
  const [heavy] = network.heavy;
  const address = (await heavy.addresses()).find((address) => address.includes("/webrtc-direct/"));
  assert.ok(address, "the heavy node has a webrtc-direct address");
  assert.ok(address.endsWith(`/p2p/${heavy.id}`), `${address} names ${heavy.id}`);
  const seen = await stranger.visit(address, PINGS);
  const median = seen.pingMs.toSorted((a, b) => a - b)[PINGS / 2];
  t.diagnostic(`dial ${seen.dialMs.toFixed(0)} ms, ping ${median.toFixed(1)} ms, agent ${seen.agentVersion}`);
  assert.equal(seen.peer, heavy.id);
  assert.match(seen.agentVersion, /^formix\//);
  assert.ok(seen.protocols.includes("/ipfs/ping/1.0.0"), `ping is among ${seen.protocols}`);
  assert.ok(seen.protocols.some((name) => name.startsWith("/formix/")), `a formix protocol is among ${seen.protocols}`);
  assert.ok(seen.observed?.includes("/udp/"), `told that it was seen at ${seen.observed}`);
});

test("the heavy node serves on after a stranger has left", { timeout: 60_000 }, async () => {
  const [heavy] = network.heavy;
  const address = (await heavy.addresses()).find((address) => address.includes("/webrtc-direct/"));
  for (let visits = 0; visits < 3; visits++) assert.equal((await stranger.visit(address, 1)).peer, heavy.id);
});

test("megabytes pass unbroken both ways", { timeout: 600_000 }, async (t) => {
  const { host, address } = await startHost(buildOwnHost("dev"), temporaryFolder());
  try {
    const { counted, upMs, got, downMs } = await stranger.transfer(address, MIB);
    assert.deepEqual({ counted, got }, { counted: MIB * 1024 * 1024, got: MIB * 1024 * 1024 });
    t.diagnostic(`${(MIB / (upMs / 1000)).toFixed(1)} MiB/s up, ${(MIB / (downMs / 1000)).toFixed(1)} MiB/s down`);
  } finally {
    await host.kill();
  }
});
