// The language of filters (docs/filters.md) for sessions that the page has already: the same as the server's, so that ten thousand
// rows need no answer of it. What only the server knows, whom the policy forbids, is handed in.
import type { SessionRow } from "./live";

/** What is wrong with a filter, and where. */
export class FilterError extends Error {
  /** The column, from 1 in characters. */
  readonly column: number;

  constructor(text: string, at: number, message: string) {
    super(message);
    this.name = "FilterError";
    this.column = [...text.slice(0, at)].length + 1;
  }
}

/** Whether a session passes; `blocked` has the ids of those that the policy in force forbids. */
type Test = (row: SessionRow, blocked: ReadonlySet<number>) => boolean;

export interface Filter {
  passes: Test;
  /** Whether a term asks who is blocked, which the server has to say. */
  asksBlocked: boolean;
}

/** A field, what it is, and a value to begin with: what is offered to who types a filter. */
export interface FieldHelp {
  name: string;
  means: string;
  example: string;
}

export const FIELDS: readonly FieldHelp[] = [
  { name: "process", means: "a program that the client reported, compared as the policy does", example: "process:mdl.exe" },
  { name: "version", means: "one to four parts, with < <= > >= before them", example: "version:<11.0" },
  { name: "user", means: "the distinguished name, or its last part", example: "user:alice" },
  { name: "machine", means: "the computer", example: "machine:wks*" },
  { name: "group", means: "the label of injected clients; \"\" is none", example: "group:finance" },
  { name: "client", means: "the number of the injected client", example: "client:<=10" },
  { name: "session", means: "the number of the session", example: "session:17" },
  { name: "mode", means: "unknown, classic, cached", example: "mode:cached" },
  { name: "transport", means: "pipe, tcp", example: "transport:tcp" },
  { name: "origin", means: "injected, foreign", example: "-origin:foreign" },
  { name: "at", means: "when it was opened", example: "at:>=2006-04-22T08:00:00Z" },
  { name: "is", means: "blocked, identified, unidentified, injected, foreign", example: "is:blocked" },
];

/** Bytes of a filter. */
const MOST_BYTES = 4096;

/** What the server takes for a blank, which is not all that `\s` is. */
const BLANK = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

interface Value {
  text: string;
  /** Whether it stood in quotes, where nothing has a meaning of its own. */
  isQuoted: boolean;
  at: number;
}

/** Reads a filter for sessions. Throws a `FilterError` when it is not understood. */
export function parseFilter(text: string): Filter {
  if (MOST_BYTES < new TextEncoder().encode(text).length) {
    throw new FilterError(text, MOST_BYTES, `it has more than ${MOST_BYTES} bytes`);
  }
  const reader = new Reader(text);
  const tests: Test[] = [];
  let asksBlocked = false;
  for (;;) {
    const term = reader.term();
    if (!term) break;
    const name = term.name.toLowerCase();
    const read = READERS[name];
    if (!read || !Object.hasOwn(READERS, name)) {
      const names = FIELDS.map((field) => field.name).join("`, `");
      throw new FilterError(text, term.at, `there is no \`${term.name}\` here; there are \`${names}\``);
    }
    const values = term.values.map((value) => read(value, text));
    asksBlocked ||= name === "is" && term.values.some((value) => value.text.toLowerCase() === "blocked");
    tests.push((row, blocked) => values.some((test) => test(row, blocked)) !== term.isNegated);
  }
  return { passes: (row, blocked) => tests.every((test) => test(row, blocked)), asksBlocked };
}

interface Term {
  isNegated: boolean;
  name: string;
  at: number;
  values: Value[];
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** The next term; null at the end. */
  term(): Term | null {
    while (this.at < this.text.length && BLANK.test(this.next())) this.at += 1;
    if (this.text.length <= this.at) return null;
    const isNegated = this.skip("-");
    const at = this.at;
    const name = this.until((character) => character === ":" || character === '"');
    if (name === "") throw this.wrong(at, "a term begins with the name of a field, and has a colon after it");
    if (!this.skip(":")) throw this.wrong(at, `\`${name}\` is no term: say which field it is, as in \`process:${name}\``);
    const values = [this.value()];
    while (this.skip(",")) values.push(this.value());
    return { isNegated, name, at, values };
  }

