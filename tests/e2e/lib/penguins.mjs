// The Palmer penguins of npm's vega-datasets: a public data set with gaps, and its exact sums.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./environment.mjs";

/** Its field that the tests add up. */
export const FIELD = "Body Mass (g)";

/** Where they are. */
export const PENGUINS = join(root, "node_modules/vega-datasets/data/penguins.json");

/** All records, gaps included. */
export function penguins() {
  return JSON.parse(readFileSync(PENGUINS, "utf8"));
}

/** `records` dealt out one by one, like cards. */
export function deal(records, parts) {
  const dealt = Array.from({ length: parts }, () => []);
  records.forEach((record, at) => dealt[at % parts].push(record));
  return dealt;
}

/** Sum, count and mean of a field of whole numbers, over the records that have it, without rounding before the end. */
export function exact(records, field = FIELD) {
  const values = records.map((record) => record[field]).filter((value) => value !== null && value !== undefined);
  const sum = values.reduce((sum, value) => sum + BigInt(value), 0n);
  return { sum: sum.toString(), records: values.length, mean: mean(sum, BigInt(values.length)) };
}

/** A quotient with six decimals, rounded half to even. */
function mean(sum, count) {
  if (count === 0n) return null;
  const scaled = sum * 1_000_000n;
  const sign = scaled < 0n ? -1n : 1n;
  const absolute = scaled * sign;
  let units = absolute / count;
  const twice = (absolute % count) * 2n;
  if (twice > count || (twice === count && units % 2n === 1n)) units += 1n;
  const text = units.toString().padStart(7, "0");
  return `${sign < 0n && units > 0n ? "-" : ""}${text.slice(0, -6)}.${text.slice(-6)}`;
}
