// The main job from end to end: a private sum over real tabs, native nodes and three heavy processes.

import { openBrowser, Tab } from "./browser.mjs";
import { verifyEnd } from "./documents.mjs";
import { Network } from "./network.mjs";
import { FIELD, deal, exact, penguins } from "./penguins.mjs";

/** The name under which every node keeps its part. */
export const DATASET = "penguins";
const LOWER = 2000;
const UPPER = 7000;
/** What the heavy nodes may take to agree after the deadline; a result later than that is a fault. */
const AGREE_MS_MAX = 40_000;

/** What the proposal's form is filled with. It closes after `seconds`, or when `participants_max` have answered. */
export function draft(participants, seconds, participants_max) {
  return {
    title: "How heavy are our penguins?",
    purpose: "To compare this colony with the one surveyed in 2009.",
    dataset: DATASET,
    template: "mean",
    value: `\`${FIELD}\``,
    lower: LOWER,
    upper: UPPER,
    participants_min: participants,
    deadline: (seconds / 60).toFixed(3),
    ...(participants_max === undefined ? {} : { participants_max }),
  };
}

/** Opens tabs that join and keep a part each. */
export async function openTabs(browser, network, parts, say = () => {}) {
  const tabs = [];
  for (const [at, records] of parts.entries()) {
    // Each tab's host is another heavy node: any of them serves the page.
    const host = network.heavy[at % network.heavy.length];
    const tab = await Tab.open(browser, host.url, `tab ${at + 1}`);
    tabs.push(tab);
    await tab.join();
    const rows = await tab.importFile(DATASET, "penguins.json", JSON.stringify(records));
    if (rows !== records.length) throw new Error(`${tab.name} keeps ${rows} of ${records.length} records`);
    say(`${tab.name} joined and keeps ${rows} records`);
  }
  return tabs;
}

/**
 * Runs one sum: proposed from the first tab's page, approved by each tab's person, answered by the native nodes' rule.
 * Gives what every party says of the result, and what it must be.
 */
export async function privateSum({ tabs: tabCount, natives, seconds, say = () => {} }) {
  const parts = deal(penguins(), tabCount + natives);
  const expected = exact(penguins());
  let network;
  let browser;
  try {
    network = await Network.start({ heavy: 3 });
    say(`three heavy processes: ${network.heavy.map((heavy) => `pid ${heavy.pid} at ${heavy.url}`).join(", ")}`);
    const lights = await network.startLights(DATASET, parts.slice(tabCount));
    say(`${natives} native light processes joined`);
    browser = await openBrowser();
    const tabs = await openTabs(browser, network, parts.slice(0, tabCount), say);

    const started = performance.now();
    // With as many participants at most as there are, it closes with the last answer.
    const id = await tabs[0].propose(draft(parts.length, seconds, parts.length));
    say(`${tabs[0].name} proposed ${id}`);
    await Promise.all(tabs.map(async (tab) => {
      await tab.approve(id);
      say(`${tab.name} approved; three heavy nodes hold its share`);
    }));
    const reports = await Promise.all(network.heavy.map((heavy) =>
      heavy.http.follow(id, seconds * 1000, "all answers", (view) => view.reports >= parts.length && view.reports)));
    say(`each heavy node holds ${reports.join(", ")} answers`);

    const shown = await Promise.all(tabs.map((tab) => tab.end(id, seconds * 1000 + AGREE_MS_MAX)));
    const tookMs = performance.now() - started;
    const documents = await Promise.all(network.heavy.map(async (heavy) => {
      await heavy.http.follow(id, AGREE_MS_MAX, `an end at ${heavy.name}`, (view) => view.result || view.refusal);
      return heavy.documents(id);
    }));
    const ends = documents.map(verifyEnd);
    const nodes = [];
    for (const [at, tab] of tabs.entries()) {
      nodes.push({ name: tab.name, kind: "tab", records: parts[at].length, links: await tab.links(), errors: tab.errors });
    }
    for (const [at, light] of lights.entries()) {
      nodes.push({ name: light.name, kind: "native", records: parts[tabCount + at].length, links: light.links() });
    }
    return { id, expected, documents: documents[0], ends, shown, nodes, tookMs, verdict: judge({ expected, ends, shown, nodes, participants: parts.length }) };
  } finally {
    await browser?.close();
    await network?.stop();
  }
}

/** Every way in which a run is not what it must be; empty where all is well. */
function judge({ expected, ends, shown, nodes, participants }) {
  const faults = [];
  const same = (who, what, found, wanted) => {
    if (String(found) !== String(wanted)) faults.push(`${who}: ${what} is ${found}, not ${wanted}`);
  };
  for (const [at, end] of ends.entries()) {
    const who = `heavy node ${at + 1}`;
    same(who, "the end", end.kind, "result");
    if (end.kind !== "result") continue;
    same(who, "the number of signatures", end.signers.length, 3);
    same(who, "the number of participants", end.participants, participants);
    for (const what of ["sum", "mean", "records"]) same(who, `the ${what}`, end[what], expected[what]);
  }
  for (const [at, page] of shown.entries()) {
    const who = `tab ${at + 1}`;
    same(who, "the end", page.kind, "result");
    if (page.kind !== "result") continue;
    same(who, "the signatures' state", page.signatures, "verified");
    same(who, "the number of participants", page.participants, participants);
    same(who, "the sum", page.sum, expected.sum);
    same(who, "the number of records", page.count, expected.records);
    if (Math.abs(Number(page.mean) - Number(expected.mean)) > 0.01) faults.push(`${who}: the mean is ${page.mean}, not ${expected.mean}`);
  }
  for (const node of nodes) {
    const up = node.links.filter((link) => link.up);
    same(node.name, "the number of connections", up.length, 3);
    if (node.kind === "tab") for (const link of up) same(node.name, `the transport to ${link.peer}`, link.transport, "WebRTC");
    for (const error of node.errors ?? []) faults.push(`${node.name}: ${error}`);
  }
  return faults;
}
