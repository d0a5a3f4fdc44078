import { expect, test } from "vitest";

import type { Item } from "../src/api/types";
import { STEP, versionLine } from "../src/model/version_line";

function item(text: string, key: string, ordinal: number): Item {
  return { text, key, ordinal, span: { start: 0, end: 0, column: 1, end_column: 1 } };
}

const LIVE = new Map([
  ["5.0.3144.0", 2],
  ["10.0.0.2627", 1],
  ["11.0.5608.0", 40],
  ["11.0.5608.1", 1],
  ["12.0.4518.1014", 3],
]);

test("versions stand in order, a step from each other, each in the stretch of its product", () => {
  const { points, stretches } = versionLine(LIVE, []);
  const xs = points.map(({ x }) => x);
  expect(xs).toEqual([...xs].sort((left, right) => left - right));
  for (const [place, x] of xs.entries()) if (0 < place) expect(x - (xs[place - 1] ?? 0)).toBeGreaterThanOrEqual(STEP);
  for (const { version, x } of points) {
    const own = stretches.find(({ product }) => product === Number(version.split(".")[0]));
    expect(own && own.from < x && x < own.to, version).toBe(true);
  }
  // There is something to find one's way by when nobody is connected, and there are no items.
  expect(versionLine(new Map(), []).stretches.map(({ product }) => product)).toEqual([5, 6, 10, 11, 12]);
});

test("a bar covers the versions that it holds, and no others", () => {
  const items = [item("-5.3164.0", "-5.0.3164.0", 1), item("11.0.0-11.5608.0", "11.0.0.0-11.0.5608.0", 2), item("12.0.0-", "12.0.0.0-", 3)];
  const { points, bars } = versionLine(LIVE, items);
  expect(bars.map(({ sessions }) => sessions)).toEqual([2, 40, 3]);
  for (const { version, x, item: holder } of points) {
    const over = bars.filter(({ from, to }) => from <= x && x <= to);
    expect(over.map((bar) => bar.item.ordinal), version).toEqual(holder ? [holder.ordinal] : []);
  }
  expect(bars.map(({ isOpenBelow, isOpenAbove }) => [isOpenBelow, isOpenAbove])).toEqual([[true, false], [false, false], [false, true]]);
});

test("bars that overlap have lanes of their own", () => {
  const items = [item("11.0.0-12.0.0", "11.0.0.0-12.0.0.0", 1), item("11.5608.0", "11.0.5608.0-11.0.5608.0", 2)];
  const { bars, lanes } = versionLine(LIVE, items);
  expect(new Set(bars.map(({ lane }) => lane)).size).toBe(2);
  expect(lanes).toBe(2);
});
