import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Event } from "../src/api/types";
import { hooked, withoutPage } from "./hooks";

const page = withoutPage();
const { live } = await import("../src/model/current");
const { useTotals } = await import("../src/model/totals");
const { readBack } = await import("../src/model/read_back");
const { followMarks } = await import("../src/model/marks");
const marksModule = await import("../src/model/marks");
const { followStory, storyTrouble } = await import("../src/story/progress");

interface Asked {
  url: URL;
  signal: AbortSignal;
  answer: (body: unknown, cursor?: string, status?: number) => void;
}

let asked: Asked[] = [];

function serve(path: string, { signal }: RequestInit): Promise<Response> {
  return new Promise((done, fail) => {
    signal?.addEventListener("abort", () => fail(new DOMException("gone", "AbortError")));
    const answer = (body: unknown, cursor = "1-0", status = 200) =>
      done(new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", "exstore-cursor": cursor } }));
    asked.push({ url: new URL(path, "http://127.0.0.1"), signal: signal as AbortSignal, answer });
  });
}

const settle = (milliseconds = 20) => vi.advanceTimersByTimeAsync(milliseconds);
const entry = (seq: number, type = "session.connected") => ({ seq, at: "2006-04-22T08:00:00Z", cause: "client", type }) as unknown as Event;
const inside = () => live.peek() as unknown as { take: (events: Event[], cursor: string) => void; listeners: Set<unknown> };
const happen = (...events: Event[]) => inside().take(events, `1-${events.at(-1)?.seq}`);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", serve);
  asked = [];
  live.peek().generation.value += 1;
  live.peek().cursor = "1-0";
});

afterEach(() => vi.useRealTimers());

describe("totals", () => {
  const TOTALS = { by_type: { "session.connected": 5 }, total: 5, evicted: 0, first_available: "1-0" };

  test("count what came between the answer and its arrival", async () => {
    const it = hooked(() => useTotals(), null);
    await settle();
    happen(entry(4), entry(5), entry(6), entry(7, "session.ended"));
    asked[0]?.answer(TOTALS, "1-5");
    await settle();
    happen(entry(8));
    await settle(1000);
    expect(it.said).toMatchObject({ total: 8, byType: { "session.connected": 7, "session.ended": 1 } });
    it.end();
    await settle();
  });
});

describe("marks that can't be read", () => {
  test("collect nothing, and are read again when the connection is back", async () => {
    const before = inside().listeners.size;
    followMarks();
    asked[0]?.answer({}, "", 500);
    await settle();
    expect(inside().listeners.size).toBe(before);
    live.peek().connection.value = { state: "lost", why: "" };
    live.peek().connection.value = { state: "open" };
    happen(entry(3, "store.started"));
    asked[1]?.answer({ items: [entry(2, "store.started"), entry(3, "store.started")], more: false });
    await settle();
    happen(entry(4, "store.started"));
    expect(marksModule.marks.map(({ seq }) => seq)).toEqual([2, 3, 4]);
  });
});

describe("the story", () => {
  test("that was left says nothing of a journal that could not be read", async () => {
    page.go("#/live?story=1-0");
    followStory();
    await settle();
    const reading = asked.filter(({ url }) => url.searchParams.get("after") === "1-0" && !url.searchParams.has("type")).at(-1);
    expect(reading).toBeDefined();
    page.go("#/live");
    await settle();
    reading?.answer({}, "", 410);
    await settle();
    expect(storyTrouble.value).toBeNull();
    expect(reading?.signal.aborted).toBe(true);
  });

  test("says when the journal no longer has its beginning", async () => {
    page.go("#/live?story=1-0");
    await settle();
    asked.filter(({ url }) => !url.searchParams.has("type")).at(-1)?.answer({}, "", 410);
    await settle();
    expect(storyTrouble.value).toBe("The journal no longer has the beginning of the story.");
    page.go("#/live");
  });
});

describe("reading backwards", () => {
  test("goes on until there are enough of those that are wanted", async () => {
    vi.stubGlobal("fetch", async (path: string) => {
      const { searchParams } = new URL(path, "http://127.0.0.1");
      const [after, limit] = [Number(searchParams.get("after")?.slice(2)), Number(searchParams.get("limit"))];
      const items = Array.from({ length: Math.min(limit, 100 - after) }, (_, place) => ({ seq: after + place + 1 }));
      const body = { items, next: `1-${items.at(-1)?.seq}`, more: after + items.length < 100 };
      return new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
    });
    const window = { path: "/events", query: {}, epoch: 1, end: 100, oldest: 0, wanted: 3 };
    const { items, from } = await readBack<{ seq: number }>(window, ({ seq }) => seq, undefined, ({ seq }) => seq % 10 === 0);
    expect(items.map(({ seq }) => seq).slice(-3)).toEqual([80, 90, 100]);
    expect(from).toBeLessThan(80);
  });
});
