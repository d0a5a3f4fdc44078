import { expect, test } from "vitest";

import type { Item } from "../src/api/types";
import {
  differenceOf,
  excerptOf,
  holderOf,
  holdsProgram,
  isWithin,
  programItem,
  rangeOf,
  versionItem,
  withItem,
} from "../src/model/block_lists";
import { unitsOf } from "../src/model/spans";

function item(text: string, key: string, ordinal = 1): Item {
  return { text, key, ordinal, span: { start: 0, end: text.length, column: 1, end_column: text.length + 1 } };
}

test("an item is added after a separator, and there is never one too many", () => {
  expect(withItem("processes", "", "a.exe")).toBe("a.exe");
  expect(withItem("processes", " \n", "a.exe")).toBe("a.exe");
  expect(withItem("processes", "a.exe", "b.exe")).toBe("a.exe; b.exe");
  expect(withItem("processes", "a.exe;  ", "b.exe")).toBe("a.exe; b.exe");
  // A comma separates versions, and belongs to the name of a program.
  expect(withItem("processes", "a.exe,", "b.exe")).toBe("a.exe,; b.exe");
  expect(withItem("versions", "10.0.2627,", "11.5608.0")).toBe("10.0.2627, 11.5608.0");
  expect(withItem("versions", "10.0.2627", "11.5608.0")).toBe("10.0.2627; 11.5608.0");
});

test("what a list can't say is not offered", () => {
  expect(programItem("C:\\Program Files\\X\\beta.exe")).toBe("beta.exe");
  expect(programItem('"c:/x/beta.exe"')).toBe("beta.exe");
  for (const name of ["a;b.exe", " a.exe", "a.exe ", "", "c:\\", 'a"b.exe', "a\0.exe", "a\r.exe", "\ud800.exe"]) {
    expect(programItem(name), name).toBeNull();
  }
  expect(versionItem("11.0.5608.0")).toBe("11.5608.0");
  expect(versionItem("9.0.0.2416")).toBe("9.0.2416");
  // Only a range reaches a version whose second part is not 0.
  expect(versionItem("8.5.5104.6")).toBeNull();
  expect(versionItem("11.0.40000.0")).toBeNull();
});

test("programs are compared as the policy compares them", () => {
  expect(holdsProgram([item("MDL.exe", "MDL.EXE")], "c:\\x\\mdl.EXE")).toBe(true);
  expect(holdsProgram([item("mdl", "MDL")], "mdl.exe")).toBe(false);
});

test("ranges include both ends, and the first item in the order written holds", () => {
  const closed = rangeOf("11.0.0.0-11.0.5703.0");
  expect(isWithin(closed, "11.0.0.0")).toBe(true);
  expect(isWithin(closed, "11.0.5703.0")).toBe(true);
  expect(isWithin(closed, "11.0.5703.1")).toBe(false);
  expect(isWithin(rangeOf("-5.0.3164.0"), "4.0.994.0")).toBe(true);
  expect(isWithin(rangeOf("15.0.0.0-"), "65535.0.0.0")).toBe(true);
  // As numbers, not as texts.
  expect(isWithin(rangeOf("9.0.0.0-10.0.0.0"), "9.0.0.2416")).toBe(true);
  const items = [item("-12.0.0", "-12.0.0.0"), item("11.5608.0", "11.0.5608.0-11.0.5608.0", 2)];
  expect(holderOf(items, "11.0.5608.0")?.ordinal).toBe(1);
  expect(holderOf(items, "12.0.0.1")).toBeNull();
});

test("bytes of a span are found in a text of any letters", () => {
  const text = "größe.exe; 🙂.exe; b.exe";
  // g r ö(2) ß(2) ...: bytes and units differ from there on.
  const bytes = (part: string) => new TextEncoder().encode(part).length;
  const span = (part: string) => {
    const start = bytes(text.slice(0, text.indexOf(part)));
    return { start, end: start + bytes(part) };
  };
  for (const part of ["größe.exe", "🙂.exe", "b.exe"]) {
    const { start, end } = unitsOf(text, span(part));
    expect(text.slice(start, end)).toBe(part);
  }
  expect(unitsOf("", { start: 0, end: 0 })).toEqual({ start: 0, end: 0 });
});

test("carets stand below what they are about, of a long and of a hostile text too", () => {
  const span = { start: 7, end: 12, column: 8, end_column: 13 };
  expect(excerptOf("a.exe; *.exe; c.exe", span)).toEqual({ line: "a.exe; *.exe; c.exe", carets: "       ^^^^^" });
  const long = `${"x".repeat(1000)}*`;
  const cut = excerptOf(long, { start: 1000, end: 1001, column: 1001, end_column: 1002 });
  expect(cut.line).toBe(`…${"x".repeat(20)}*`);
  expect(cut.carets.length).toBe(cut.line.length);
  const hostile = excerptOf("\u202e*", { start: 3, end: 4, column: 2, end_column: 3 });
  expect(hostile.line.indexOf("*")).toBe(hostile.carets.indexOf("^"));
});

test("a difference is one of meanings, and shows texts", () => {
  const before = [item("a.exe", "A.EXE"), item("b.exe", "B.EXE")];
  const after = [item("B.EXE", "B.EXE"), item("c.exe", "C.EXE")];
  expect(differenceOf(before, after)).toEqual({ added: ["c.exe"], removed: ["a.exe"] });
});
