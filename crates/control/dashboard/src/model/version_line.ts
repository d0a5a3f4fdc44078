// A line of client versions that can be read: versions crowd within a product, so each product has a stretch of its own, and
// within it the versions that occur stand in order, one step from each other.
import type { Item } from "../api/types";
import { isWithin, rangeOf } from "./block_lists";
import { versionKey } from "./filter";

/** Pixels from one version to the next, so that their labels do not touch. */
export const STEP = 92;

/** Pixels at both ends of the line, for what is open. */
export const MARGIN = 36;

/** What the first part of a version says. */
const PRODUCTS: Record<number, string> = {
  4: "Outlook 97",
  5: "Outlook 97 to 2000",
  6: "Exchange's own",
  8: "Outlook 97, 98",
  9: "Outlook 2000",
  10: "Outlook 2002",
  11: "Outlook 2003",
  12: "Outlook 2007",
  14: "Outlook 2010",
  15: "Outlook 2013",
  16: "Outlook 2016",
};

/** Products that are on the line whoever is connected, so that there is something to find one's way by. */
const ALWAYS = [5, 6, 10, 11, 12];

/** A version on the line: of clients that are connected, a bound of an item, or both. */
export interface Point {
  /** As a client reports it. */
  version: string;
  x: number;
  /** Live sessions of this version. */
  sessions: number;
  /** The first item that holds it. */
  item: Item | null;
}

export interface Stretch {
  product: number;
  name: string;
  from: number;
  to: number;
}

/** An item as a bar. Bars that would overlap are in lanes of their own. */
export interface Bar {
  item: Item;
  from: number;
  to: number;
  isOpenBelow: boolean;
  isOpenAbove: boolean;
  lane: number;
  /** Live sessions that it holds, whether or not an item before it does too. */
  sessions: number;
}

export interface VersionLine {
  points: Point[];
  stretches: Stretch[];
  bars: Bar[];
  lanes: number;
  width: number;
}

/** Lays out the live versions with their sessions, and the items of a list. */
export function versionLine(live: ReadonlyMap<string, number>, items: readonly Item[]): VersionLine {
  const versions = new Map<string, string>();
  for (const version of live.keys()) versions.set(versionKey(version), version);
  for (const { key } of items) {
    for (const bound of key.split("-")) if (bound !== "") versions.set(versionKey(bound), bound);
  }
  const keys = [...versions.keys()].sort();
  const { stretches, at, width } = laidOut(keys);
  const points = keys.map((key) => {
    const version = versions.get(key) ?? "";
    const item = items.find((one) => isWithin(rangeOf(one.key), version)) ?? null;
    return { version, x: at.get(key) ?? 0, sessions: live.get(version) ?? 0, item };
  });
  const bars = inLanes(items.map((item) => barOf(item, at, width, live)));
  return { points, stretches, bars, lanes: bars.reduce((most, { lane }) => Math.max(most, lane + 1), 0), width };
}

function laidOut(keys: string[]): { stretches: Stretch[]; at: Map<string, number>; width: number } {
  const byProduct = new Map<number, string[]>(ALWAYS.map((product) => [product, []]));
  for (const key of keys) {
    const product = Number(key.slice(0, 5));
    byProduct.set(product, [...(byProduct.get(product) ?? []), key]);
  }
  const at = new Map<string, number>();
  const stretches: Stretch[] = [];
  let x = MARGIN;
  for (const [product, own] of [...byProduct].sort(([left], [right]) => left - right)) {
    const from = x;
    for (const [place, key] of own.entries()) at.set(key, from + STEP * (place + 0.5));
    x += STEP * Math.max(1.4, own.length);
    // A version that is alone stands in the middle of its stretch.
    const [only] = own;
    if (own.length === 1 && only !== undefined) at.set(only, (from + x) / 2);
    stretches.push({ product, name: PRODUCTS[product] ?? "", from, to: x });
  }
  return { stretches, at, width: x + MARGIN };
}

/** Half of the width of a bar that is one version, in pixels. */
const HALF = 9;

function barOf(item: Item, at: Map<string, number>, width: number, live: ReadonlyMap<string, number>): Omit<Bar, "lane"> {
  const range = rangeOf(item.key);
  let sessions = 0;
  for (const [version, count] of live) if (isWithin(range, version)) sessions += count;
  return {
    item,
    from: range.low === null ? 4 : (at.get(range.low) ?? 0) - HALF,
    to: range.high === null ? width - 4 : (at.get(range.high) ?? 0) + HALF,
    isOpenBelow: range.low === null,
    isOpenAbove: range.high === null,
    sessions,
  };
}

function inLanes(bars: Omit<Bar, "lane">[]): Bar[] {
  const ends: number[] = [];
  return bars.map((bar) => {
    const free = ends.findIndex((end) => end + 8 < bar.from);
    const lane = free === -1 ? ends.length : free;
    // Its label may be wider than the bar.
    ends[lane] = Math.max(bar.to, bar.from + 7 * bar.item.text.length);
    return { ...bar, lane };
  });
}
