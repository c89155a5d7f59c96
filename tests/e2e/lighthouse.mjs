// Lighthouse's accessibility score of every view, in both colour schemes: node tests/e2e/lighthouse.mjs [LEAST]
//
// The views are those of a node that joined a real network and keeps data. Lighthouse looks at them where they stand, in
// the tab that the node runs in; the exit code is 1 where a score is below LEAST (95).

import { chromium } from "playwright-core";
import { snapshot } from "lighthouse";
import puppeteer from "puppeteer-core";
import { ARGS, Tab } from "./lib/browser.mjs";
import { checkEnvironment, chromiumPath } from "./lib/environment.mjs";
import { guest } from "./lib/guests.mjs";
import { lend, submitByHand } from "./lib/lent.mjs";
import { Network } from "./lib/network.mjs";
import { FIELD, deal, penguins } from "./lib/penguins.mjs";
import { basePort } from "./lib/ports.mjs";
import { temporaryFolder } from "./lib/processes.mjs";

const NATIVES = 3;
const DATASET = "penguins";
const SCHEMES = ["light", "dark"];
const FORMS = {
  desktop: { formFactor: "desktop", screenEmulation: { mobile: false, width: 1280, height: 800, deviceScaleFactor: 1 } },
  phone: { formFactor: "mobile", screenEmulation: { mobile: true, width: 360, height: 640, deviceScaleFactor: 1 } },
};

/** The audits that keep a score below 100, with the elements that they name. */
function faults({ audits }) {
  return Object.values(audits)
    .filter(({ score, scoreDisplayMode }) => score !== null && score < 1 && scoreDisplayMode === "binary")
    .map(({ id, details }) => `${id}: ${(details?.items ?? []).map(({ node }) => node?.snippet).join(" ")}`);
}

const least = Number(process.argv[2] ?? 95);
if (Number.isNaN(least)) {
  console.error("node tests/e2e/lighthouse.mjs [LEAST]    the least score of each view, 95 where it is not given");
  process.exit(2);
}
checkEnvironment();
const [own, ...parts] = deal(penguins(), NATIVES + 1);
const network = await Network.start("lighthouse");
const port = await basePort();
const context = await chromium.launchPersistentContext(temporaryFolder("profile"), {
  executablePath: chromiumPath,
  args: [...ARGS, `--remote-debugging-port=${port}`],
});
let worst = 100;
try {
  await network.startLights(DATASET, parts);
  const tab = new Tab("tab", network.url, context, context.pages()[0] ?? (await context.newPage()));
  await tab.load();
  // Lighthouse speaks to the browser through puppeteer; both see the same tab.
  const driver = await puppeteer.connect({ browserURL: `http://127.0.0.1:${port}`, defaultViewport: null });
  const target = await driver.waitForTarget((target) => target.url().startsWith(network.url));
  const seen = await target.page();

  const audit = async (name) => {
    for (const [form, settings] of Object.entries(FORMS)) {
      for (const colorScheme of SCHEMES) {
        await tab.page.setViewportSize(settings.screenEmulation);
        await tab.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        const { lhr } = await snapshot(seen, { flags: { onlyCategories: ["accessibility"], logLevel: "error", ...settings } });
        const score = Math.round(lhr.categories.accessibility.score * 100);
        worst = Math.min(worst, score);
        console.log(`${String(score).padStart(3)}  ${name}, ${form}, ${colorScheme}`);
        for (const fault of faults(lhr)) console.log(`       ${fault}`);
      }
    }
    await tab.page.setViewportSize(FORMS.desktop.screenEmulation);
  };

  await tab.find("join", ":enabled").waitFor();
  await audit("welcome");
  await tab.join();
  await tab.importFile(DATASET, "penguins.json", JSON.stringify(own));
  await audit("data");
  const draft = { title: "How heavy are our penguins?", dataset: DATASET, template: "mean", value: `\`${FIELD}\``, lower: 2000, upper: 7000, participants_min: 3 };
  const asks = await network.propose({ ...draft, deadline: "60m" });
  const total = await network.propose({ ...draft, deadline: "5s" });
  await tab.go("");
  await tab.find("computation", `[data-id="${asks}"]`).waitFor();
  await audit("home");
  await tab.show(asks);
  await audit("computation that asks");
  await tab.find("approve").click();
  await tab.find("shares", `[data-held="3"]`).waitFor();
  await audit("computation under way");
  await tab.end(total, 60_000);
  await audit("computation with a total");
  await tab.go("computations");
  await audit("computations");
  await tab.go("propose");
  await tab.find("propose").click();
  await tab.find("field-error").waitFor();
  await audit("propose, refused");
  await tab.go("approval");
  await audit("approval");
  await tab.links();
  await audit("network");
  await tab.go("contribute");
  await tab.find("consent").waitFor();
  await audit("contribute, asking");
  await lend(tab);
  await submitByHand(tab, "primes.wasm", guest("primes"), { args: "0\n1000", nodes: "native", replicas: "1" });
  await tab.find("job-reason").first().waitFor();
  await audit("job that waits");
  await submitByHand(tab, "primes.wasm", guest("primes"), { args: "0\n1000", nodes: "tabs", replicas: "1" });
  await tab.find("job-receipts", `[data-checked="verified"]`).waitFor();
  await audit("job that is done");
  const [saved] = await Promise.all([tab.page.waitForEvent("download"), tab.find("job-receipts-save").click()]);
  await tab.go("jobs");
  await tab.find("job-module").setInputFiles({ name: "primes.wasm", mimeType: "application/wasm", buffer: guest("primes") });
  await tab.find("job-submit").waitFor();
  await audit("jobs");
  await tab.go("contribute");
  await tab.find("past").waitFor();
  await audit("contribute");
  await tab.page.evaluate(() => { location.hash = "#/receipt"; });
  await tab.find("receipt-file").setInputFiles(await saved.path());
  await tab.find("receipt", `[data-checked="verified"]`).waitFor();
  await audit("receipt");
  await tab.go("graph");
  await tab.find("graph-example", `[data-example="crates"]`).click();
  await tab.find("graph-drawing", `[data-settled="true"]`).waitFor({ timeout: 60_000 });
  await audit("graph");
  await tab.go("machine");
  await tab.find("machine-run").click();
  await tab.find("machine-outcome").waitFor();
  await audit("machine");
  await driver.disconnect();
} finally {
  await context.close();
  await network.stop();
}
console.log(`the lowest accessibility score is ${worst}; ${least} is asked for`);
process.exit(worst >= least ? 0 : 1);
