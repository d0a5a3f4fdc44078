import { describe, expect, test } from "vitest";

import { stretches } from "../src/model/spans";

describe("a text with spans", () => {
  test.each([
    ["without any", "mdl.exe", [], [["mdl.exe", []]]],
    ["that is empty", "", [], []],
    ["in the middle", "a;b*;c", [{ start: 2, end: 4 }], [["a;", []], ["b*", [0]], [";c", []]]],
    ["of nothing", "a;;b", [{ start: 2, end: 2 }], [["a;", []], ["", [0]], [";b", []]]],
    ["of nothing at the end", "a;", [{ start: 2, end: 2 }], [["a;", []], ["", [0]]]],
    ["over each other", "abc", [{ start: 0, end: 2 }, { start: 1, end: 3 }], [["a", [0]], ["b", [0, 1]], ["c", [1]]]],
    ["in bytes", "é;ü", [{ start: 3, end: 5 }], [["é;", []], ["ü", [0]]]],
    ["beyond its end", "ab", [{ start: 1, end: 9 }], [["a", []], ["b", [0]]]],
  ])("%s", (_, text, spans, wanted) => {
    expect(stretches(text, spans).map(({ text, spans }) => [text, spans])).toEqual(wanted);
  });
});
