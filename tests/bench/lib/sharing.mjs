// A worker in Chromium that makes reports: with this project's wasm as the page has it, and with npm's Prio3.

import { serveWorker } from "./worker.mjs";

/** What the worker runs. */
const WORKER = `
import { Buffer } from "buffer";
import { Prio3Histogram, Prio3SumVec } from "@divviup/prio3";
import { Sharer } from "./speed.js";

/** Three shares by npm's Prio3, for the shapes of tests/speed/src/measurement.rs. Its lone number is a vector of one, as here. */
const npmPrio3 = (shape, chunkLength) => {
  const [kind, size] = shape.split("-");
  const histogram = kind === "histogram";
  const [length, bits] = histogram ? [Number(size)] : kind === "sum" ? [1, Number(size)] : size.split("x").map(Number);
  const vdaf = histogram ? new Prio3Histogram({ shares: 3, length, chunkLength }) : new Prio3SumVec({ shares: 3, length, bits, chunkLength });
  const measurement = histogram ? 7 : Array.from({ length }, (_, at) => at);
  const random = (count) => Buffer.from(crypto.getRandomValues(new Uint8Array(count)));
  return async (times) => {
    for (let at = 0; at < times; at++) await vdaf.shard(measurement, random(vdaf.nonceSize), random(vdaf.randSize));
  };
};

const works = {
  shard(scheme, shape) {
    const sharer = new Sharer(scheme, shape);
    return (times) => sharer.shard(times);
  },
  seal(scheme, shape) {
    const sharer = new Sharer(scheme, shape);
    sharer.shard(1);
    return (times) => sharer.seal(times);
  },
  npm: (shape, chunkLength) => npmPrio3(shape, chunkLength),
  bytes(scheme, shape) {
    const sharer = new Sharer(scheme, shape);
    sharer.shard(1);
    return sharer.seal(1);
  },
};
`;

/** Serves the worker on loopback; `speed` is the folder that `cargo xtask page --program speed` fills. */
export const serveSharing = (speed) => serveWorker({ source: WORKER, program: "speed", folder: speed });
