// A Python with what python/requirements.txt pins, in cargo's output folder: other people's programs that check ours.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, target } from "./environment.mjs";
import { run } from "./processes.mjs";

const INSTALL_MS_MAX = 180_000;

/** The Python's path; made, or made anew, where what is pinned is not installed. */
export async function python() {
  const file = join(root, "tests/e2e/python/requirements.txt");
  const pinned = readFileSync(file, "utf8");
  const venv = join(target, "e2e-python");
  const program = join(venv, "bin/python");
  const installed = join(venv, "installed.txt");
  if (existsSync(installed) && readFileSync(installed, "utf8") === pinned) return program;
  try {
    mkdirSync(target, { recursive: true });
    await run("python3", ["-m", "venv", "--clear", venv], { limitMs: INSTALL_MS_MAX });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", file];
    await run(program, pip, { limitMs: INSTALL_MS_MAX });
  } catch (error) {
    throw new Error(`${error.message}\nIt needs Python 3.10 or later with its venv module (Debian: python3-venv), and PyPI.`);
  }
  writeFileSync(installed, pinned);
  return program;
}
