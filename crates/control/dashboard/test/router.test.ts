import { beforeEach, describe, expect, test } from "vitest";

import { withoutBrowser } from "./dom";

const browser = withoutBrowser("#/live?store=t1");
const router = await import("../src/router");

beforeEach(() => browser.go("#/live?store=t1"));

describe("a place", () => {
  test.each([
    ["", "live", [], ""],
    ["#/", "live", [], ""],
    ["#/sessions/12", "sessions", ["12"], ""],
    ["#/registry/HKLM%5CSoftware?value=", "registry", ["HKLM\\Software"], "value="],
    ["#/sessions?q=process:a?b", "sessions", [], "q=process%3Aa%3Fb"],
    ["#/clock//12/", "clock", ["12"], ""],
    ["#/why/%E0%A4%A", "why", ["%E0%A4%A"], ""],
  ])("%s", (hash, screen, parts, query) => {
    const place = router.parsePlace(hash);
    expect([place.screen, place.parts, place.query.toString()]).toEqual([screen, parts, query]);
  });

  test("keeps the store and the past in its links", () => {
    browser.go("#/live?store=t1&at=1-7&q=user:alice");
    expect(router.href("sessions")).toBe("#/sessions?store=t1&at=1-7");
    expect(router.href("/why", { decision: 3, at: null })).toBe("#/why?store=t1&decision=3");
    expect(router.at.value).toBe("1-7");
    expect(router.storeName.value).toBe("t1");
  });

  test("of another store has neither the time nor the story of this one", () => {
    browser.go("#/live?store=t1&at=1-7&story=1-2");
    expect(router.href("live", { store: "t2" })).toBe("#/live?store=t2");
    expect(router.href("live", { store: null })).toBe("#/live");
    expect(router.href("live", { store: "t1" })).toBe("#/live?store=t1&at=1-7&story=1-2");
    expect(router.href("story", { store: "t2", story: "1-0" })).toBe("#/story?store=t2&story=1-0");
    browser.go("#/live?story=1-2");
    expect(router.href("live", { store: "default" })).toBe("#/live?story=1-2&store=default");
    browser.go("#/live?store=t1&story=1-2");
    router.setQuery({ span: "1h" });
    expect(browser.location.hash).toBe("#/live?store=t1&story=1-2&span=1h");
  });

  test("is the default store's unless it says otherwise", () => {
    browser.go("#/live");
    expect(router.storeName.value).toBe("default");
    expect(router.at.value).toBeNull();
  });

  test("changes parts of its query and keeps the others", () => {
    browser.go("#/sessions/3?store=t1&q=user:alice");
    router.setQuery({ at: "1-2", q: "" });
    expect(browser.location.hash).toBe("#/sessions/3?store=t1&at=1-2");
    router.setQuery({ at: null });
    expect(browser.location.hash).toBe("#/sessions/3?store=t1");
  });
});
