import { expect, test } from "vitest";

import { asCli } from "../src/api/change";
import { deleteValue, importReg, writeValue } from "../src/api/changes_registry";
import type { RegistryValue } from "../src/api/types";
import { POLLED_KEY } from "../src/model/block_lists";
import { bytesOfText, editedOf, isBelow, lineOf, lineage, numberOf, parentOf, rewritten, spelledOut, valueOf } from "../src/model/registry";

const STORE = { name: "default", path: "/v1/stores/default" };

test("what is shown to be edited is what is written when nobody edits it", () => {
  const values: RegistryValue[] = [
    { type: "REG_SZ", data: "mdl.exe; b.exe" },
    { type: "REG_EXPAND_SZ", data: "%SystemRoot%\r\n" },
    { type: "REG_DWORD", data: 4294967295 },
    { type: "REG_QWORD", data: "18446744073709551615" },
    { type: "REG_MULTI_SZ", data: ["a", "", "b"] },
    { type: "REG_MULTI_SZ", data: [] },
    { type: "REG_BINARY", data: "00ff" },
    { type: "REG_99", data: "00ff" },
    { type: "REG_SZ", hex: "6d0064006c" },
    { type: "REG_DWORD", hex: "010203" },
  ];
  for (const value of values) {
    expect(valueOf(editedOf(value)), value.type).toEqual(value);
    expect(valueOf(editedOf(value, 16)), value.type).toEqual(value);
  }
});

test("numbers are read in both ways, and what is none is left to the server", () => {
  expect(numberOf("16", 10)).toBe(16n);
  expect(numberOf("0x10", 10)).toBe(16n);
  expect(numberOf("ff", 16)).toBe(255n);
  expect(numberOf("ff", 10)).toBeNull();
  expect(numberOf("-1", 10)).toBeNull();
  expect(rewritten("255", 10, 16)).toBe("0xff");
  expect(rewritten("0xff", 16, 10)).toBe("255");
  expect(rewritten("abc?", 10, 16)).toBe("abc?");
  expect(valueOf({ type: "REG_DWORD", text: "abc", isHex: false, radix: 10 })).toEqual({ type: "REG_DWORD", data: "abc" });
  expect(valueOf({ type: "REG_BINARY", text: "00 ff\n01", isHex: false, radix: 10 })).toEqual({ type: "REG_BINARY", data: "00ff01" });
});

test("bytes of a text are UTF-16 with the NUL that ends it", () => {
  expect(bytesOfText("mdl")).toBe("6d0064006c000000");
  expect(bytesOfText("ß🙂")).toBe("df003dd842de0000");
});

test("a value is one line, and never a long one", () => {
  expect(lineOf({ type: "REG_DWORD", data: 16 })).toBe("16 (0x10)");
  expect(lineOf({ type: "REG_MULTI_SZ", data: ["a", "b"] })).toBe("a ⏎ b");
  expect(lineOf({ type: "REG_BINARY", data: "00ff01" })).toBe("00 ff 01");
  expect(lineOf({ type: "REG_SZ", hex: "6d00" })).toBe("bytes 6d 00");
  expect(lineOf({ type: "REG_SZ", data: "x".repeat(100_000) }).length).toBe(81);
});

test("keys have parents, whatever their case", () => {
  expect(parentOf("HKEY_LOCAL_MACHINE")).toBeNull();
  expect(lineage("A\\B\\C")).toEqual(["A", "A\\B", "A\\B\\C"]);
  expect(isBelow("HKEY_LOCAL_MACHINE\\SOFTWARE\\X", "hkey_local_machine\\Software")).toBe(true);
  expect(isBelow("HKEY_LOCAL_MACHINE\\SoftwareX", "HKEY_LOCAL_MACHINE\\Software")).toBe(false);
  expect(spelledOut("hklm\\System")).toBe("HKEY_LOCAL_MACHINE\\System");
});

test("commands say names that look like flags, and nothing that a shell can't", () => {
  const place = { key: POLLED_KEY, node: "NODE2" };
  const change = writeValue(STORE, place, "-x", { type: "REG_SZ", data: "-y" });
  expect(change.cli).toEqual(["registry", "set", "--type", "REG_SZ", "--node", "NODE2"]);
  expect(change.rest).toEqual([POLLED_KEY, "-x", "-y"]);
  expect(change.path).toContain("?value=-x&node=NODE2");
  expect(change.step).toContain('set_value = { name = "-x", type = "REG_SZ", data = "-y", node = "NODE2" }');
  expect(asCli(writeValue(STORE, place, "a", { type: "REG_SZ", data: "a\0b" }), "http://127.0.0.1:8135", "default")).toBeNull();
  expect(writeValue(STORE, place, "a", { type: "REG_SZ", hex: "6d" }).cli).toContain("--hex");
  // Steps know the polled key alone.
  expect(deleteValue(STORE, { key: "HKEY_LOCAL_MACHINE\\X", node: null }, "a").step).toBeNull();
  expect(importReg(STORE, { text: "REGEDIT4" }, null, "1250")).toMatchObject({
    path: "/v1/stores/default/registry-import?code_page=1250",
    cli: ["registry", "import", "--code-page", "1250"],
    rest: ["-"],
    stdin: "REGEDIT4",
  });
});
