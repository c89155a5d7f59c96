// The machine that a bench runs on, and what it measures on it that is no browser's.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { root, target } from "../../e2e/lib/environment.mjs";

/** This machine, in a line. */
export function machine() {
  const [{ model }] = cpus();
  return `${cpus().length} × ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`;
}

/** What a program prints: figures with all their values, by name. */
export function figures(program, ...args) {
  const lines = execFileSync(program, args.map(String), { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  const rows = lines.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return new Map(rows.map((row) => [row.name, row]));
}

/** An example of a package, built. */
export function example(name, of) {
  const build = ["build", "--quiet", "--profile", "bench", "--package", of, "--example", name];
  execFileSync(process.env.CARGO ?? "cargo", build, { cwd: root, stdio: ["ignore", 2, "inherit"] });
  return join(target, "release/examples", name);
}

/** A program of one file of C beside this one, built for this very machine. */
export function compiled(name) {
  const folder = join(target, "xtask/bench-c");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, name);
  const args = ["-O3", "-march=native", "-fopenmp", "-o", program, join(root, `tests/bench/lib/${name}.c`)];
  execFileSync(process.env.CC ?? "cc", args, { stdio: ["ignore", 2, "inherit"] });
  return program;
}
