import { expect, test } from "vitest";

import { withoutBrowser } from "./dom";

const browser = withoutBrowser("#/live?store=t1");
const { counted, lastPart, quotedParts } = await import("../src/model/text");
const { causeHref, policyHref } = await import("../src/ui/cause");

test("what is counted has its plural", () => {
  expect([counted(0, "item"), counted(1, "item"), counted(12_000, "match", "matches")]).toEqual(["0 items", "1 item", "12,000 matches"]);
});

test("people are called by the last part of their distinguished name", () => {
  expect(lastPart("/o=Org/ou=Site/cn=Recipients/cn=alice")).toBe("alice");
  expect([lastPart("/O=ORG/CN=Bob"), lastPart("carol"), lastPart("")]).toEqual(["Bob", "carol", ""]);
});

test("causes and policies have places", () => {
  browser.go("#/live?store=t1");
  expect(causeHref("poll:3")).toBe("#/clock/3?store=t1");
  expect(causeHref("fault:2")).toBe("#/faults/2?store=t1");
  expect([causeHref("admin"), causeHref("poll:"), causeHref("poll:3/../x")]).toEqual([null, null, null]);
  expect(policyHref(4)).toBe("#/policy?store=t1&generation=4");
  // The empty policy before the first is in no history.
  expect([policyHref(0), policyHref(null)]).toEqual(["#/policy?store=t1", "#/policy?store=t1"]);
});

test.each([
  ["nothing is quoted", ["nothing is quoted"]],
  ["`mdl.exe` matches item 2 `*.exe`.", ["", "mdl.exe", " matches item 2 ", "*.exe", "."]],
  ["did you mean `Disable MAPI Clients`?", ["did you mean ", "Disable MAPI Clients", "?"]],
  // A backtick of a name is left to be seen.
  ["`a`b`c.exe` is listed", ["`a`b`c.exe` is listed"]],
  ["a` stands alone", ["a` stands alone"]],
])("what is quoted in: %s", (text, parts) => {
  expect(quotedParts(text)).toEqual(parts);
});
