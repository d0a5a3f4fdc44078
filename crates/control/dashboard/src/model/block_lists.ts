// The grammar of the two lists (docs/policy.md) as far as the page needs it: to add an item, to find one in its text, and to tell
// whether a list holds a version. What a text means is the server's to say.
import type { BlockList, Item, TextSpan } from "../api/types";
import { processKey, versionKey } from "./filter";
import { unitsOf } from "./spans";
import { visible } from "./visible";

export const VALUE_NAMES: Record<BlockList, string> = {
  processes: "Disable MAPI Client Processes",
  versions: "Disable MAPI Clients",
};

/** The key that the store polls. */
export const POLLED_KEY = "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem";

/** The text with one more item, after a separator where one is needed. */
export function withItem(list: BlockList, text: string, item: string): string {
  const begun = text.replace(/[ \t\r\n]+$/, "");
  if (begun === "") return item;
  const isSeparated = list === "processes" ? begun.endsWith(";") : /[;,]$/.test(begun);
  return `${begun}${isSeparated ? " " : "; "}${item}`;
}

/** What a list of programs has to say for a program that reports this name; null where no list can. */
export function programItem(name: string): string | null {
  const bare = 2 <= name.length && name.startsWith('"') && name.endsWith('"') ? name.slice(1, -1) : name;
  const file = bare.split(/[\\/]/).at(-1) ?? "";
  const isSayable = file !== "" && file.trim() === file && !/[;"\0\r]|\p{Surrogate}/u.test(file);
  return isSayable ? file : null;
}

/** What a list of versions has to say for the clients of a version; null where no single item names it. */
export function versionItem(version: string): string | null {
  const [product = 0, middle = 0, build = 0, last = 0] = version.split(".").map(Number);
  return middle === 0 && build <= 32767 ? `${product}.${build}.${last}` : null;
}

/** Whether the list of programs has an item for a program that reports this name. */
export function holdsProgram(items: readonly Item[], name: string): boolean {
  const key = processKey(name);
  return items.some((item) => item.key === key);
}

/** The versions of an item, in the form that sorts; null is an open end. Both ends are included. */
export interface Range {
  low: string | null;
  high: string | null;
}

/** The range of an item's `key`, such as `11.0.0.0-11.0.5703.0` or `-5.0.3164.0`. */
export function rangeOf(key: string): Range {
  const [low = "", high = ""] = key.split("-");
  return { low: low === "" ? null : versionKey(low), high: high === "" ? null : versionKey(high) };
}

export function isWithin({ low, high }: Range, version: string): boolean {
  const key = versionKey(version);
  return (low === null || low <= key) && (high === null || key <= high);
}

/** The first item, in the order written, that holds a version. */
export function holderOf(items: readonly Item[], version: string): Item | null {
  return items.find((item) => isWithin(rangeOf(item.key), version)) ?? null;
}

/** Characters shown on each side of what a lint is about. */
const AROUND = 20;

/** A piece of the text as it may be shown, with a line of carets below what it is about. */
export function excerptOf(text: string, span: TextSpan): { line: string; carets: string } {
  const { start, end } = unitsOf(text, span);
  const before = [...text.slice(0, start)];
  const marked = [...text.slice(start, end)];
  const after = [...text.slice(end)];
  const cutBefore = AROUND < before.length;
  const lead = (cutBefore ? "…" : "") + before.slice(-AROUND).join("");
  const shown = AROUND * 2 < marked.length ? `${marked.slice(0, AROUND * 2).join("")}…` : marked.join("");
  const tail = after.slice(0, AROUND).join("") + (AROUND < after.length ? "…" : "");
  return {
    line: visible(lead) + visible(shown) + visible(tail),
    carets: " ".repeat([...visible(lead)].length) + "^".repeat(Math.max(1, [...visible(shown)].length)),
  };
}

/** What one list has that another has not, compared as the policy compares them. */
export function differenceOf(before: readonly Item[], after: readonly Item[]): { added: string[]; removed: string[] } {
  const less = (left: readonly Item[], right: readonly Item[]) => {
    const keys = new Set(right.map(({ key }) => key));
    return left.filter(({ key }) => !keys.has(key)).map(({ text }) => text);
  };
  return { added: less(after, before), removed: less(before, after) };
}
