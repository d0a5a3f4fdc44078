import { expect, test } from "vitest";

import { visible } from "../src/model/visible";

test("what can't be seen is made to be seen, and nothing else changes", () => {
  expect(visible("Größe 漢字 🙂.exe")).toBe("Größe 漢字 🙂.exe");
  expect(visible("a\u0000b\n\u007f")).toBe("a␀b␊␡");
  expect(visible("evil\u202eexe.lld")).toBe("evil\\u{202e}exe.lld");
  expect(visible("a\u200bb\ufeff\u009f")).toBe("a\\u{200b}b\\u{feff}\\u{9f}");
  expect(visible("half \ud800 of a pair")).toBe("half \\u{d800} of a pair");
});
