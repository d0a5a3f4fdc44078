import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Event } from "../src/api/types";
import { hooked, withoutPage } from "./hooks";

withoutPage();
const { useResource } = await import("../src/model/resource");
const { useExplanation } = await import("../src/model/explanation");
const { Rereading } = await import("../src/model/rereading");
const { live } = await import("../src/model/current");

/** What was asked for, and how the test has it answered. */
interface Asked {
  path: string;
  signal: AbortSignal;
  answer: (body: unknown, status?: number) => void;
}

const asked: Asked[] = [];

function serve(path: string, { signal }: RequestInit): Promise<Response> {
  return new Promise((done, fail) => {
    signal?.addEventListener("abort", () => fail(new DOMException("gone", "AbortError")));
    const answer = (body: unknown, status = 200) =>
      done(new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", "exstore-cursor": "1-7" } }));
    // The store's own resource is no matter of these.
    if (path !== live.peek().path) asked.push({ path, signal: signal as AbortSignal, answer });
  });
}

/** Entries as the stream brings them. */
function happen(type: string, seq = 1): void {
  const event = { seq, at: "2006-04-22T08:00:00Z", cause: "client", type } as unknown as Event;
  (live.peek() as unknown as { take: (events: Event[], cursor: string) => void }).take([event], `1-${seq}`);
}

const settle = (milliseconds = 20) => vi.advanceTimersByTimeAsync(milliseconds);
const read = (path: string) => hooked((one: string) => useResource<string>(one, /^fault\./), path);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", serve);
  asked.length = 0;
});

afterEach(() => vi.useRealTimers());

/** Entries come without an end, twenty times a second for ten seconds, and each answer takes 400 ms. */
async function storm(type: string): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    happen(type, turn + 1);
    await settle(50);
    if (turn % 8 === 0) asked.at(-1)?.answer(`answer ${turn}`);
  }
}

describe("a resource", () => {
  test("that can't be read shows nothing of another path", async () => {
    const it = read("/default");
    await settle();
    asked[0]?.answer("of default");
    await settle();
    expect(it.said.body).toBe("of default");
    it.again("/t1");
    await settle();
    expect(it.said).toMatchObject({ body: null, isLoading: true });
    asked[1]?.answer({}, 404);
    await settle();
    expect(it.said).toMatchObject({ body: null, isLoading: false, error: { status: 404 } });
    it.end();
  });

  test("that can't be read again still shows what it was", async () => {
    const it = read("/default");
    await settle();
    asked[0]?.answer("as it was");
    await settle();
    it.said.reload();
    await settle();
    asked[1]?.answer({}, 500);
    await settle();
    expect(it.said).toMatchObject({ body: "as it was", error: { status: 500 } });
    it.end();
  });

  test("is read again and again while entries come without an end", async () => {
    const it = read("/slow");
    await settle();
    await storm("fault.hit");
    expect(asked.some(({ signal }) => signal.aborted)).toBe(false);
    expect(asked.length).toBeGreaterThan(10);
    expect(it.said.body).toBe("answer 192");
    it.end();
    await settle();
    expect(asked.at(-1)?.signal.aborted).toBe(true);
  });

  test("that was asked for before it changed is read once more", async () => {
    const it = read("/one");
    await settle();
    happen("policy.changed");
    it.said.reload();
    it.said.reload();
    expect(asked).toHaveLength(1);
    asked[0]?.answer("before");
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer("after");
    await settle(10_000);
    expect(it.said.body).toBe("after");
    expect(asked).toHaveLength(2);
    it.end();
  });

  test("is read again when the connection is back", async () => {
    const it = read("/one");
    await settle();
    asked[0]?.answer({}, 500);
    live.peek().connection.value = { state: "lost", why: "" };
    await settle(10_000);
    expect(asked).toHaveLength(1);
    live.peek().connection.value = { state: "open" };
    await settle();
    asked[1]?.answer("there");
    await settle();
    expect(it.said).toMatchObject({ body: "there", error: null });
    it.end();
  });

  test("that no entry tells of is read now and then, while somebody looks", async () => {
    const it = hooked((path: string) => useResource<string>(path, undefined, 5000), "/stores");
    await settle();
    asked[0]?.answer("one");
    await settle(5000);
    asked[1]?.answer("two");
    await settle();
    expect(it.said.body).toBe("two");
    Object.assign(document, { hidden: true });
    await settle(20_000);
    expect(asked).toHaveLength(2);
    Object.assign(document, { hidden: false });
    it.end();
  });
});

describe("an explanation", () => {
  test("comes while the policy changes without an end", async () => {
    const it = hooked((session: number) => useExplanation({ session }), 7);
    await settle();
    await storm("policy.changed");
    expect(it.said.explanation).toBe("answer 192");
    it.end();
  });
});

describe("rereading", () => {
  test("reads at the earliest of the times that it was asked to", async () => {
    const times: number[] = [];
    const begun = performance.now();
    const it = new Rereading(async () => void times.push(performance.now() - begun));
    it.soon(500);
    it.soon(100);
    it.soon(300);
    await settle(1000);
    expect(times).toEqual([100]);
    it.stop();
    it.soon(0);
    await settle(1000);
    expect(times).toHaveLength(1);
  });
});
