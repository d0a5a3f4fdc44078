import { describe, expect, it } from "vitest";

import { bytesOf, findText, hexLines } from "../src/model/bytes";
import { around } from "../src/model/spans";

describe("bytes", () => {
  it("finds a name however it is written", () => {
    const wide = bytesOf("00006d0064006c00");
    expect(findText(wide, "mdl")).toEqual({ start: 2, end: 8, how: "UTF-16" });
    expect(findText(wide.map((byte) => byte ^ 0xa5), "mdl")).toEqual({ start: 2, end: 8, how: "UTF-16, each byte XOR 0xA5" });
    expect(findText(new TextEncoder().encode("/cn=mdl"), "mdl")?.how).toBe("ASCII");
    expect(findText(wide, "beta")).toBe(null);
    expect(findText(wide, "")).toBe(null);
  });
  it("marks a stretch of UTF-8", () => {
    expect(around("ä.exe; b.exe", { start: 8, end: 13 })).toEqual(["ä.exe; ", "b.exe", ""]);
  });
  it("writes lines of sixteen", () => {
    const [first, last] = hexLines(bytesOf(`41${"00".repeat(16)}`));
    expect(first?.text.join("")).toBe("A...............");
    expect(last).toEqual({ offset: "0010", hex: ["00"], text: ["."] });
  });
});
