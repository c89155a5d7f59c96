// Jobs on tabs alone: a string reversed, and primes counted by an array of jobs whose outputs one more adds up: --tabs 4 [--inputs 200] [--json]

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { verify as verifyHere } from "../../sdk/verify/receipt.mjs";
import { openBrowser } from "./lib/browser.mjs";
import { checkEnvironment, formix, root } from "./lib/environment.mjs";
import { guest } from "./lib/guests.mjs";
import { Submitter, openLent, sha256 } from "./lib/lent.mjs";
import { Network } from "./lib/network.mjs";
import { run, temporaryFolder } from "./lib/processes.mjs";
import { python } from "./lib/python.mjs";

const { values: options } = parseArgs({
  options: {
    tabs: { type: "string", default: "4" },
    inputs: { type: "string", default: "200" },
    json: { type: "boolean", default: false },
  },
});
const count = (name) => {
  const number = Number(options[name]);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} ${options[name]}: a whole number from 1 on`);
  return number;
};
const tabs = count("tabs");
const inputs = count("inputs");
/** Each job of the array looks at so many numbers. */
const STRIDE = 500;
const TEXT = "Able was I ere I saw Elba: ñandú, Grüße, 日本";
const JOB_MS_MAX = 120_000;
const ARRAY_MS_MAX = 60_000 + 5_000 * inputs;

/** The primes below a number, counted here. */
function primesBelow(end) {
  const composite = new Uint8Array(end);
  let primes = 0;
  for (let number = 2; number < end; number++) {
    if (composite[number]) continue;
    primes += 1;
    for (let multiple = number * number; multiple < end; multiple += number) composite[multiple] = 1;
  }
  return primes;
}

/** Who verifies receipts: each a command for a receipt's file. None but the first has a line of our Rust in it. */
async function verifiers() {
  const interpreter = await python();
  return {
    "formix receipt verify": (file) => run(formix, ["receipt", "verify", file]),
    "PHP, sodium": (file) => run("php", [join(root, "sdk/verify/receipt.php"), file]),
    "Python, PyNaCl": (file) => run(interpreter, [join(root, "sdk/verify/receipt.py"), file]),
    "Node, WebCrypto": (_, envelope) => verifyHere(envelope),
  };
}

checkEnvironment();
const begun = performance.now();
const say = (line) => console.error(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const faults = [];
const same = (what, found, wanted) => {
  if (found !== wanted) faults.push(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
};
const network = await Network.start({ heavy: 3 });
const browser = await openBrowser();
const told = {};
try {
  const lent = [];
  for (let at = 1; at <= tabs; at++) lent.push(await openLent(browser, network.url, `tab ${at}`));
  say(`three heavy nodes, ${tabs} tabs that were lent by hand`);
  const nodes = new Set(lent.map(({ node }) => node));
  const submitter = new Submitter(network.url);
  const keep = async (name) => submitter.keep(guest(name));
  const modules = { reverse: await keep("reverse"), primes: await keep("primes"), sum: await keep("sum") };

  const reversed = await submitter.submit({
    name: "reverse a string", module: modules.reverse, input: await submitter.keep(Buffer.from(TEXT)), replicas: Math.min(2, tabs),
  });
  const first = await submitter.ended(reversed, JOB_MS_MAX);
  told.reversed = (await submitter.output(reversed)).toString();
  same("the string reversed", told.reversed, [...TEXT].reverse().join(""));
  say(`“${TEXT}” reversed on ${first.result?.nodes.length} tabs: “${told.reversed}”`);

  const array = Array.from({ length: inputs }, (_, at) => submitter.sign({
    name: `primes from ${at * STRIDE}`, module: modules.primes, args: ["primes", String(at * STRIDE), String((at + 1) * STRIDE)],
  }));
  const reduce = submitter.sign({ name: "all primes", module: modules.sum, input: { outputs: array.map(({ id }) => id) } });
  const started = performance.now();
  await submitter.submitAll([...array, reduce].map(({ envelope }) => envelope));
  say(`${inputs} jobs and the one that adds them up are submitted, all signed at once`);
  const last = await submitter.ended(reduce.id, ARRAY_MS_MAX);
  told.tookMs = Math.round(performance.now() - started);
  told.primes = (await submitter.output(reduce.id)).toString().trim();
  told.expected = String(primesBelow(inputs * STRIDE));
  same("the number of primes", told.primes, told.expected);
  same("the last job's state", last.state, "done");
  say(`${told.primes} primes below ${inputs * STRIDE}, after ${(told.tookMs / 1000).toFixed(1)} s`);

  const ids = [reversed, ...array.map(({ id }) => id), reduce.id];
  const receipts = (await Promise.all(ids.map(async (id) =>
    (await submitter.receipts(id)).map((envelope) => ({ id, envelope }))))).flat();
  const folder = temporaryFolder();
  const who = await verifiers();
  told.receipts = receipts.length;
  told.verified = Object.fromEntries(Object.keys(who).map((name) => [name, 0]));
  told.nodes = {};
  const check = async ({ id, envelope }, at) => {
    const file = join(folder, `${at}.json`);
    writeFileSync(file, JSON.stringify(envelope));
    const { predicate, subject } = JSON.parse(Buffer.from(envelope.payload, "base64").toString());
    if (!nodes.has(predicate.node)) faults.push(`${predicate.node} ran a job, and is none of the tabs`);
    told.nodes[predicate.node] = (told.nodes[predicate.node] ?? 0) + 1;
    if (id === reversed) same("the output in a receipt", subject[0].digest.sha256, sha256(Buffer.from(told.reversed)));
    for (const [name, verify] of Object.entries(who)) {
      try {
        await verify(file, envelope);
        told.verified[name] += 1;
      } catch (error) {
        faults.push(`${name}: ${error.message}`);
      }
    }
  };
  const left = receipts.map((receipt, at) => () => check(receipt, at));
  const next = async () => {
    for (let work = left.shift(); work; work = left.shift()) await work();
  };
  await Promise.all([next(), next()]);
  for (const [name, verified] of Object.entries(told.verified)) same(`receipts verified by ${name}`, verified, receipts.length);
  if (receipts.length < ids.length) faults.push(`${receipts.length} receipts of ${ids.length} jobs`);
  for (const tab of lent) for (const error of tab.errors) faults.push(`${tab.name}: ${error}`);
} finally {
  await browser.close();
  await network.stop();
}

told.faults = faults;
if (options.json) {
  console.log(JSON.stringify(told, null, 2));
} else {
  const pair = (name, value) => console.log(`${name.padEnd(26)} ${value}`);
  console.log("");
  pair("a string, reversed", told.reversed);
  pair("primes, by the tabs", told.primes);
  pair("primes, counted here", told.expected);
  pair("jobs", `${inputs + 2}, of them ${inputs} side by side and one over their outputs`);
  for (const [node, jobs] of Object.entries(told.nodes)) pair(`tab …${node.slice(-6)}`, `${jobs} runs`);
  for (const [name, verified] of Object.entries(told.verified)) pair(name, `${verified} of ${told.receipts} receipts verified`);
  for (const fault of faults) pair("fault", fault);
  console.log(faults.length === 0 ? "\nright" : "\nNOT as it must be");
}
process.exitCode = faults.length === 0 ? 0 : 1;
