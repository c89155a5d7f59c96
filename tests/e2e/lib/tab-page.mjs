// The page without a face (tests/tab) and the hosts that it is tried on.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { basename, extname, join } from "node:path";
import { root, target } from "./environment.mjs";
import { Process } from "./processes.mjs";

const START_MS_MAX = 30_000;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

function cargo(...args) {
  return execFileSync(process.env.CARGO ?? "cargo", args, { cwd: root, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
}

/** Builds a program with cargo; gives its path. */
export function buildProgram(profile, ...what) {
  const args = ["build", "--quiet", "--profile", profile, ...what, "--message-format", "json-render-diagnostics"];
  const messages = cargo(...args).trim().split("\n").map((line) => JSON.parse(line));
  return messages.map((message) => message.executable).filter(Boolean).at(-1);
}

/** Builds the listener on the published libp2p-webrtc. */
export const buildStockHost = (profile) => buildProgram(profile, "--package", "stock-webrtc");

/** Builds the host that this project's own heavy nodes are made of, alone. */
export const buildOwnHost = (profile) => buildProgram(profile, "--package", "webrtc-host", "--example", "bench_host");

/** Builds the page and serves it on loopback; `close` ends that. */
export async function serveTabPage(profile) {
  const folder = join(target, "tab", profile);
  cargo("run", "--quiet", "--package", "tab", "--", folder, profile);
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url, "http://localhost").pathname) || "index.html";
    response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream");
    createReadStream(join(folder, name))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Opens the page; `errors` collects what it throws. */
export async function openTabPage(browser, url) {
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  await page.waitForFunction(() => window.tab);
  return { page, errors };
}

/** Starts a host, whose first line is its multiaddress or JSON with an `address`. */
export async function startHost(program, logFolder) {
  const host = Process.start(basename(program), program, [], { logFolder });
  const address = await host.line((line) => {
    const found = line.startsWith("{") ? JSON.parse(line).address : line;
    return found?.startsWith("/ip4/") && found;
  }, START_MS_MAX);
  return { host, address };
}
