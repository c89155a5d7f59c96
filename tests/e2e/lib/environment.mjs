// Where the programs under test are: what `cargo xtask` says in variables, or else what a checkout has built last.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Cargo's output folder. */
export const target = process.env.FORMIX_TARGET ?? join(root, "target");

/** The folder of the built page. */
export const page = process.env.FORMIX_PAGE ?? join(root, "dist");

/** The `formix` program. */
export const formix = process.env.FORMIX_BIN ?? join(target, "debug/formix");

/** The browser. */
export const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Throws where something is missing, saying how to get it. */
export function checkEnvironment() {
  for (const [what, path, mend] of [
    ["the formix program", formix, "cargo build --package native-host"],
    ["the page", join(page, "index.html"), "cargo xtask page"],
    ["Chromium", chromiumPath, "install Debian's package chromium, or set CHROMIUM"],
  ]) {
    if (!existsSync(path)) throw new Error(`${what} is not at ${path}: ${mend}`);
  }
}
