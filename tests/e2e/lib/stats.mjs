// Statistics that a network computes without seeing a record, beside those of pandas, which sees them all.

import { join } from "node:path";
import { openBrowser } from "./browser.mjs";
import { verifyEnd } from "./documents.mjs";
import { root } from "./environment.mjs";
import { Network } from "./network.mjs";
import { PENGUINS, deal, penguins } from "./penguins.mjs";
import { run } from "./processes.mjs";
import { python } from "./python.mjs";
import { DATASET, openTabs } from "./sum.mjs";

/** The schemes by which answers are shared. */
export const SCHEMES = ["prio3", "rep64", "additive64"];

const MASS = { value: "`Body Mass (g)`", lower: 2000, upper: 7000 };
const GROUPS = { template: "group", by: "Species", categories: "Adelie, Chinstrap, Gentoo" };

/** What is asked: the form's fields, by the names under which python/figures.py gives the same. */
export const QUESTIONS = {
  count: { title: "How many penguins of each species?", ...GROUPS, mean: false },
  mean: { title: "How heavy is each species?", ...GROUPS, mean: true, ...MASS },
  histogram: { title: "How heavy are our penguins?", template: "histogram", ...MASS, edges: "2500, 3000, 3500, 4000, 4500, 5000, 5500, 6000, 6500" },
  regression: {
    title: "Are penguins with longer flippers heavier?",
    template: "regression",
    x: "`Flipper Length (mm)`",
    x_lower: 150,
    x_upper: 250,
    ...MASS,
  },
};

/** What the heavy nodes may take to agree once the last has answered. */
const AGREE_MS_MAX = 60_000;
/** What pandas' own arithmetic in float64 may be off by, relative to a figure. */
const PANDAS_RELATIVE = 1e-12;
/** The page shows seven significant digits. */
const SHOWN_RELATIVE = 1e-6;

/** The form of a question, proposed to `participants`; it closes with the last answer, after `seconds` at the latest. */
export function form(question, scheme, participants, seconds) {
  return {
    purpose: "To compare this colony with the one surveyed in 2009.",
    dataset: DATASET,
    participants_min: participants,
    participants_max: participants,
    deadline: (seconds / 60).toFixed(3),
    scheme,
    ...QUESTIONS[question],
  };
}

/** An answer's numbers by their paths, such as `groups.Gentoo.mean`, with the bound that is stated for each. */
export function figures({ result, rounding }) {
  const bounds = new Map((rounding.bounds ?? []).map((bound) => [bound.of, bound.plus_minus]));
  const found = [];
  const add = (path, of, value) => {
    if (typeof value === "string") found.push({ path, value, bound: bounds.has(of) ? bounds.get(of) : "0" });
  };
  for (const [name, value] of Object.entries(result)) {
    if (!Array.isArray(value)) {
      if (name !== "kind") add(name, name, value);
      continue;
    }
    for (const part of value) {
      for (const what of ["count", "mean"]) {
        add(`${name}.${part.category ?? part.from}.${what}`, `${name}.${what}`, part[what]);
      }
    }
  }
  return found;
}

/** All figures of the penguins by pandas. */
export async function byPandas() {
  const script = join(root, "tests/e2e/python/figures.py");
  return JSON.parse(await run(await python(), [script, PENGUINS]));
}

/**
 * Each of the network's figures beside pandas' own, with the difference and whether it is within the stated bound. The penguins are
 * measured in whole grams and millimetres, so rounding them loses nothing: every digit of a figure must be right, too.
 */
export function compare(answer, expected) {
  const rows = figures(answer)
    .filter(({ path }) => path in expected)
    .map(({ path, value, bound }) => {
      const difference = Math.abs(Number(value) - expected[path]);
      const decimals = value.split(".")[1]?.length ?? 0;
      const exact = Math.min(Number(bound ?? 0), 10 ** -decimals / 2);
      const allowed = exact + PANDAS_RELATIVE * Math.max(1, Math.abs(expected[path]));
      return { figure: path, network: value, pandas: expected[path], difference, bound, equal: difference <= allowed };
    });
  const missing = Object.keys(expected).filter((path) => rows.every(({ figure }) => figure !== path));
  return [...rows, ...missing.map((figure) => ({ figure, network: null, pandas: expected[figure], difference: null, bound: null, equal: false }))];
}

/**
 * Asks every question by every scheme: proposed from the first tab's page, approved by each tab's person, answered by the native
 * nodes' rule. Gives each figure beside pandas', and every way in which the run is not what it must be.
 */
