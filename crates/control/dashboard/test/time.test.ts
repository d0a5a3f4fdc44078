import { describe, expect, test } from "vitest";

import { countdown, dateTime, heardLater, known, momentOf, nowBy, paceOf, tickOf, timeOfDay } from "../src/model/time";

const NOW = "2006-04-22T08:00:00Z";
const AT = Date.parse(NOW);

describe("a clock between two answers", () => {
  test.each([
    ["manual", 0],
    ["real", 1],
    ["scaled:60", 60],
    ["scaled:", 0],
    ["scaled:x", 0],
    ["else", 0],
  ])("%s goes at a pace of %d", (mode, pace) => {
    expect(paceOf(mode)).toBe(pace);
    expect(nowBy(known({ mode, now: NOW }, 1000), 3000)).toBe(AT + 2000 * pace);
  });

  test("does not go back when this machine's time does", () => {
    expect(nowBy(known({ mode: "real", now: NOW }, 1000), 500)).toBe(AT);
  });

  test("learns from entries, and never goes back", () => {
    const manual = known({ mode: "manual", now: NOW }, 0);
    expect(nowBy(heardLater(manual, AT + 900_000, 10), 20)).toBe(AT + 900_000);
    expect(heardLater(manual, AT - 1, 10)).toBe(manual);
    const scaled = known({ mode: "scaled:10", now: NOW }, 0);
    // It says less than is known already.
    expect(heardLater(scaled, AT + 50, 10)).toBe(scaled);
    expect(nowBy(heardLater(scaled, AT + 500, 10), 20)).toBe(AT + 600);
  });
});

describe("store time as text", () => {
  test("of days and of hours", () => {
    expect(dateTime(NOW)).toBe("2006-04-22 08:00:00");
    expect(timeOfDay(NOW)).toBe("08:00:00");
    expect(timeOfDay("2006-04-22T08:00:00.250Z")).toBe("08:00:00.250");
  });

  test.each([
    [0, "0:00"],
    [-5, "0:00"],
    [1, "0:01"],
    [59_999, "1:00"],
    [900_000, "15:00"],
    [3_600_000, "1:00:00"],
    [3_661_000, "1:01:01"],
  ])("%d ms are left", (left, text) => expect(countdown(left)).toBe(text));

  test.each([
    [3_600_000, "08:00:00", "08:00:00"],
    [86_400_000, "08:00:00", "08:00:00"],
    [86_400_001, "2006-04-22 08:00:00", "04-22 08:00"],
    [90 * 86_400_000, "2006-04-22 08:00:00", "2006-04-22"],
  ])("among %d ms a moment says its date where it has to", (length, moment, tick) => {
    const time = Date.parse("2006-04-22T08:00:00Z");
    expect([momentOf(time, length), tickOf(time, length)]).toEqual([moment, tick]);
  });
});
