// Native light nodes that run jobs.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { formix } from "./environment.mjs";
import { Process } from "./processes.mjs";

const START_MS_MAX = 60_000;

/** Starts a light node that runs jobs, and waits until every heavy node of the network has its offer. */
export async function startWorker(network, name, slots = 1) {
  const home = join(network.folder, name);
  mkdirSync(home);
  const args = ["node", "--json", "--while-stdin", "--name", name, "--home", home, "--slots", String(slots)];
  for (const { url } of network.heavy) args.push("--host", url);
  const process = Process.start(name, formix, args, { logFolder: network.folder });
  const offered = (line) => line.startsWith("{") && JSON.parse(line).event === "offered" && JSON.parse(line).to.length === network.heavy.length;
  await process.line(offered, START_MS_MAX, `${name} to offer itself`);
  network.lights.push({ name, process });
}
