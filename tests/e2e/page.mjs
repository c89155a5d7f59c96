// What a person relies on in the page: the keyboard, what is kept, what is refused, whom it trusts.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, Tab } from "./lib/browser.mjs";
import { checkEnvironment } from "./lib/environment.mjs";
import { Network } from "./lib/network.mjs";

/** Most that the page may move by itself while it loads (Cumulative Layout Shift; 0.1 counts as good). */
const SHIFT_MAX = 0.02;

let browser;
let network;
before(async () => {
  checkEnvironment();
  network = await Network.start("page");
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await network?.stop();
});

const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.id);

test("a person without a pointer joins, and lands on each view's heading", { timeout: 60_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "keyboard");
  await tab.find("join", ":enabled").waitFor();
  await tab.page.keyboard.press("Tab");
  assert.equal(await focused(tab.page), "Skip to content");
  await tab.page.keyboard.press("Enter");
  assert.equal(await tab.page.evaluate(() => document.activeElement.id), "heading");
  await tab.page.keyboard.press("Tab");
  assert.equal(await focused(tab.page), "Join");
  await tab.page.keyboard.press("Enter");
  await tab.connected(3);

  const link = tab.find("nav", `[data-view="data"]`);
  await link.focus();
  await tab.page.keyboard.press("Enter");
  await tab.page.waitForFunction(() => document.activeElement.id === "heading" && document.activeElement.textContent === "My data");
  assert.equal(await link.getAttribute("aria-current"), "page");
  assert.equal(await tab.page.title(), "My data · Formix");
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("what a person chose is there after a reload", { timeout: 60_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "reload");
  await tab.join();
  await tab.importFile("commute", "commute.csv", "minutes\n12\n\n30\n");
  await tab.go("approval");
  await tab.find("rule-new").click();
  await tab.find("rule-field", `[data-field="dataset"]`).selectOption({ label: "commute" });
  assert.match(await tab.find("rule-words").textContent(), /about “commute”/);
  await tab.find("rule-add").click();
  await tab.find("rule").waitFor();
  await tab.find("theme").click();
  const theme = await tab.find("theme").getAttribute("data-theme-now");
  const id = await tab.id();

  await tab.page.reload();
  await tab.connected(3);
  assert.equal(await tab.id(), id);
  assert.equal(await tab.find("theme").getAttribute("data-theme-now"), theme);
  assert.equal(await tab.page.evaluate(() => document.documentElement.dataset.theme), theme);
  await tab.go("data");
  await tab.find("dataset", `[data-name="commute"][data-rows="2"]`).waitFor();
  await tab.go("approval");
  await tab.find("rule").waitFor();
  await tab.find("rule-remove").click();
  await tab.find("rule").waitFor({ state: "detached" });
  // What had the focus is gone, so the keyboard goes on from the heading.
  await tab.page.waitForFunction(() => document.activeElement.id === "heading");
  assert.equal(await tab.page.locator("[role=status]").first().textContent().then((text) => text.trim()), "The rule is deleted.");
  await tab.go("data");
  await tab.find("remove").click();
  await tab.find("remove-confirm").click();
  await tab.find("dataset").waitFor({ state: "detached" });
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("a file's faults are named, and its words are never code", { timeout: 60_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "file");
  await tab.go("data");
  const refused = async (text) => {
    await assert.rejects(tab.importFile("table", "table.csv", text));
    const said = await tab.find("import-error").textContent();
    await tab.page.getByRole("button", { name: "Cancel" }).click();
    return said;
  };
  assert.match(await refused("species,mass\nAdelie,3750\nGentoo\n"), /Row 2 \(line 3\).*“mass” is missing/);
  assert.match(await refused(`[{"mass": {"g": 1}}, 7]`), /Record 2/);
  assert.match(await refused(""), /no records/);

  const name = `<img src=x onerror=alert(1)>`;
  assert.equal(await tab.importFile(name, "odd.csv", `${name},n\n<script>alert(2)</script>,7\n`), 1);
  await tab.find("rows").locator("tbody td").first().waitFor();
  assert.equal(await tab.find("rows").locator("tbody td").first().textContent(), "<script>alert(2)</script>");
  assert.equal(await tab.page.locator("main img, main script").count(), 0);
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("paging goes through all records and no further", { timeout: 60_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "paging");
  const rows = Array.from({ length: 23 }, (_, at) => `${at + 1}`);
  await tab.importFile("numbers", "numbers.csv", `n\n${rows.join("\n")}\n`);
  const shows = (first, count) => tab.page.waitForFunction(([first, count]) => {
    const cells = [...document.querySelectorAll("[data-testid=record]")].map((row) => row.querySelector("td").textContent);
    return cells.length === count && cells[0] === first;
  }, [first, count]);
  await shows("1", 10);
  assert.ok(await tab.find("rows-previous").isDisabled());
  await tab.find("rows-next").click();
  await shows("11", 10);
  await tab.find("rows-next").click();
  await shows("21", 3);
  assert.ok(await tab.find("rows-next").isDisabled());
  assert.equal((await tab.find("rows-range").textContent()).trim(), "21–23 of 23");

  // Another file of the same shape takes its place.
  await tab.importFile("numbers", "numbers.csv", `n\n${rows.map((row) => row * 100).join("\n")}\n`);
  await shows("2100", 3);
  // A shorter one leaves nothing where the part was.
  await tab.importFile("numbers", "numbers.csv", "n\n7\n");
  await shows("7", 1);
  await tab.context.close();
});

test("a computation that nobody tells of is not waited for without end", { timeout: 60_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "unknown");
  // An id in order that is no computation's.
  await tab.load("#/computations/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy");
  await tab.find("join").click();
  await tab.connected(3);
  await tab.page.getByRole("heading", { name: "This computation is unknown here" }).waitFor();
  assert.equal(await tab.page.evaluate(() => document.activeElement.id), "heading");
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("a rule made with an answer is as narrow as the question, and answers what else waits for it", { timeout: 60_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "always");
  await tab.join();
  await tab.importFile("commute", "commute.csv", "minutes\n12\n30\n");
  const form = { title: "How long?", dataset: "commute", value: "minutes", lower: 0, upper: 100, deadline: 5 };
  const wider = await tab.propose({ ...form, participants_min: 9 });
  const same = await tab.propose({ ...form, participants_min: 5 });
  const narrower = await tab.propose({ ...form, participants_min: 4 });
  await tab.show(same);
  assert.match(await tab.find("leaves").textContent(), /at least 5 answers\. .*answers 1 other waiting question now/);
  await tab.find("always").check();
  await tab.find("approve").click();
  await tab.find("detail", `[data-id="${same}"][data-phase="answered"]`).waitFor();
  await tab.page.waitForFunction(() => document.activeElement.id === "heading");
  await tab.go("computations");
  await tab.find("computation", `[data-id="${wider}"][data-phase="answered"]`).waitFor();
  await tab.find("computation", `[data-id="${narrower}"][data-phase="asks"]`).waitFor();
  await tab.go("approval");
  assert.match(await tab.find("rule").textContent(), /“commute” that you propose yourself that need at least 5 answers/);
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("every view is reached on a phone, and nothing that is chosen is stretched", { timeout: 60_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "phone", { viewport: { width: 390, height: 844 } });
  const heading = (text) => tab.page.locator("#heading", { hasText: text }).waitFor();
  for (const [view, text] of [["computations", "Computations"], ["data", "My data"], ["propose", "Propose"], ["approval", "Approval"]]) {
    await tab.go(view);
    await heading(text);
  }
  await tab.find("status").click();
  await heading("Network");
  await tab.join();
  await tab.page.locator("main").getByRole("link", { name: "Contribute" }).click();
  await heading("Contribute");
  await tab.go("");
  await tab.page.locator("main").getByRole("link", { name: "jobs", exact: true }).click();
  await heading("Jobs");
  const bar = await tab.page.locator("nav.views li:visible a").evaluateAll((links) => links.map((link) => [link.scrollWidth, link.clientWidth]));
  assert.equal(bar.length, 5);
  for (const [needed, given] of bar) assert.ok(needed <= given, `a name in the navigation takes ${needed} px of ${given}`);

  for (const view of ["propose", "approval"]) {
    await tab.go(view);
    if (view === "approval") await tab.find("rule-new").click();
    const radios = await tab.page.locator("main input[type=radio]:not(.hidden-input)").evaluateAll((found) =>
      found.map((radio) => radio.getBoundingClientRect()).map(({ width, height }) => ({ width, height })));
    assert.ok(radios.length >= 2);
    for (const { width, height } of radios) assert.ok(width < 32 && Math.abs(width - height) < 1, `a radio button of ${width} × ${height} px`);
  }
  assert.deepEqual(tab.errors, []);
  await tab.context.close();
});

test("the navigation fits every width", { timeout: 60_000 }, async () => {
  const tab = await Tab.open(browser, network.url, "widths");
  await tab.find("join", ":enabled").waitFor();
  for (const width of [390, 801, 900, 992, 1137, 1280]) {
    await tab.page.setViewportSize({ width, height: 800 });
    const needed = await tab.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(needed <= width, `at ${width} px the page is ${needed} px wide`);
  }
  await tab.context.close();
});

test("a page whose program does not come says so", { timeout: 60_000 }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route("**/ui*.wasm", (route) => route.abort());
  await page.goto(network.url);
  await page.locator("#starting", { hasText: "Formix did not start" }).waitFor();
  await context.close();
});

test("nothing moves while the page loads", { timeout: 60_000 }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  const tab = new Tab("still", network.url, context, page);
  await tab.load();
  await tab.join();
  await page.reload();
  await tab.connected(3);
  const shift = await page.evaluate(() => window.shift);
  assert.ok(shift <= SHIFT_MAX, `the page moved by ${shift}`);
  await context.close();
});

test("other heavy nodes under the same address are trusted only when the person says so", { timeout: 120_000 }, async () => {
  const moved = await Network.start("moved");
  try {
    const tab = await Tab.open(browser, moved.url, "moved");
    await tab.join();
    const old = (await tab.links()).map((link) => link.peer).sort();
    await Promise.all(moved.heavy.map((heavy) => heavy.kill()));
    await tab.connected(0);
    // The same ports and no memory of who they were.
    for (const heavy of moved.heavy) rmSync(join(heavy.folder, heavy.name), { recursive: true });
    await Promise.all(moved.heavy.map((heavy) => heavy.start()));
    await Promise.all(moved.heavy.map((heavy) => heavy.met(2)));

    await tab.find("banner", `[data-kind="not-pinned"]`).waitFor();
    assert.deepEqual((await tab.links()).map((link) => link.peer).sort(), old);
    await tab.find("trust-new").click();
    const named = tab.page.locator("dialog[open] li .id");
    await named.first().waitFor();
    assert.deepEqual((await named.allTextContents()).sort(), moved.heavy.map((heavy) => heavy.id).sort());
    await tab.find("trust-new-confirm").click();
    await tab.connected(3);
    await tab.find("banner").waitFor({ state: "detached" });
    assert.deepEqual((await tab.links()).map((link) => link.peer).sort(), moved.heavy.map((heavy) => heavy.id).sort());
    await tab.context.close();
  } finally {
    await moved.stop();
  }
});