  private value(): Value {
    const at = this.at;
    if (this.skip('"')) return { text: this.quoted(at), isQuoted: true, at };
    const text = this.until((character) => character === "," || character === '"');
    if (this.next() === '"') throw this.wrong(this.at, 'a quote opens a value or closes it; in one it is written `\\"`');
    if (text === "") throw this.wrong(at, 'a value is missing; `""` is the empty one');
    return { text, isQuoted: false, at };
  }

  /** What stands between quotes; a backslash takes the next character as it is. */
  private quoted(opened: number): string {
    let text = "";
    while (this.at < this.text.length) {
      const character = this.next();
      this.at += 1;
      if (character === '"') {
        const after = this.next();
        if (after !== "" && after !== "," && !BLANK.test(after)) {
          throw this.wrong(this.at, "after a quoted value comes a blank, a comma or the end");
        }
        return text;
      }
      if (character === "\\") {
        text += this.next();
        this.at += 1;
      } else {
        text += character;
      }
    }
    throw this.wrong(opened, "this quote is not closed");
  }

  private next(): string {
    return this.text.charAt(this.at);
  }

  private skip(character: string): boolean {
    const found = this.next() === character;
    if (found) this.at += 1;
    return found;
  }

  /** What comes before one of these, a blank or the end. */
  private until(ends: (character: string) => boolean): string {
    const begin = this.at;
    while (this.at < this.text.length && !ends(this.next()) && !BLANK.test(this.next())) this.at += 1;
    return this.text.slice(begin, this.at);
  }

  private wrong(at: number, message: string): FilterError {
    return new FilterError(this.text, at, message);
  }
}

const READERS: Record<string, (value: Value, text: string) => Test> = {
  process: (value, text) => {
    const pattern = patternOf(value, text, true);
    return ({ processes }) => {
      // A name that is nothing but a path is none.
      const keys = processes.map(processKey).filter((key) => key !== "");
      return keys.some((key) => pattern.matches(key.toLowerCase())) || (keys.length === 0 && pattern.isNothing);
    };
  },
  version: versionTest,
  user: (value, text) => {
    const pattern = patternOf(value, text);
    return ({ user_dn }) => {
      const whole = user_dn.toLowerCase();
      const equals = whole.lastIndexOf("=");
      return pattern.matches(whole) || (0 <= equals && pattern.matches(whole.slice(equals + 1)));
    };
  },
  machine: textTest((row) => row.machine),
  group: textTest((row) => row.group),
  mode: wordTest((row) => row.mode, ["unknown", "classic", "cached"]),
  transport: wordTest((row) => row.transport, ["pipe", "tcp"]),
  origin: wordTest((row) => row.origin, ["injected", "foreign"]),
  client: numberTest((row) => row.client_id),
  session: numberTest((row) => row.id),
  at: timeTest,
  is: flagTest,
};

interface Pattern {
  /** Whether a text, in lower case already, is like it. */
  matches: (lower: string) => boolean;
  /** Whether it is the empty text itself, which what is not there is like. */
  isNothing: boolean;
}

function patternOf(value: Value, whole: string, isProgram = false): Pattern {
  let { text } = value;
  let [anyBeginning, anyEnd] = [false, false];
  if (!value.isQuoted) {
    if (text.endsWith("*")) [text, anyEnd] = [text.slice(0, -1), true];
    if (text.startsWith("*")) [text, anyBeginning] = [text.slice(1), true];
    const star = text.indexOf("*");
    if (0 <= star) {
      const at = value.at + (anyBeginning ? 1 : 0) + star;
      throw new FilterError(whole, at, "a star stands at the beginning or the end of a value; in quotes it is itself");
    }
  }
  // A whole name is reduced as the policy reduces it; a part of one is a text.
  if (isProgram && !anyBeginning && !anyEnd) text = processKey(value.text) || text;
  const lower = text.toLowerCase();
  const isNothing = lower === "" && !anyBeginning && !anyEnd;
  if (anyBeginning && anyEnd) return { matches: (found) => found.includes(lower), isNothing };
  if (anyBeginning) return { matches: (found) => found.endsWith(lower), isNothing };
  if (anyEnd) return { matches: (found) => found.startsWith(lower), isNothing };
  return { matches: (found) => found === lower, isNothing };
}

