// Reading JSON so that no two readers of a signed document can take it for different things.

import { DocumentError } from "./errors.js";

/**
 * Reads JSON. A key that stands twice in one object is refused, and so is half a letter, and a number with a point or an exponent:
 * this project's documents have whole numbers alone.
 *
 * @throws DocumentError it is not such JSON.
 */
export function parse(data: Uint8Array | string, what: string): unknown {
  try {
    const text = typeof data === "string" ? data : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    const value: unknown = JSON.parse(text);
    check(text);
    return value;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) {
      throw new DocumentError(`${what}: not JSON (${error.message})`);
    }
    throw error;
  }
}

/** Goes over a text that is JSON for what `JSON.parse` lets pass. */
function check(text: string): void {
  // Of each object or list around a place: the keys so far, none for a list.
  const around: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (letter === '"') {
      const from = at++;
      while (text.charAt(at) !== '"') at += text.charAt(at) === "\\" ? 2 : 1;
      const value = JSON.parse(text.slice(from, at + 1)) as string;
      if (!value.isWellFormed()) throw new SyntaxError("half a letter");
      const keys = around.at(-1);
      if (isKey && keys) {
        if (keys.has(value)) throw new SyntaxError(`the key \`${value}\` stands twice in one object`);
        keys.add(value);
        isKey = false;
      }
    } else if (letter === "{" || letter === "[") {
      around.push(letter === "{" ? new Set() : undefined);
      isKey = letter === "{";
    } else if (letter === "}" || letter === "]") {
      around.pop();
      isKey = false;
    } else if (letter === ",") {
      isKey = around.at(-1) !== undefined;
    } else if (letter === "-" || (letter >= "0" && letter <= "9")) {
      const number = /[-+.0-9eE]+/y;
      number.lastIndex = at;
      const digits = number.exec(text)?.[0] ?? "";
      if (!/^(0|-?[1-9][0-9]*)$/.test(digits)) throw new SyntaxError(`\`${digits}\` is no whole number`);
      at += digits.length - 1;
    }
  }
}

/** A value with its place in a document, which errors name. */
export class Place {
  constructor(
    readonly value: unknown,
    readonly path: string,
    private readonly what: string,
  ) {}

  /** @throws DocumentError always. */
  wrong(problem: string): never {
    throw new DocumentError(`${this.what}: \`${this.path || "."}\`: ${problem}`);
  }

  /** The members of an object that has all of `required`, and no others than these and `optional`. */
  object(required: readonly string[], optional: readonly string[] = []): Record<string, Place> {
    const members = this.open();
    for (const name of required) if (!(name in members)) this.wrong(`has no \`${name}\``);
    for (const name of Object.keys(members)) {
      if (!required.includes(name) && !optional.includes(name)) this.wrong(`has the unknown member \`${name.slice(0, 80)}\``);
    }
    return members;
  }

  /** The members of an object, whatever it has. */
  open(): Record<string, Place> {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value)) this.wrong("is no object");
    const members = Object.entries(this.value).map(([name, value]) => [name, this.at(name, value)] as const);
    // Without a prototype: a member may have any name.
    return Object.assign(Object.create(null) as Record<string, Place>, Object.fromEntries(members));
  }

  /** The members of a list of at most `most`. */
  list(most = Number.POSITIVE_INFINITY): Place[] {
    if (!Array.isArray(this.value) || this.value.length > most) return this.wrong(`is no list, or longer than ${most}`);
    return this.value.map((value, at) => this.at(String(at), value));
  }

  /** A text, of the form that `pattern` asks for. */
  text(pattern?: RegExp, form = "not of this form"): string {
    if (typeof this.value !== "string") return this.wrong("is no text");
    if (pattern && !pattern.test(this.value)) this.wrong(form);
    return this.value;
  }

  /** A whole number between two others. */
  integer(least: number, most: number): number {
    const { value } = this;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) {
      return this.wrong(`is no whole number between ${least} and ${most}`);
    }
    return value;
  }

  /** True or false. */
  boolean(): boolean {
    return typeof this.value === "boolean" ? this.value : this.wrong("is neither true nor false");
  }

  /** A moment in RFC 3339, to the millisecond, in the years 1970 to 9999. */
  moment(): Date {
    const parts = MOMENT.exec(this.text());
    if (!parts) return this.wrong("is no moment such as `2026-11-20T12:00:00Z`");
    const [, year, month, day, hour, minute, second] = parts.map(Number) as [number, ...number[]];
    const local = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second, Number((parts[7] ?? "").padEnd(3, "0").slice(0, 3))));
    const isDay = local.getUTCMonth() + 1 === month && local.getUTCDate() === day;
    const isTime = (hour ?? 24) < 24 && (minute ?? 60) < 60 && (second ?? 60) < 60;
    const [sign, ahead, minutes] = [parts[8] === "-" ? -1 : 1, Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
    const moment = new Date(local.getTime() - sign * (ahead * 60 + minutes) * 60_000);
    const isHeld = moment.getTime() >= 0 && moment.getTime() <= MS_MAX;
    if (!isDay || !isTime || !isHeld || ahead > 23 || minutes > 59) return this.wrong("is no moment in the years 1970 to 9999");
    return moment;
  }

  private at(name: string, value: unknown): Place {
    return new Place(value, this.path ? `${this.path}.${name}` : name, this.what);
  }
}

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
/** The last moment of the year 9999. */
const MS_MAX = 253_402_300_799_999;
