// Real Chromium; a browser context is one tab that is a node. What a person would do is done through the page itself.

import { chromium } from "playwright-core";
import { chromiumPath } from "./environment.mjs";

/** Longest that one step in the page may take: generous, for machines that build while they test. */
const STEP_MS_MAX = 30_000;

/** What Chromium is started with. */
export const ARGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Starts Chromium. Playwright ends it with the script. */
export function openBrowser(args = []) {
  return chromium.launch({ executablePath: chromiumPath, args: [...ARGS, ...args] });
}

/** The elements that carry a `data-testid`, as `browser/ui/src/testids.rs` names them. */
const byId = (id, rest = "") => `[data-testid="${id}"]${rest}`;

/** A number as the page groups its digits, as plain text. */
const plain = (text) =>
  text.match(/[-\u2212]?\d[\d,\u202f\u00a0 ]*(\.\d+)?/)?.[0].replace(/[,\u202f\u00a0 ]/g, "").replace("\u2212", "-") ?? text;

/** One tab with storage of its own. */
export class Tab {
  /** Opens `url` in a new context and waits until the node in it has started. */
  static async open(browser, url, name, options = {}) {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(STEP_MS_MAX);
    const page = await context.newPage();
    const tab = new Tab(name, url, context, page);
    await tab.load();
    return tab;
  }

  constructor(name, url, context, page) {
    Object.assign(this, { name, url, context, page, errors: [] });
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && this.errors.push(message.text()));
  }

  /** Loads the page, or loads it again. */
  async load(hash = "#/") {
    await this.page.goto(new URL(hash, this.url).href);
  }

  find(id, rest) {
    return this.page.locator(byId(id, rest));
  }

  /** Goes to a view by the navigation, and where that is too narrow for it, by its address; waits until the page is there. */
  async go(view) {
    const link = this.find("nav", `[data-view="${view}"]`);
    await link.waitFor({ state: "attached" });
    if (await link.isVisible()) await link.click();
    else await this.page.evaluate((hash) => { location.hash = hash; }, `#/${view}`);
    await this.find("nav", `[data-view="${view}"][aria-current]`).waitFor({ state: "attached" });
  }

  /** Presses Join and waits for `up` connections. */
  async join(up = 3) {
    await this.go("");
    await this.find("join").click();
    await this.connected(up);
  }

  /** Waits until exactly `up` heavy nodes are connected. */
  async connected(up, limitMs = STEP_MS_MAX) {
    await this.find("status", `[data-up="${up}"]`).waitFor({ timeout: limitMs });
  }

  /** Each heavy node: its id, whether it is connected, and over what, in the page's words. */
  async links() {
    await this.go("network");
    await this.find("link").first().waitFor();
    return this.find("link").evaluateAll((links) =>
      links.map(({ dataset }) => ({ peer: dataset.peer, up: dataset.up === "true", transport: dataset.transport })));
  }

  /** This node's id. */
  async id() {
    await this.go("network");
    return (await this.find("node-id").textContent()).trim();
  }

  /** Adds a data set, as somebody who picks a file. Gives its number of records. */
  async importFile(dataset, file, bytes) {
    await this.go("data");
    await this.find("file").setInputFiles({ name: file, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
    await this.find("dataset-name").fill(dataset);
    await this.find("import").click();
    const added = this.find("dataset", `[data-name="${dataset}"]`);
    const failed = this.find("import-error", ":not(:empty)");
    await added.or(failed).first().waitFor();
    if (!(await added.count())) throw new Error(`${this.name}: ${await failed.textContent()}`);
    return Number(await added.getAttribute("data-rows"));
  }

  /**
   * Fills in the form for a proposal: `template` chooses the kind of question (a total where none is given), `scheme` and `per` their
   * radio buttons, everything else an input by its name.
   */
  async fillProposal({ template = "sum", scheme, per, ...fields }) {
    await this.go("propose");
    await this.find("template", `[data-template="${template}"]`).check({ force: true });
    if (scheme) await this.find("scheme", `[data-scheme="${scheme}"]`).check({ force: true });
    if (per) await this.find("field", `[data-per="${per}"]`).check();
    for (const [field, value] of Object.entries(fields)) {
      const input = this.find("field", `[data-field="${field}"]`);
      if (!(await input.isVisible())) await this.page.locator("details:has([data-testid=field]):not([open]) > summary").first().click();
      await (typeof value === "boolean" ? input.setChecked(value) : input.fill(String(value)));
    }
  }

  /** Fills in the form for a proposal and sends it. Gives the computation's id. */
  async propose(fields) {
    await this.fillProposal(fields);
    await this.find("propose").click();
    const sent = this.find("detail");
    const failed = this.find("propose-error", ":not(:empty)").or(this.find("field-error", ":not(:empty)"));
    await sent.or(failed).first().waitFor();
    if (!(await sent.count())) throw new Error(`${this.name}: ${(await failed.allTextContents()).join("; ")}`);
    return sent.getAttribute("data-id");
  }

  /** Whether the form offers a kind of question. */
  async offers(template) {
    await this.go("propose");
    await this.find("propose").waitFor();
    return (await this.find("template", `[data-template="${template}"]`).count()) > 0;
  }

  /** Opens a computation by its row in the list, once the list has it. */
  async show(id) {
    await this.go("computations");
    await this.find("computation", `[data-id="${id}"] a`).first().click();
    await this.find("detail", `[data-id="${id}"]`).waitFor();
  }

  /** Approves a computation and waits until `held` heavy nodes hold the share. */
  async approve(id, held = 3) {
    await this.show(id);
    await this.find("approve").click();
    // The last answer that a computation takes may close it before the page has shown the third share.
    const delivered = this.find("shares", `[data-held="${held}"]`).or(this.find("detail", `[data-phase="total"]`));
    await delivered.first().waitFor();
  }

  /** Waits for the end of a computation, and gives what the page shows of it. */
  async end(id, limitMs) {
    await this.show(id);
    await this.find("detail", `:is([data-phase="total"], [data-phase="no-total"])`).waitFor({ timeout: limitMs });
    await this.find("signatures", `:not([data-checked="checking"])`).waitFor();
    const shown = { signatures: await this.find("signatures").getAttribute("data-checked") };
    if ((await this.find("detail").getAttribute("data-phase")) === "no-total") {
      return { ...shown, kind: "refusal", text: await this.find("refusal").textContent() };
    }
    const figures = await this.find("figure").evaluateAll((found) =>
      found.map(({ dataset, firstChild }) => [dataset.figure, firstChild.textContent]));
    for (const [name, text] of figures) shown[name] = plain(text);
    return { ...shown, kind: "result" };
  }

  /** Waits until a computation that has ended names a heavy node that lied. Gives its id, what checking the evidence gave, and the path of the evidence as the page saves it. */
  async accused(id, limitMs) {
    await this.show(id);
    const accused = this.find("accused");
    await accused.waitFor({ timeout: limitMs });
    await this.find("accused", `:not([data-checked="checking"])`).waitFor();
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.find("evidence").click()]);
    return {
      heavy: await accused.getAttribute("data-heavy"),
      checked: await accused.getAttribute("data-checked"),
      text: await accused.textContent(),
      evidence: await download.path(),
    };
  }

  async close() {
    await this.context.close();
  }
}
