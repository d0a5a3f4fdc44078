import { expect, test } from "vitest";

import { unseenIn, visible, visibleJson, visibleLines } from "../src/model/visible";

test("what can't be seen is made to be seen, and nothing else changes", () => {
  expect(visible("Größe 漢字 🙂.exe")).toBe("Größe 漢字 🙂.exe");
  expect(visible("a\u0000b\n\u007f")).toBe("a␀b␊␡");
  expect(visible("evil\u202eexe.lld")).toBe("evil\\u{202e}exe.lld");
  expect(visible("a\u200bb\ufeff\u009f")).toBe("a\\u{200b}b\\u{feff}\\u{9f}");
  expect(visible("half \ud800 of a pair")).toBe("half \\u{d800} of a pair");
});

test.each([
  ["hangul fillers", "a\u115f\u3164.exe", "a\\u{115f}\\u{3164}.exe"],
  ["an empty pattern of dots", "\u2800", "\\u{2800}"],
  ["variation selectors", "a\ufe0f\u{e0100}", "a\\u{fe0f}\\u{e0100}"],
  ["blanks that are no space", "mdl\u00a0\u2003\u3000.exe", "mdl\\u{a0}\\u{2003}\\u{3000}.exe"],
  ["tags", "a\u{e0041}", "a\\u{e0041}"],
])("%s are seen", (_, text, seen) => expect(visible(text)).toBe(seen));

test("lines stay lines where they may", () => expect(visibleLines("a\n\tb\u202e")).toBe("a\n␉b\\u{202e}"));

test("JSON says the same in characters that are seen", () => {
  const text = "evil\u202eexe.\u0003\u007f\u{e0041}\ud800 Größe";
  const json = visibleJson(JSON.stringify({ text }));
  expect(json).toBe('{"text":"evil\\u202eexe.\\u0003\\u007f\\udb40\\udc41\\ud800 Größe"}');
  expect(JSON.parse(json)).toEqual({ text });
});

test("a text to be copied says what can't be seen in it", () => {
  expect(unseenIn("one\n\ttwo")).toEqual([]);
  expect(unseenIn("a\u202eb\u202ec\u200d")).toEqual(["\\u{202e}", "\\u{200d}"]);
});
