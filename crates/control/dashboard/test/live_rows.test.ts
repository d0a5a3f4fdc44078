import { expect, test } from "vitest";

import type { SessionRow } from "../src/model/live";
import { withoutBrowser } from "./dom";

withoutBrowser();
const { byVersion, generationRows, processRows } = await import("../src/screens/live_rows");

const row = (process: string | null, client_version: string, generation = 1) => ({ process, client_version, generation }) as SessionRow;

test("programs stand with their versions, most sessions first", () => {
  const rows = processRows([row("a.exe", "11.0.5608.0"), row("b.exe", "11.0.8000.0"), row("b.exe", "9.0.0.2416"), row(null, "11.0.1.0"), row("(no name)", "11.0.1.0")]);
  expect(rows).toEqual([
    { name: "b.exe", count: 2, share: 0.4, versions: ["9.0.0.2416", "11.0.8000.0"] },
    { name: "", count: 1, share: 0.2, versions: ["11.0.1.0"] },
    { name: "(no name)", count: 1, share: 0.2, versions: ["11.0.1.0"] },
    { name: "a.exe", count: 1, share: 0.2, versions: ["11.0.5608.0"] },
  ]);
  expect(processRows([])).toEqual([]);
});

test("versions are compared as numbers", () => {
  expect(["11.0", "9.0.0.1", "10.2", "9.0"].toSorted(byVersion)).toEqual(["9.0", "9.0.0.1", "10.2", "11.0"]);
});

test("sessions are counted by the policy that they were judged under", () => {
  expect(generationRows([row("a", "1", 1), row("a", "1", 2), row("a", "1", 2)])).toEqual([
    { generation: 2, count: 2 },
    { generation: 1, count: 1 },
  ]);
});
