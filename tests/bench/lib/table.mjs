// Rows of measurements: a table for people, JSON lines for programs.

/** The middle of some numbers. */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

const three = (number) => Number(number.toPrecision(3));

/** A row's goal in words, and whether it is missed. */
function goalOf({ value, goal, at_least: atLeast }) {
  const words = (sign, bound, met) => `${sign} ${bound.toLocaleString("en")}${met ? "" : "  MISSED"}`;
  if (goal !== undefined) return words("≤", goal, value <= goal);
  return atLeast === undefined ? "" : words("≥", atLeast, value >= atLeast);
}

/**
 * Collects rows, of this `machine` where it is said. With `json`, each is a line of its own: name, value, unit, peer, peer_value, ratio (value / peer_value),
 * machine, and which device computed where it was not the processor.
 */
export class Table {
  constructor(json, machine = null) {
    this.json = json;
    this.machine = machine;
    this.rows = [];
  }

  /** One measurement: its `value`, or the median of its `values`; a goal not to exceed, or to reach; a peer measured in the same run. */
  row({ name, value, values, unit, goal = null, atLeast = null, peer = null, peerValues, device = null }) {
    const measured = value ?? median(values);
    const peerValue = peerValues ? median(peerValues) : null;
    this.rows.push({
      name,
      value: Number.isInteger(measured) ? measured : three(measured),
      unit,
      peer,
      peer_value: peerValue === null ? null : three(peerValue),
      ratio: peerValue === null ? null : three(measured / peerValue),
      ...(goal === null ? {} : { goal }),
      ...(atLeast === null ? {} : { at_least: atLeast }),
      ...(device === null ? {} : { device }),
      ...(this.machine === null ? {} : { machine: this.machine }),
      ...(values ? { runs: values.length, min: three(Math.min(...values)), max: three(Math.max(...values)) } : {}),
    });
  }

  print() {
    if (this.json) {
      for (const row of this.rows) console.log(JSON.stringify(row));
      return;
    }
    if (this.machine !== null) console.log(`${this.machine}\n`);
    const cells = this.rows.map((row) => [
      row.name,
      `${row.value.toLocaleString("en", { maximumFractionDigits: 6 })} ${row.unit}`,
      row.runs ? `${row.min} to ${row.max}` : "",
      goalOf(row),
      [row.peer && `${row.peer}: ${row.peer_value} ${row.unit} (× ${row.ratio})`, row.device && `on ${row.device}`].filter(Boolean).join(", "),
    ]);
    cells.unshift(["name", "median", "range", "goal", "peer"]);
    const widths = cells[0].map((_, at) => Math.max(...cells.map((row) => row[at].length)));
    for (const row of cells) console.log(row.map((cell, at) => cell.padEnd(widths[at])).join("  ").trimEnd());
  }
}
