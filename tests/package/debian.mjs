// What is installed works: the Debian package of this checkout, unpacked, has its pages and completions where programs look for them, keeps
// them in step with the command line, and its program serves the page without being told where it is.

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Process, run, temporaryFolder } from "../e2e/lib/processes.mjs";

/** The package, which `cargo xtask package` has built. */
const deb = process.env.FORMIX_DEB;
const START_MS_MAX = 60_000;

const folder = temporaryFolder();
const root = join(folder, "root");
const formix = join(root, "usr/bin/formix");
const file = (path) => readFileSync(join(root, path), "utf8");

before(async () => {
  assert.ok(deb, "FORMIX_DEB names no package: cargo xtask test --ring package");
  await run("dpkg-deb", ["--extract", deb, root]);
});

test("the package says what it needs, and what an administrator may change", async () => {
  const fields = (await run("dpkg-deb", ["--field", deb])).split("\n");
  const field = (name) => fields.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  assert.equal(field("Package"), "formix");
  assert.equal(field("Architecture"), (await run("dpkg", ["--print-architecture"])).trim());
  assert.match(field("Depends"), /libc6/);
  assert.match(await run(formix, ["--version"]), new RegExp(`^formix ${field("Version").replace(/-1$/, "")}$`, "m"));

  const control = join(folder, "control");
  await run("dpkg-deb", ["--control", deb, control]);
  assert.equal(readFileSync(join(control, "conffiles"), "utf8").trim(), "/etc/default/formix");
  // Stopped before its files go, forgotten when it is purged; never started by the package itself.
  const script = (name) => readFileSync(join(control, name), "utf8");
  assert.match(script("prerm"), /deb-systemd-invoke stop formix\.service/);
  assert.match(script("postrm"), /deb-systemd-helper purge 'formix\.service'|deb-systemd-helper purge formix\.service/);
  assert.doesNotMatch(script("postinst"), /deb-systemd-invoke start/);
  for (const name of ["preinst", "postinst", "prerm", "postrm"]) {
    if (existsSync(join(control, name))) await run("sh", ["-n", join(control, name)]);
  }
});

test("every command has its manual page, and every shell its completions", async () => {
  const help = await run(formix, ["--help"]);
  const commands = help.split("Commands:\n")[1].split("\n\n")[0].matchAll(/^ {2}([a-z-]+) /gm);
  const names = [...commands].map(([, name]) => name).filter((name) => name !== "help");
  assert.ok(names.length > 10, names);
  const scripts = ["usr/share/bash-completion/completions/formix", "usr/share/zsh/vendor-completions/_formix",
    "usr/share/fish/vendor_completions.d/formix.fish"].map(file);
  for (const name of names) {
    // A package that is built in haste has its pages as they are.
    const path = join(root, `usr/share/man/man1/formix-${name}.1`);
    const page = existsSync(path) ? file(`usr/share/man/man1/formix-${name}.1`) : gunzipSync(readFileSync(`${path}.gz`)).toString();
    assert.match(page, /^\.SH SYNOPSIS/m, name);
    for (const script of scripts) assert.ok(script.includes(name), name);
  }
  await run("bash", ["-n", join(root, "usr/share/bash-completion/completions/formix")]);
});

test("a node of the installed program serves the installed page, from any folder", { timeout: 120_000 }, async () => {
  const home = join(folder, "home");
  // As systemd would start it, but for the manager.
  const unit = file("usr/lib/systemd/system/formix.service");
  const [, program, command] = unit.match(/^ExecStart=(\S+) (\w+)/m);
  assert.equal(join(root, program), formix);
  const args = ["-C", folder, "-u", "FORMIX_PAGE", `FORMIX_HOME=${home}`, formix, command, "--json", "--port", "0", "--while-stdin"];
  const node = Process.start("installed", "env", args, { logFolder: folder });
  const ready = await node.line((line) => line.includes('"ready"') && JSON.parse(line), START_MS_MAX);
  const page = await fetch(ready.url);
  assert.equal(await page.text(), file("usr/share/formix/page/index.html"));
  assert.match(page.headers.get("content-security-policy"), /default-src 'none'/);
  const program_js = await fetch(new URL("/page.js", ready.url));
  assert.equal(await program_js.text(), file("usr/share/formix/page/page.js"));
  assert.equal((await (await fetch(new URL("/api/v1/status", ready.url))).json()).id, ready.id);
  // Secrets are the node's user's alone.
  assert.equal(statSync(join(home, "nodes", ready.id, "identity.key")).mode & 0o077, 0);
  assert.equal(await node.kill("SIGTERM"), "exit code 0", node.tail());
});
