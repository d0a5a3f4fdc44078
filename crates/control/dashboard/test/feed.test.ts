import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Event } from "../src/api/types";
import { hooked, withoutPage } from "./hooks";

withoutPage();
const { live } = await import("../src/model/current");
const { followAtAPace } = await import("../src/model/pace");
const { useFeed } = await import("../src/screens/live_feed");
const { useEventFeed } = await import("../src/model/event_feed");

const settle = (milliseconds = 400) => vi.advanceTimersByTimeAsync(milliseconds);
const who = { process: "mdl.exe", processes: ["mdl.exe"], client_version: "11.0.0.0", user_dn: "", origin: "injected", transport: "pipe", mode: "classic" };
const decision = { list: "processes", ordinal: 1, item: "mdl.exe", matched: "mdl.exe" };
const entry = (seq: number, type: string) =>
  ({ seq, at: "2006-04-22T08:00:00Z", cause: "client", type, session: seq, decision, code: { value: "0x1", name: null }, refusal: "policy", generation: 1, ...who }) as unknown as Event;
const happen = (...events: Event[]) =>
  (live.peek() as unknown as { take: (events: Event[], cursor: string) => void }).take(events, `1-${events.at(-1)?.seq}`);

beforeEach(() => {
  vi.useFakeTimers();
  live.peek().recent = [];
});
afterEach(() => vi.useRealTimers());

describe("the feed of decisions", () => {
  test("can be told to leave out those admitted while it is held, and begins anew with a new epoch", async () => {
    followAtAPace();
    const it = hooked(({ wantsAll, isHeld }: { wantsAll: boolean; isHeld: boolean }) => useFeed(null, wantsAll, isHeld), { wantsAll: true, isHeld: false });
    const seqs = () => it.said.shown.map(({ seq }) => seq);
    await settle();
    happen(entry(10, "session.connected"), entry(11, "session.refused"));
    await settle();
    expect(seqs()).toEqual([11, 10]);
    it.again({ wantsAll: true, isHeld: true });
    happen(entry(12, "session.refused"));
    await settle();
    expect(seqs()).toEqual([11, 10]);
    expect(it.said.waiting).toBe(1);
    it.again({ wantsAll: false, isHeld: true });
    expect(seqs()).toEqual([11]);
    live.peek().recent = [];
    live.peek().generation.value += 1;
    happen(entry(1, "session.refused"));
    await settle();
    expect(it.said.waiting).toBeLessThanOrEqual(1);
    it.again({ wantsAll: false, isHeld: false });
    await settle();
    expect(seqs()).toEqual([1]);
    it.end();
    await settle();
  });
});

describe("the journal as the Events screen follows it", () => {
  test("is not that of a filter that was given up and comes late", async () => {
    const asked: { path: string; answer: () => void }[] = [];
    const body = { total: 0, by_type: {}, evicted: 0, first_available: "1-0", items: [], more: false };
    const answered = () => new Response(JSON.stringify(body), { headers: { "content-type": "application/json", "exstore-cursor": "1-0" } });
    // A request that was aborted may have its answer already.
    vi.stubGlobal("fetch", (path: string) => (path.includes("/stream") ? new Promise(() => {}) : new Promise<Response>((done) => asked.push({ path, answer: () => done(answered()) }))));
    live.peek().generation.value ||= 1;
    const it = hooked<ReturnType<typeof useEventFeed>, string>((q) => useEventFeed({ q, type: "", from: null, at: null }), "one");
    await settle();
    it.again("two");
    await settle();
    asked[1]?.answer();
    await settle();
    const shown = it.said.feed;
    expect(shown).not.toBeNull();
    asked[0]?.answer();
    await settle();
    expect(it.said.feed).toBe(shown);
    it.end();
    await settle();
  });
});
