// Programs for jobs: those in tests/guests, and modules that no compiler makes, byte by byte.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { target } from "./environment.mjs";

/** The programs of tests/guests, compiled. */
export const guests = process.env.FORMIX_GUESTS ?? join(target, "xtask/guests");

/** Where the program tests/guests/programs/NAME.rs is, compiled as a WASI command. */
export function guestPath(name) {
  const path = join(guests, `${name}.wasm`);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: cargo xtask test --ring e2e compiles it; or rustc --edition 2024 --target wasm32-wasip1 -O tests/guests/programs/${name}.rs -o ${path}`);
  }
  return path;
}

/** The program's bytes. */
export const guest = (name) => readFileSync(guestPath(name));

/** An unsigned LEB128 number (WebAssembly core specification 2.0, 5.2.2). */
function leb(number) {
  const bytes = [];
  do {
    const low = number & 0x7f;
    number >>>= 7;
    bytes.push(number ? low | 0x80 : low);
  } while (number);
  return bytes;
}

const section = (id, content) => [id, ...leb(content.length), ...content];
const vector = (items) => [...leb(items.length), ...items.flat()];
const text = (string) => [...leb(string.length), ...Buffer.from(string)];
const body = (code) => {
  const whole = [0, ...code, 0x0b];
  return [...leb(whole.length), ...whole];
};

/** A module of functions without parameters and results, of which the first is `_start`. */
function module({ imports = [], tables = [], start, bodies }) {
  const at = imports.length;
  const sections = [
    section(1, vector([[0x60, 0, 0]])),
    imports.length ? section(2, vector(imports.map(([from, name]) => [...text(from), ...text(name), 0, 0]))) : [],
    section(3, vector(bodies.map(() => [0]))),
    tables.length ? section(4, vector(tables.map((size) => [0x70, 0, ...leb(size)]))) : [],
    section(7, vector([[...text("_start"), 0, ...leb(at)]])),
    start === undefined ? [] : section(8, leb(at + start)),
    section(10, vector(bodies.map(body))),
  ];
  return Buffer.concat([Buffer.from("0061736d01000000", "hex"), ...sections.map((bytes) => Buffer.from(bytes))]);
}

/** `loop br 0 end`: it never ends. */
const FOREVER = [0x03, 0x40, 0x0c, 0, 0x0b];

/** Modules that mean harm, and how each must end, in a receipt's words. */
export function hostile() {
  const fail = guest("fail");
  return {
    "an infinite loop": { module: module({ bodies: [FOREVER] }), ends: /^trap out-of-fuel$/ },
    "a loop in the start function": { module: module({ start: 1, bodies: [[], FOREVER] }), ends: /^trap out-of-fuel$/ },
    "endless recursion": { module: module({ bodies: [[0x10, 0]] }), ends: /^trap stack-exhausted$/ },
    "a table of a billion": { module: module({ tables: [1_000_000_000], bodies: [[]] }), ends: /^(trap table-limit|rejected)/ },
    "imports that are not there": {
      module: module({ imports: [["env", "system"], ["wasi_snapshot_preview1", "sock_connect"]], bodies: [[0x10, 0]] }),
      ends: /^rejected imports-denied$/,
    },
    // Two million instructions in one function, which nothing runs.
    "a bomb for the compiler": { module: module({ bodies: [[], Array.from({ length: 2_000_000 }, (_, at) => (at % 3 ? [0x41, 0, 0x1a] : [0x01])).flat()] }), ends: /^(exit 0|rejected)/ },
    "a tower of a hundred thousand blocks": {
      module: module({ bodies: [[], [...Array(100_000).fill([0x02, 0x40]), ...Array(100_000).fill([0x0b])].flat()] }), ends: /^(exit 0|rejected)/,
    },
    "a flood of output": { module: fail, args: ["fail", "flood"], ends: /^trap output-full$/ },
    "all memory": { module: fail, args: ["fail", "memory"], ends: /^trap memory-limit$/ },
  };
}
