// Ports that nobody uses.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** Ports of one heavy node: HTTP, WebRTC, QUIC, TCP, WebSocket, one after the other. */
const PORTS_PER_NODE = 5;
/** Below the range from which Linux gives ports to those who ask for any. */
const FIRST = 12_000;
const LAST = 32_000;
const given = new Set();

async function isFree(port) {
  const tcp = createServer();
  const udp = createSocket("udp4");
  try {
    tcp.listen(port, "127.0.0.1");
    udp.bind(port, "127.0.0.1");
    await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
    return true;
  } catch {
    return false;
  } finally {
    tcp.close();
    udp.close();
  }
}

/** The first of as many free ports as a heavy node needs. */
export async function basePort() {
  for (let tries = 0; tries < 200; tries++) {
    const base = FIRST + PORTS_PER_NODE * Math.floor((Math.random() * (LAST - FIRST)) / PORTS_PER_NODE);
    if (given.has(base)) continue;
    const ports = Array.from({ length: PORTS_PER_NODE }, (_, at) => base + at);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) {
      given.add(base);
      return base;
    }
  }
  throw new Error(`no ${PORTS_PER_NODE} free ports in a row from ${FIRST} to ${LAST}`);
}
