// Screenshots of every view, made on a real network: node tests/e2e/screens.mjs [FOLDER]
//
// Each view is taken at desktop and phone width, light and dark, as high as it is long. What a screenshot shows is waited
// for first, so that two runs show the same. Without a folder it is a test: every view comes up, and none is too wide.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser, Tab } from "./lib/browser.mjs";
import { checkEnvironment } from "./lib/environment.mjs";
import { guest } from "./lib/guests.mjs";
import { lend, submitByHand } from "./lib/lent.mjs";
import { Network } from "./lib/network.mjs";
import { FIELD, deal, penguins } from "./lib/penguins.mjs";
import { temporaryFolder } from "./lib/processes.mjs";

const NATIVES = 6;
const DATASET = "penguins";
/** Longest that a computation may take to end after its deadline. */
const AGREE_MS_MAX = 45_000;

const WIDTHS = { desktop: [1280, 800], phone: [390, 844] };
const SCHEMES = ["light", "dark"];

const draft = (title, more = {}) => ({
  title,
  purpose: "To compare this colony with the one surveyed in 2009.",
  dataset: DATASET,
  template: "mean",
  value: `\`${FIELD}\``,
  lower: 2000,
  upper: 7000,
  participants_min: 5,
  deadline: "20m",
  ...more,
});

/** Takes the page as it is, once for each width and colour scheme. */
async function shoot({ page }, folder, name) {
  for (const [width, [w, h]] of Object.entries(WIDTHS)) {
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width: w, height: h });
      // As high as it is long: bars that stick to an edge are where a person sees them, and nothing is cut off.
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ width: w, height: Math.max(h, height) });
      const wide = await page.evaluate(() =>
        [...document.querySelectorAll("main *")]
          .filter((element) => !element.closest(".table-scroll") && element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => element.outerHTML.slice(0, 120)));
      if (wide.length > 0) throw new Error(`${name} at ${w} px is too wide: ${wide.join("\n")}`);
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize({ width: WIDTHS.desktop[0], height: WIDTHS.desktop[1] });
  console.log(name);
}

const detail = (tab, ...phases) =>
  tab.find("detail", `:is(${phases.map((phase) => `[data-phase="${phase}"]`).join(",")})`).waitFor({ timeout: AGREE_MS_MAX });

