import { describe, expect, test } from "vitest";

import { linesOf, MOST_NAMED, MOST_PROCESSES, MOST_STEPS, OTHERS, ratesOf, Series, spanOf, widthFor } from "../src/model/series";

const EIGHT = Date.parse("2006-04-22T08:00:00Z");
const QUARTER = 900_000;
const counts = (fields: Record<string, number>) => new Map(Object.entries(fields));
const sum = (numbers: number[]) => numbers.reduce((left, right) => left + right, 0);

/** Four polls on a clock that jumps from one to the next: three come, one is cut off at the second. */
function story(): Series {
  const series = new Series();
  const live = new Map<string, number>();
  for (const name of ["mdl.exe", "outlook.exe", "outlook.exe"]) {
    live.set(name, (live.get(name) ?? 0) + 1);
    series.count(EIGHT, "connected", live);
  }
  series.reach(EIGHT + QUARTER);
  live.delete("mdl.exe");
  series.count(EIGHT + QUARTER, "disconnected", live);
  series.count(EIGHT + QUARTER, "ended", live);
  series.count(EIGHT + 2 * QUARTER, null, live);
  series.count(EIGHT + 3 * QUARTER, "refused", live);
  return series;
}

describe("a series", () => {
  test("keeps who was there at the end of each step", () => {
    const steps = story().steps;
    expect(steps.map(({ at }) => (at - EIGHT) / QUARTER)).toEqual([0, 1, 2, 3]);
    expect(steps.map(({ sessions }) => sessions.get("mdl.exe") ?? 0)).toEqual([1, 0, 0, 0]);
    expect(steps.map(({ sessions }) => sessions.get("outlook.exe"))).toEqual([2, 2, 2, 2]);
  });

  test.each([1000, 250, QUARTER])("stays small and loses no sum in steps of %d ms", (pace) => {
    const series = new Series();
    const live = new Map([["a.exe", 0]]);
    for (let number = 1; number <= 10_000; number += 1) {
      series.reach(EIGHT + number * pace);
      live.set("a.exe", number);
      series.count(EIGHT + number * pace, "connected", live);
    }
    expect(series.steps.length).toBeLessThanOrEqual(MOST_STEPS);
    expect(sum(series.steps.map(({ connected }) => connected))).toBe(10_000);
    expect(series.steps.at(-1)?.sessions.get("a.exe")).toBe(10_000);
    expect(series.steps.every(({ at }, place) => place === 0 || (series.steps[place - 1]?.at ?? at) < at)).toBe(true);
  });

  test("takes what comes late into its newest step", () => {
    const series = new Series();
    series.count(EIGHT, "connected", counts({ a: 1 }));
    series.count(EIGHT - 5000, "connected", counts({ a: 2 }));
    expect(series.steps.map(({ connected }) => connected)).toEqual([2]);
  });
});

describe("ten thousand names", () => {
  const NAMES = 10_000;
  const names = Array.from({ length: NAMES }, (_, place) => `p${place}.exe`);

  test("are kept as the few with the most, and a sum", () => {
    const series = new Series();
    const live = new Map(names.map((name, place) => [name, place < 8 ? 20 + place : 1]));
    for (let number = 0; number < MOST_STEPS; number += 1) {
      series.reach(EIGHT + number * 1000);
      live.set("p0.exe", number);
      series.count(EIGHT + number * 1000, "connected", live);
    }
    const kept = series.steps.slice(0, -1).map(({ sessions }) => sessions.size);
    expect(Math.max(...kept)).toBeLessThanOrEqual(MOST_NAMED);
    const { lines } = linesOf(series, { from: EIGHT - 1, to: EIGHT + MOST_STEPS * 1000, now: EIGHT + MOST_STEPS * 1000 });
    expect(lines.map(({ label }) => label)).toEqual(["p0.exe", "p3.exe", "p4.exe", "p5.exe", "p6.exe", "p7.exe", OTHERS]);
    // The others are nobody's guess: p1, p2 and those with one each, at every step.
    expect(new Set(lines.at(-1)?.values.slice(1))).toEqual(new Set([21 + 22 + NAMES - 8]));
    expect(lines[0]?.values.at(-1)).toBe(MOST_STEPS - 1);
  });

  test("of before the first step are kept so too", () => {
    const series = new Series(new Map(names.map((name) => [name, 2])));
    series.count(EIGHT, null, new Map());
    const { lines } = linesOf(series, { from: EIGHT - 1000, to: EIGHT, now: EIGHT });
    expect(series.before.sessions.size).toBe(MOST_NAMED);
    expect(sum(lines.map(({ values }) => values[0] ?? 0))).toBe(2 * NAMES);
    expect(sum(lines.map(({ values }) => values[1] ?? 0))).toBe(0);
  });
});

