import { expect, test } from "vitest";

import { type Asked, failed, guardOf } from "../src/model/asked";

const SEEN: Asked<{ cursor: string }> = { body: { cursor: "1-7" }, text: "mdl.exe", error: null };

test("a change is guarded by the preview of its own text alone", () => {
  expect(guardOf(true, SEEN, "mdl.exe")).toEqual({ cursor: "1-7", waits: false });
  // It waits, and never goes out without its guard.
  expect(guardOf(true, SEEN, "mdl.exe; a.exe")).toEqual({ cursor: null, waits: true });
  expect(guardOf(true, SEEN, null)).toEqual({ cursor: null, waits: true });
  expect(guardOf(true, { body: null, text: null, error: null }, null)).toEqual({ cursor: null, waits: true });
  expect(guardOf(false, SEEN, "mdl.exe; a.exe")).toEqual({ cursor: null, waits: false });
});

test("what is known of a text is not shown for another when that can't be asked", () => {
  const error = new Error("gone");
  expect(failed(SEEN, "mdl.exe", error)).toEqual({ ...SEEN, error });
  const other = failed(SEEN, "a.exe", error);
  expect(other).toEqual({ body: null, text: "a.exe", error });
  expect(guardOf(true, other, "a.exe")).toEqual({ cursor: null, waits: true });
});
