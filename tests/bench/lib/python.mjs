// Pythons with the packages that benches compare with.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, target } from "../../e2e/lib/environment.mjs";

/** A Python, by the name of its environment, that has what the requirements in a file pin. */
export function python(name, file) {
  const requirements = join(root, file);
  const venv = join(target, "xtask", name);
  const [program, installed, pinned] = [join(venv, "bin/python"), join(venv, "installed.txt"), readFileSync(requirements, "utf8")];
  if (existsSync(program) && existsSync(installed) && readFileSync(installed, "utf8") === pinned) return program;
  execFileSync("python3", ["-m", "venv", "--clear", venv], { stdio: ["ignore", 2, "inherit"] });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements];
  execFileSync(program, pip, { stdio: ["ignore", 2, "inherit"] });
  writeFileSync(installed, pinned);
  return program;
}
