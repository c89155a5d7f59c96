// The page's WebRTC transport in Chromium, against this project's host and against the published libp2p-webrtc listener.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openBrowser } from "./lib/browser.mjs";
import { temporaryFolder } from "./lib/processes.mjs";
import { buildOwnHost, buildStockHost, openTabPage, serveTabPage, startHost } from "./lib/tab-page.mjs";

const MIB = 1024 * 1024;
/** What a slow reader may leave unread before a peer without flow control is reset (`webrtc::stream::Config`). */
const UNREAD_MAX = 4 * MIB;
/** A dead host is to be noticed within this. */
const DEATH_MS_MAX = 10_000;
const OTHER_HASH = "uEiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const limit = { timeout: 60_000 };

let served, browser, page, errors;

before(async () => {
  served = await serveTabPage("dev");
  browser = await openBrowser();
  ({ page, errors } = await openTabPage(browser, served.url));
});
after(async () => {
  await browser?.close();
  served?.close();
});

/** The error of a dial from the page. */
function dialError(address) {
  return page.evaluate(
    (address) => window.tab.then((tab) => tab.Tab.dial(address)).then(() => null, (error) => error.message),
    address,
  );
}

for (const { name, build, credit } of [
  { name: "this project's host", build: buildOwnHost, credit: true },
  { name: "the published listener", build: buildStockHost, credit: false },
]) {
  describe(name, () => {
    let host, address;
    before(async () => ({ host, address } = await startHost(build("dev"), temporaryFolder())));
    after(() => host?.kill());

    test("is dialled and proves its identity", limit, async () => {
      const peer = await page.evaluate(async (address) => {
        window.conn = await (await window.tab).Tab.dial(address);
        return window.conn.peer();
      }, address);
      assert.ok(address.endsWith(`/p2p/${peer}`));
    });

    test("answers pings", limit, () =>
      page.evaluate(async () => {
        for (let i = 0; i < 20; i++) await window.conn.ping();
      }));

    test("sends back 1 MiB unchanged", limit, async () => {
      const same = await page.evaluate(async (len) => {
        const sent = new Uint8Array(len);
        for (let at = 0; at < len; at += 65536) crypto.getRandomValues(sent.subarray(at, at + 65536));
        const got = await window.conn.echo(sent);
        return got.length === len && got.every((byte, at) => byte === sent[at]);
      }, MIB);
      assert.ok(same);
    });

    for (const way of ["upload", "download"]) {
      test(`${way} of 8 MiB arrives whole`, limit, () =>
        page.evaluate(([way, len]) => window.conn[way](len), [way, 8 * MIB]));
    }

    test("carries 40 streams at once", limit, async () => {
      const lengths = await page.evaluate(async () => {
        const all = Array.from({ length: 40 }, (_, at) => window.conn.echo(new Uint8Array(500 * at).fill(at)));
        return (await Promise.all(all)).map((got) => got.length);
      });
      assert.deepEqual(lengths, Array.from({ length: 40 }, (_, at) => 500 * at));
    });

    test("takes 300 streams one after another", limit, () =>
      page.evaluate(async () => {
        for (let i = 0; i < 100; i++) {
          await window.conn.upload(20_000);
          await window.conn.download(200_000);
          await window.conn.echo(new Uint8Array(10));
        }
      }));

    test(credit ? "waits for a slow reader" : "is reset by a slow reader past the bound", limit, async (t) => {
      const { error, grown } = await page.evaluate(async (len) => {
        const tab = await window.tab;
        const before = tab.memory_bytes();
        const download = await window.conn.open_download(len);
        // By the end of another transfer of this length, the first has arrived as far as it will.
        await window.conn.download(len);
        const error = await download.finish().then(() => null, (error) => error.message);
        return { error, grown: tab.memory_bytes() - before };
      }, 4 * UNREAD_MAX);
      if (credit) assert.equal(error, null);
      else assert.match(error, /receive bound/);
      assert.ok(grown <= 3 * UNREAD_MAX, `memory grew by ${grown} bytes`);
      t.diagnostic(`memory grew by ${(grown / MIB).toFixed(1)} MiB`);
    });

    test("is refused with another certificate or identity", limit, async () => {
      assert.match(await dialError(address.replace(/certhash\/[^/]+/, `certhash/${OTHER_HASH}`)), /connection lost/);
      const other = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
      assert.match(await dialError(address.replace(/p2p\/.+/, `p2p/${other}`)), /expected peer .* found/);
    });

    test("is hung up on and dialled again", limit, async () => {
      await page.evaluate(async (address) => {
        for (let i = 0; i < 20; i++) {
          window.conn.hang_up();
          await window.conn.closed();
          window.conn = await (await window.tab).Tab.dial(address);
        }
        await window.conn.ping();
      }, address);
    });

    test("is noticed within 10 s when killed, and its streams fail", limit, async (t) => {
      // The kill comes once the stream is open and read.
      await page.evaluate(async () => {
        const download = await window.conn.open_download(1e12);
        window.stopped = download.finish().then(() => "finished", (error) => error.message);
      });
      const start = performance.now();
      await host.kill("SIGKILL");
      const { connection, stream } = await page.evaluate(async () => ({
        connection: await window.conn.closed(),
        stream: await window.stopped,
      }));
      const took = performance.now() - start;
      assert.match(connection, /connection lost/);
      assert.match(stream, /channel closed/);
      assert.ok(took < DEATH_MS_MAX, `it took ${Math.round(took)} ms`);
      t.diagnostic(`noticed after ${(took / 1000).toFixed(1)} s`);
    });

    test("is given up on when nobody is there", limit, async () => {
      assert.match(await dialError(address), /dial took too long|connection lost/);
    });
  });
}

test("the page threw nothing meanwhile", () => assert.deepEqual(errors, []));