describe("a plot of it", () => {
  test.each([
    [60_000, 1000, 1000],
    [61_000, 1000, 2000],
    [QUARTER, 1000, 15_000],
    [4 * QUARTER, 1000, 60_000],
    [60_000, 4096, 5000],
    [365 * 86_400_000, 1000, 7 * 86_400_000],
  ])("of %d ms counts in steps that people know", (length, least, width) => expect(widthFor(length, least)).toBe(width));

  test("goes from the first step until a little after now", () => {
    const span = spanOf(story(), EIGHT + 3 * QUARTER, null);
    expect(span).toEqual({ from: EIGHT, now: EIGHT + 3 * QUARTER, to: EIGHT + 3 * QUARTER + 60_000 });
    expect(spanOf(story(), EIGHT + 3 * QUARTER, QUARTER).from).toBe(EIGHT + 2 * QUARTER);
  });

  test("of one moment is a minute long", () => {
    const series = new Series();
    series.count(EIGHT, "connected", counts({ a: 1 }));
    expect(spanOf(series, EIGHT, null)).toEqual({ from: EIGHT - 60_000, now: EIGHT, to: EIGHT + 1000 });
    expect(spanOf(new Series(), EIGHT, null)).toEqual({ from: EIGHT - 60_000, now: EIGHT, to: EIGHT + 1000 });
  });

  test("has zeros where nothing happened, and every sum", () => {
    const series = story();
    const rates = ratesOf(series, spanOf(series, EIGHT + 3 * QUARTER, null));
    expect(rates.width).toBe(60_000);
    expect(rates.times.length).toBe(46);
    expect(rates.connected.slice(0, 2)).toEqual([3, 0]);
    expect([sum(rates.connected), sum(rates.disconnected)]).toEqual([3, 1]);
    expect(rates.disconnected[15]).toBe(1);
    // The last part is that of now: none lies ahead.
    expect(rates.refused.slice(-2)).toEqual([0, 1]);
    expect([rates.times.at(-1), rates.end]).toEqual([EIGHT + 3 * QUARTER, EIGHT + 3 * QUARTER + 60_000]);
  });

  test.each([0, 61, 185, 899, 90_000])("says last what happens now, %d s after the first step", (seconds) => {
    const series = new Series();
    series.count(EIGHT, "connected", counts({ a: 1 }));
    const now = EIGHT + 1000 * seconds;
    for (let number = 0; number < 25; number += 1) series.count(now, "refused", counts({ a: 1 }));
    const rates = ratesOf(series, spanOf(series, now, null));
    expect(rates.refused.at(-1)).toBe(25);
    expect(rates.times.at(-1)).toBeLessThanOrEqual(now);
    expect(rates.end).toBeGreaterThan(now);
    expect(sum(rates.refused)).toBe(25);
    const { times } = linesOf(series, spanOf(series, now, null));
    expect(times.at(-1)).toBeLessThanOrEqual(now);
  });

  test("has who was there before it begins", () => {
    const series = story();
    const { times, end, lines } = linesOf(series, { from: EIGHT + QUARTER + 1, now: EIGHT + 3 * QUARTER, to: EIGHT + 4 * QUARTER });
    expect([...times, end].map((time) => Math.round((time - EIGHT) / QUARTER))).toEqual([1, 2, 3, 4]);
    expect(lines).toEqual([{ label: "outlook.exe", values: [2, 2, 2] }]);
    const earlier = new Series(counts({ "a.exe": 5 }));
    earlier.count(EIGHT, null, counts({ "a.exe": 4 }));
    expect(linesOf(earlier, { from: EIGHT - 1000, now: EIGHT, to: EIGHT + 1000 }).lines).toEqual([{ label: "a.exe", values: [5, 4] }]);
  });

  test("counts the programs with the fewest sessions together", () => {
    const series = new Series();
    const many = counts(Object.fromEntries(Array.from({ length: 9 }, (_, place) => [`p${place}.exe`, place + 1])));
    series.count(EIGHT, null, many);
    const { lines } = linesOf(series, { from: EIGHT - 1, now: EIGHT, to: EIGHT + 1 });
    expect(lines.map(({ label }) => label)).toEqual(["p3.exe", "p4.exe", "p5.exe", "p6.exe", "p7.exe", "p8.exe", OTHERS]);
    expect(lines.length).toBe(MOST_PROCESSES + 1);
    expect(lines.at(-1)?.values.at(-1)).toBe(1 + 2 + 3);
  });
});