/** Walks through every view of a tab. */
async function walk(browser, network, tab, records, folder) {
  const take = (name) => shoot(tab, folder, name);

  await tab.find("join", ":enabled").waitFor();
  await take("welcome");
  await tab.join();
  await tab.find("node-state", `[data-up="3"]`).waitFor();
  await take("home-joined");

  await tab.go("data");
  await take("data-none");
  await tab.find("file").setInputFiles({ name: "penguins.csv", mimeType: "text/csv", buffer: Buffer.from("species,mass\nAdelie,3750\nGentoo\n") });
  await tab.find("dataset-name").waitFor();
  await take("data-naming");
  await tab.find("import").click();
  await tab.find("import-error", ":not(:empty)").waitFor();
  await take("data-refused");
  await tab.importFile(DATASET, "penguins.json", JSON.stringify(records));
  await tab.find("rows").locator("tbody tr").first().waitFor();
  await take("data");
  await tab.find("remove").click();
  await tab.find("remove-confirm").waitFor();
  await take("data-delete");
  await tab.page.keyboard.press("Escape");

  const ids = {
    total: await network.propose(draft("Body mass, morning round", { deadline: "12s" })),
    refusal: await network.propose(draft("Body mass of every colony", { deadline: "8s", participants_min: 400 })),
    asks: await network.propose(draft("How heavy are our penguins?")),
    unfit: await network.propose(draft("Minutes on the way to work", {
      purpose: "To plan the new bus line 14.", dataset: "commute", value: "minutes", lower: 0, upper: 240, deadline: "2d",
    })),
  };
  await tab.approve(ids.total);
  await tab.go("");
  await tab.find("computation", `[data-id="${ids.asks}"]`).waitFor();
  await take("home");

  await tab.show(ids.asks);
  await tab.find("answers", `[data-answers="${NATIVES}"]`).waitFor();
  await take("computation-asks");
  await tab.find("approve").click();
  await tab.find("shares", `[data-held="3"]`).waitFor();
  await tab.find("answers", `[data-answers="${NATIVES + 1}"]`).waitFor();
  await take("computation-answered");
  await tab.show(ids.unfit);
  await take("computation-unfit");
  await tab.show(ids.refusal);
  await detail(tab, "no-total");
  await tab.find("signatures", `[data-checked="verified"]`).waitFor();
  await take("computation-no-total");
  await tab.show(ids.total);
  await detail(tab, "total");
  await tab.find("signatures", `[data-checked="verified"]`).waitFor();
  await take("computation-total");
  await tab.go("computations");
  await tab.find("computation", `[data-phase="total"]`).waitFor();
  await take("computations");

  await tab.go("propose");
  const fill = (field, value) => tab.find("field", `[data-field="${field}"]`).fill(String(value));
  await fill("title", "How heavy are our penguins?");
  await fill("purpose", "To compare this colony with the one surveyed in 2009.");
  await fill("value", `\`${FIELD}\``);
  await fill("lower", 2000);
  await fill("upper", 7000);
  await tab.find("own").waitFor();
  await take("propose");
  await fill("where", "Specie == 'Adelie'");
  await tab.find("field-error", `[data-field="where"]`).waitFor();
  await take("propose-mistyped");
  await fill("where", "");
  await fill("upper", 1000);
  await tab.find("propose").click();
  await tab.find("field-error", `[data-field="upper"]`).waitFor();
  await tab.page.evaluate(() => scrollTo(0, 0));
  await take("propose-refused");

  await tab.go("approval");
  await tab.find("rule-new").click();
  await tab.find("rule-field", `[data-field="dataset"]`).selectOption({ label: DATASET });
  await tab.find("rule-field", `[data-field="participants"]`).fill("5");
  await tab.find("rule-add").click();
  await tab.find("rule").waitFor();
  await take("approval");
  await tab.links();
  await take("network");

  await tab.go("contribute");
  await tab.find("consent").waitFor();
  await take("contribute-asks");
  await lend(tab);
  await tab.page.evaluate(() => { location.hash = "#/jobs"; });
  await tab.find("job-module").setInputFiles({ name: "primes.wasm", mimeType: "application/wasm", buffer: guest("primes") });
  await tab.find("job-submit").waitFor();
  await tab.page.locator("main form details > summary").click();
  await take("jobs-form");
  // Another kind of node than there is: it waits, and says why.
  await submitByHand(tab, "primes.wasm", guest("primes"), { name: "primes on servers", args: "0\n1000", nodes: "native", replicas: "1" });
  await tab.find("job-reason").first().waitFor();
  await take("job-waits");
  await submitByHand(tab, "primes.wasm", guest("primes"), { name: "primes below a thousand", args: "0\n1000", nodes: "tabs", replicas: "1" });
  await tab.find("job-detail", `[data-state="done"]`).waitFor({ timeout: AGREE_MS_MAX });
  await tab.find("job-receipts", `[data-checked="verified"]`).waitFor();
  await take("job-done");
  const [saved] = await Promise.all([tab.page.waitForEvent("download"), tab.find("job-receipts-save").click()]);
  await tab.go("jobs");
  await tab.find("job", `[data-state="done"]`).waitFor();
  await take("jobs");
  await tab.go("contribute");
  await tab.find("past").waitFor();
  await take("contribute");
  await tab.page.evaluate(() => { location.hash = "#/receipt"; });
  await tab.find("receipt-file").setInputFiles(await saved.path());
  await tab.find("receipt", `[data-checked="verified"]`).waitFor();
  await take("receipt");

  await tab.go("graph");
  await tab.find("graph-file").waitFor({ state: "attached" });
  await take("graph-none");
  await tab.find("graph-file").setInputFiles({ name: "follows.txt", mimeType: "text/plain", buffer: Buffer.from("0 1\n1 two\n") });
  await tab.find("graph-error", ":not(:empty)").waitFor();
  await take("graph-refused");
  await tab.find("graph-example", `[data-example="crates"]`).click();
  await tab.find("graph-drawing", `[data-settled="true"]`).waitFor({ timeout: AGREE_MS_MAX });
  await tab.find("graph-node").nth(2).locator("button").click();
  await take("graph");
  await tab.go("machine");
  await tab.find("machine-run").click();
  await tab.find("machine-outcome").waitFor({ timeout: AGREE_MS_MAX });
  await take("machine");
  await tab.find("machine-text").fill("@main = (a a) & @lop ~ (1 *)\n@loop = *\n");
  await tab.find("machine-run").click();
  await tab.find("machine-error").waitFor();
  await take("machine-refused");

  // The same browser profile: a second tab of it must not write the same store.
  const other = new Tab("other tab", tab.url, tab.context, await tab.context.newPage());
  await other.load();
  await other.find("banner", `[data-kind="other-tab"]`).waitFor();
  await shoot(other, folder, "other-tab");
}

const folder = process.argv[2] ?? temporaryFolder("screens");
if (folder.startsWith("-")) {
  console.error("node tests/e2e/screens.mjs [FOLDER]    takes screenshots of every view into FOLDER");
  process.exit(2);
}
checkEnvironment();
mkdirSync(folder, { recursive: true });
const [own, ...parts] = deal(penguins(), NATIVES + 1);
const network = await Network.start("screens");
try {
  await network.startLights(DATASET, parts);
  const browser = await openBrowser();
  try {
    const tab = await Tab.open(browser, network.url, "tab");
    await walk(browser, network, tab, own, folder);
    if (tab.errors.length > 0) throw new Error(`the page reported: ${tab.errors.join("; ")}`);
  } finally {
    await browser.close();
  }
} finally {
  await network.stop();
}
