// A real graph from this machine: which of Debian's packages depends on which, as apt knows them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** The relations that become edges. */
const RELATIONS = new Set(["Depends", "Pre-Depends"]);

/** The names in a relation's value: of every alternative, without versions and architectures (Debian Policy 7.1). */
function named(value) {
  return value.split(/[,|]/).map((part) => part.trim().split(/[\s(:[<]/, 1)[0]).filter(Boolean);
}

/** Writes the graph as an edge list to `file`, its ids in comments; gives the names by id and the number of edges. */
export async function writePackages(file) {
  const apt = spawn("apt-cache", ["dumpavail"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(apt, "exit");
  const ids = new Map();
  const id = (name) => {
    if (!ids.has(name)) ids.set(name, ids.size);
    return ids.get(name);
  };
  const edges = [];
  let from = null;
  for await (const line of createInterface({ input: apt.stdout })) {
    const [, field, value] = line.match(/^([\w-]+): (.*)$/) ?? [];
    if (field === "Package") from = id(value);
    if (RELATIONS.has(field)) for (const name of named(value)) edges.push(`${from} ${id(name)}`);
  }
  const [code] = await ended;
  if (code !== 0 || edges.length === 0) throw new Error("apt-cache dumpavail gives no packages: run `apt-get update` first");
  const names = [...ids.keys()];
  const comments = names.map((name, at) => `# ${at} ${name}`);
  writeFileSync(file, ["# Debian's packages: id and name, then which depends on which", ...comments, ...edges, ""].join("\n"));
  return { names, edges: edges.length };
}
