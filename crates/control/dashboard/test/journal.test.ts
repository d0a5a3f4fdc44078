import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { type Connection, Journal, epochOf, seqOf } from "../src/api/journal";
import type { Event } from "../src/api/types";

/** One connection to the stream: what was asked for, and what the test lets come. */
interface Served {
  url: string;
  signal: AbortSignal;
  send: (text: string) => void;
  end: () => void;
}

const served: Served[] = [];
let status = 200;
let run = "one";
const page = Object.assign(new EventTarget(), { hidden: false });

function look(hidden: boolean): void {
  page.hidden = hidden;
  page.dispatchEvent(new globalThis.Event("visibilitychange"));
}

function serve(url: string, init: RequestInit): Promise<Response> {
  if (status === 0) return Promise.reject(new TypeError("Failed to fetch"));
  const signal = init.signal as AbortSignal;
  const coder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signal.addEventListener("abort", () => controller.error(new DOMException("gone", "AbortError")));
      served.push({
        url,
        signal,
        send: (text) => controller.enqueue(coder.encode(text)),
        end: () => controller.close(),
      });
    },
  });
  return Promise.resolve(new Response(status === 200 ? body : null, { status, headers: { "exstore-run": run } }));
}

function reader() {
  const told = { events: [] as number[], cursor: "", broken: [] as string[], states: [] as Connection["state"][], why: "" };
  return {
    told,
    entries: (events: Event[], cursor: string) => {
      told.events.push(...events.map(({ seq }) => seq));
      told.cursor = cursor;
    },
    broken: (why: string) => void told.broken.push(why),
    connection: (connection: Connection) => {
      told.states.push(connection.state);
      if (connection.state === "lost") told.why = connection.why;
    },
  };
}

const entry = (seq: number) => `{"seq":${seq},"at":"2006-04-22T08:00:00Z","cause":"client","type":"session.connected"}\n`;

/** Lets everything run that waits for nothing but its turn. */
const settle = () => vi.advanceTimersByTimeAsync(0);

describe("the stream of the journal", () => {
  let journal: Journal | null = null;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("document", page);
    vi.stubGlobal("window", globalThis);
    vi.stubGlobal("fetch", serve);
    served.length = 0;
    status = 200;
    run = "one";
    page.hidden = false;
  });

  afterEach(() => {
    journal?.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test("tells entries in order, wherever the bytes are cut", async () => {
    const to = reader();
    journal = new Journal("/stream", "3-7", "one", to);
    await settle();
    expect(served[0]?.url).toBe("/stream?format=ndjson&after=3-7");
    const text = entry(8) + entry(9) + entry(10);
    for (const letter of text) served[0]?.send(letter);
    await settle();
    expect(to.told.events).toEqual([8, 9, 10]);
    expect(to.told.cursor).toBe("3-10");
    expect(to.told.states).toEqual(["open"]);
  });

  test("resumes a lost connection after the last entry that came, and waits longer each time", async () => {
    const to = reader();
    journal = new Journal("/stream", "1-0", "one", to);
    await settle();
    served[0]?.send(entry(1) + entry(2) + '{"seq":3,"at');
    await settle();
    status = 0;
    served[0]?.end();
    await settle();
    expect(to.told.states.at(-1)).toBe("lost");
    await vi.advanceTimersByTimeAsync(250 + 500);
    expect(to.told.states.filter((state) => state === "lost")).toHaveLength(3);
    status = 200;
    await vi.advanceTimersByTimeAsync(1000);
    expect(served[1]?.url).toContain("after=1-2");
    served[1]?.send(entry(3));
    await settle();
    expect(to.told.events).toEqual([1, 2, 3]);
    expect(to.told.states.at(-1)).toBe("open");
  });

  test("a heartbeat moves the place, and silence ends the connection", async () => {
    const to = reader();
    journal = new Journal("/stream", "1-5", "one", to);
    await settle();
    served[0]?.send('{"type":"stream.heartbeat","cursor":"1-40"}\n');
    await settle();
    await vi.advanceTimersByTimeAsync(39_000);
    expect(served[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(served[0]?.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(300);
    expect(served[1]?.url).toContain("after=1-40");
    expect(to.told.events).toEqual([]);
  });

  test.each([
    ["stream.gap", "gap"],
    ["stream.reset", "reset"],
  ])("%s has everything read anew, after the entries before it", async (type, why) => {
    const to = reader();
    journal = new Journal("/stream", "1-0", "one", to);
    await settle();
    served[0]?.send(`${entry(1)}{"type":"${type}","cursor":"2-0"}\n`);
    await settle();
    expect(to.told.events).toEqual([1]);
    expect(to.told.broken).toEqual([why]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(served).toHaveLength(1);
  });

  test("another run of the server knows the same place, and means another", async () => {
    const to = reader();
    journal = new Journal("/stream", "1-3", "one", to);
    await settle();
    run = "two";
    served[0]?.end();
    await settle();
    await vi.advanceTimersByTimeAsync(250);
    expect(to.told.broken).toEqual(["reset"]);
    expect(to.told.states).toEqual(["open", "lost"]);
  });

  test("why the server refuses is told, and it is asked again", async () => {
    const to = reader();
    status = 401;
    journal = new Journal("/stream", "1-3", "one", to);
    await settle();
    expect(to.told.why).toContain("not logged in");
    status = 429;
    await vi.advanceTimersByTimeAsync(250);
    expect(to.told.why).toBe("the server answered 429");
    status = 200;
    await vi.advanceTimersByTimeAsync(500);
    expect(to.told.states.at(-1)).toBe("open");
  });

  test("a store that is gone is not asked again", async () => {
    const to = reader();
    status = 404;
    journal = new Journal("/stream", "1-0", "one", to);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(to.told.states).toEqual(["ended"]);
  });

  test("a page that nobody looks at lets its connection go, and resumes when it is looked at", async () => {
    const to = reader();
    journal = new Journal("/stream", "1-0", "one", to);
    await settle();
    served[0]?.send(entry(1));
    await settle();
    look(true);
    await vi.advanceTimersByTimeAsync(9_000);
    look(false);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(served[0]?.signal.aborted).toBe(false);
    look(true);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(served[0]?.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(served).toHaveLength(1);
    expect(to.told.states).not.toContain("lost");
    look(false);
    await settle();
    expect(served[1]?.url).toContain("after=1-1");
  });

  test("a place says its epoch and its entry", () => {
    expect([epochOf("12-345"), seqOf("12-345")]).toEqual([12, 345]);
  });
});
