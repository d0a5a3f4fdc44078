import { describe, expect, test } from "vitest";

import { step } from "../src/api/toml";

describe("a step in TOML", () => {
  test("escapes what TOML does not let stand", () => {
    expect(step("Say.", "inject", [{ process: 'a"\u007f\u0001' }])).toBe('[[steps]]\nsay = "Say."\ninject = [{ process = "a\\"\\u007f\\u0001" }]');
  });

  test.each(["a\ud800", "\udc00b"])("is none where a text has half of a character: %j", (process) => {
    expect(step("Say.", "inject", [{ process }])).toBeNull();
    expect(step("Say.", "inject", [{ process: "\u{1f600}" }])).toContain("\u{1f600}");
  });
});