export async function statistics({ tabs: tabCount, natives, seconds, schemes, say = () => {} }) {
  const expected = await byPandas();
  const parts = deal(penguins(), tabCount + natives);
  const participants = parts.length;
  const rows = [];
  const faults = [];
  let network;
  let browser;
  try {
    network = await Network.start({ heavy: 3 });
    say(`three heavy processes: ${network.heavy.map((heavy) => `pid ${heavy.pid} at ${heavy.url}`).join(", ")}`);
    const lights = await network.startLights(DATASET, parts.slice(tabCount));
    say(`${natives} native light processes joined`);
    browser = await openBrowser();
    const tabs = await openTabs(browser, network, parts.slice(0, tabCount), say);

    for (const scheme of schemes) {
      for (const question of Object.keys(QUESTIONS)) {
        const started = performance.now();
        const id = await propose(tabs[0], network, form(question, scheme, participants, seconds), say);
        await Promise.all(tabs.map((tab) => tab.approve(id)));
        const shown = await Promise.all(tabs.map((tab) => tab.end(id, seconds * 1000 + AGREE_MS_MAX)));
        const ends = await Promise.all(network.heavy.map(async (heavy) => {
          await heavy.http.follow(id, AGREE_MS_MAX, `an end at ${heavy.name}`, (view) => view.result || view.refusal);
          return verifyEnd(await heavy.documents(id));
        }));
        const fault = (text) => faults.push(`${scheme}, ${question}: ${text}`);
        for (const [at, end] of ends.entries()) {
          if (end.kind !== "result") fault(`heavy node ${at + 1} ended with ${end.reason.code}`);
          else if (end.participants !== participants) fault(`heavy node ${at + 1} counts ${end.participants} of ${participants}`);
        }
        const [end] = ends;
        if (end.kind !== "result") continue;
        for (const [at, page] of shown.entries()) judgeShown(page, end.answer, (text) => fault(`tab ${at + 1} ${text}`));
        const compared = compare(end.answer, expected[question]);
        rows.push(...compared.map((row) => ({ scheme, question, id, ...row })));
        const equal = compared.filter((row) => row.equal).length;
        const took = ((performance.now() - started) / 1000).toFixed(1);
        say(`${scheme}, ${QUESTIONS[question].title} ${equal} of ${compared.length} figures equal, after ${took} s`);
      }
    }
    const nodes = [];
    for (const [at, tab] of tabs.entries()) {
      nodes.push({ name: tab.name, kind: "tab", records: parts[at].length, links: await tab.links() });
      for (const error of tab.errors) faults.push(`${tab.name}: ${error}`);
    }
    for (const [at, light] of lights.entries()) {
      nodes.push({ name: light.name, kind: "native", records: parts[tabCount + at].length, links: light.links() });
    }
    for (const { name, kind, links } of nodes) {
      const up = links.filter((link) => link.up);
      if (up.length !== 3) faults.push(`${name}: connected to ${up.length} heavy nodes`);
      if (kind === "tab" && up.some((link) => link.transport !== "WebRTC")) faults.push(`${name}: not all over WebRTC`);
    }
    for (const row of rows) if (!row.equal) faults.push(`${row.scheme}, ${row.question}: ${row.figure} is ${row.network}, not ${row.pandas}`);
    return { participants, nodes, rows, faults };
  } finally {
    await browser?.close();
    await network?.stop();
  }
}

/** Proposes from the page; where its form does not offer the kind of question, from the command line. */
export async function propose(tab, network, form, say) {
  if (await tab.offers(form.template)) return tab.propose(form);
  say(`the page's form offers no ${form.template}: proposed by formix comp`);
  return network.ask(form);
}

/** What a page shows: signatures that it checked itself, and the answer's own numbers. */
function judgeShown(shown, answer, fault) {
  if (shown.kind !== "result") return fault(`shows no result: ${shown.text}`);
  if (shown.signatures !== "verified") fault(`says “${shown.signatures}” of the signatures`);
  if (Number(shown.participants) !== answer.participants) fault(`shows ${shown.participants} participants`);
  for (const { path, value } of figures(answer)) {
    const off = Math.abs(Number(shown[path] ?? value) - Number(value));
    if (off > SHOWN_RELATIVE * Math.abs(Number(value))) fault(`shows ${shown[path]} as ${path}, not ${value}`);
  }
}