function textTest(of: (row: SessionRow) => string | null | undefined) {
  return (value: Value, text: string): Test => {
    const pattern = patternOf(value, text);
    return (row) => {
      const found = of(row);
      return found == null ? pattern.isNothing : pattern.matches(found.toLowerCase());
    };
  };
}

function wordTest(of: (row: SessionRow) => string, words: string[]) {
  return (value: Value, text: string): Test => {
    const pattern = patternOf(value, text);
    if (!words.some(pattern.matches)) throw noneOf(value, text, words);
    return (row) => pattern.matches(of(row));
  };
}

function noneOf(value: Value, text: string, words: string[]): FilterError {
  return new FilterError(text, value.at, `\`${value.text}\` is none of \`${words.join("`, `")}\``);
}

const FLAGS: Record<string, Test> = {
  blocked: (row, blocked) => blocked.has(row.id),
  identified: (row) => row.processes.some((name) => processKey(name) !== ""),
  unidentified: (row) => !row.processes.some((name) => processKey(name) !== ""),
  injected: (row) => row.origin === "injected",
  foreign: (row) => row.origin === "foreign",
};

function flagTest(value: Value, text: string): Test {
  const name = value.text.toLowerCase();
  const test = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (!test) throw noneOf(value, text, Object.keys(FLAGS));
  return test;
}

/** How what is found stands to a range of which one end or the other counts: less than 0, 0 or more. */
type Comparison = (toFirst: number, toLast: number) => boolean;

const COMPARISONS: [string, Comparison][] = [
  ["<=", (_, toLast) => toLast <= 0],
  [">=", (toFirst) => 0 <= toFirst],
  ["<", (toFirst) => toFirst < 0],
  [">", (_, toLast) => 0 < toLast],
];
const EQUAL: Comparison = (toFirst, toLast) => 0 <= toFirst && toLast <= 0;

/** The comparison that a value begins with, what follows it, and where that is. */
function compared(value: Value): { holds: Comparison; rest: string; at: number } {
  const found = value.isQuoted ? undefined : COMPARISONS.find(([sign]) => value.text.startsWith(sign));
  if (!found) return { holds: EQUAL, rest: value.text, at: value.at };
  const [sign, holds] = found;
  return { holds, rest: value.text.slice(sign.length), at: value.at + sign.length };
}

function versionTest(value: Value, text: string): Test {
  const { holds, rest, at } = compared(value);
  const parts = rest.split(".");
  if (4 < parts.length || !parts.every((part) => /^[0-9]+$/.test(part) && Number(part) <= 65_535)) {
    throw new FilterError(text, at, `\`${rest}\` is no version: it is one to four numbers up to 65535, as in \`11.0\``);
  }
  const filled = (missing: string) => versionKey([...parts, ...Array<string>(4).fill(missing)].slice(0, 4).join("."));
  const [first, last] = [filled("0"), filled("65535")];
  return ({ client_version }) => {
    const found = versionKey(client_version);
    return holds(order(found, first), order(found, last));
  };
}

/** A version as a text that sorts as versions do. */
export function versionKey(version: string): string {
  return version
    .split(".")
    .map((part) => String(Number(part)).padStart(5, "0"))
    .join(".");
}

function order(left: string | number, right: string | number): number {
  return left < right ? -1 : left === right ? 0 : 1;
}

function numberTest(of: (row: SessionRow) => number | null | undefined) {
  return (value: Value, text: string): Test => {
    const { holds, rest, at } = compared(value);
    if (!/^[0-9]+$/.test(rest) || BigInt(rest) > 0xffff_ffff_ffff_ffffn) {
      throw new FilterError(text, at, `\`${rest}\` is no whole number`);
    }
    const wanted = Number(rest);
    return (row) => {
      const found = of(row);
      return found != null && holds(order(found, wanted), order(found, wanted));
    };
  };
}

function timeTest(value: Value, text: string): Test {
  const { holds, rest, at } = compared(value);
  const wanted = timeKey(rest);
  if (wanted === null) throw new FilterError(text, at, `\`${rest}\` is no time such as \`2006-04-22T08:00:00Z\``);
  return ({ connected_at }) => {
    const found = timeKey(connected_at) ?? "";
    return holds(order(found, wanted), order(found, wanted));
  };
}

const TIME = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** An instant of store time as a text that sorts as times do, to the microsecond; null when it is none. */
export function timeKey(text: string): string | null {
  const [whole, date = "", time = "", fraction = "", offset = ""] = TIME.exec(text) ?? [];
  if (whole === undefined) return null;
  const [hours = 0, minutes = 0] = offset.slice(1).split(":").map(Number);
  const [hour = 0, minute = 0, second = 0] = time.split(":").map(Number);
  if (23 < hours || 59 < minutes || 23 < hour || 59 < minute || 59 < second) return null;
  const midnight = new Date(`${date}T00:00:00Z`);
  // A day that the month does not have becomes one of the next month: it is refused.
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== date) return null;
  const east = (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60;
  const utc = new Date(midnight.getTime() + (hour * 3600 + minute * 60 + second - east) * 1000);
  if (utc.getTime() < 0 || 9999 < utc.getUTCFullYear()) return null;
  return `${utc.toISOString().slice(0, 19)}.${fraction.padEnd(6, "0")}`;
}

/** The name of a program as the policy compares it: without quotes and path, in upper case, a character for a character. */
export function processKey(reported: string): string {
  return [...bareName(reported)].map(simpleUpper).join("");
}

function bareName(reported: string): string {
  const bare = 2 <= reported.length && reported.startsWith('"') && reported.endsWith('"') ? reported.slice(1, -1) : reported;
  return bare.split(/[\\/]/).at(-1) ?? "";
}

/** Whether the policy can compare a name: one that is nothing but a path is none. */
export function isName(reported: string): boolean {
  return bareName(reported) !== "";
}

function simpleUpper(letter: string): string {
  const upper = letter.toUpperCase();
  if ([...upper].length === 1) return upper;
  // Greek letters with iota subscript have a capital of their own, which the full mapping takes apart.
  const code = letter.codePointAt(0) ?? 0;
  const rows = (0x1f80 <= code && code <= 0x1f87) || (0x1f90 <= code && code <= 0x1f97) || (0x1fa0 <= code && code <= 0x1fa7);
  if (rows) return String.fromCodePoint(code | 8);
  const alone: Record<number, string> = { 0x1fb3: "\u1fbc", 0x1fc3: "\u1fcc", 0x1ff3: "\u1ffc" };
  return alone[code] ?? letter;
}

const WORDS: Record<string, string[]> = {
  mode: ["unknown", "classic", "cached"],
  transport: ["pipe", "tcp"],
  origin: ["injected", "foreign"],
  is: Object.keys(FLAGS),
};

/** Most suggestions at a time. */
const MOST_SUGGESTED = 12;

/** What a text may go on as: fields, then their words, and the names of programs that are there. Each is the whole text. */
export function suggestions(text: string, programs: Iterable<string>): string[] {
  const [before = "", sign = "", part = ""] = /^(.*\s)?(-?)(\S*)$/s.exec(text)?.slice(1).map((found) => found ?? "") ?? [];
  const colon = part.indexOf(":");
  if (colon < 0) {
    const names = FIELDS.filter(({ name }) => name.startsWith(part.toLowerCase()));
    return names.map(({ name }) => `${before}${sign}${name}:`);
  }
  const name = part.slice(0, colon).toLowerCase();
  const value = part.slice(colon + 1).toLowerCase();
  const words = name === "process" ? [...programs].map(quotedValue) : (WORDS[name] ?? []);
  const found = words.filter((word) => word.toLowerCase().startsWith(value) && word.toLowerCase() !== value);
  return found.slice(0, MOST_SUGGESTED).map((word) => `${before}${sign}${name}:${word}`);
}

/** A text as a filter has it: in quotes where it would mean something else. */
export function quotedValue(text: string): string {
  return text === "" || BLANK.test(text) || /[,"*\\]|^[<>]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}
