import { describe, expect, it } from "vitest";

import type { Event } from "../src/api/types";
import { Entries, MOST, MOST_WITH_OLDER } from "../src/model/entries";

function events(first: number, last: number): Event[] {
  return Array.from({ length: last - first + 1 }, (_, place) => ({ seq: first + place, type: "store.stopped", at: "", cause: "stop" }) as Event);
}

function seqs(entries: Entries): [number | undefined, number | undefined] {
  return [entries.items[0]?.seq, entries.items.at(-1)?.seq];
}

describe("entries that are held", () => {
  it("follow, and hold no more than there is room for", () => {
    const entries = new Entries();
    entries.begin(events(1, 10), 0, true);
    for (let seq = 11; seq <= 50_000; seq += 1) entries.take(events(seq, seq));
    expect(entries.items.length).toBeLessThan(MOST * 1.1 + 1);
    expect(entries.newest).toBe(50_000);
    expect(entries.from).toBe((entries.items[0]?.seq ?? 0) - 1);
  });
  it("stand still without a loss", () => {
    const entries = new Entries();
    entries.begin(events(1, 10), 0, true);
    entries.pause();
    entries.take(events(11, 15));
    expect([entries.waiting, ...seqs(entries)]).toEqual([5, 1, 10]);
    expect(entries.resume()).toBe(true);
    expect([entries.waiting, ...seqs(entries)]).toEqual([0, 1, 15]);
  });
  it("are read again when too many came meanwhile", () => {
    const entries = new Entries();
    entries.begin(events(1, 10), 0, true);
    entries.pause();
    entries.take(events(11, MOST + 20));
    expect(entries.waiting).toBe(MOST + 10);
    expect(entries.resume()).toBe(false);
  });
  it("let the newest go for older ones, and go on when they are read again", () => {
    const entries = new Entries();
    entries.begin(events(MOST_WITH_OLDER, MOST_WITH_OLDER + 99), MOST_WITH_OLDER - 1, true);
    entries.addOlder(events(1, MOST_WITH_OLDER - 1), 0);
    expect([entries.follows, ...seqs(entries)]).toEqual([false, 1, MOST_WITH_OLDER]);
    entries.take(events(MOST_WITH_OLDER + 100, MOST_WITH_OLDER + 101));
    expect(entries.resume()).toBe(false);
    // What comes while they are read is kept, and what is told twice is held once.
    entries.keepPending();
    entries.take(events(MOST_WITH_OLDER + 101, MOST_WITH_OLDER + 103));
    entries.addNewer(events(MOST_WITH_OLDER + 1, MOST_WITH_OLDER + 101), true);
    expect([entries.follows, entries.waiting, entries.newest]).toEqual([true, 0, MOST_WITH_OLDER + 103]);
    expect(new Set(entries.items.map(({ seq }) => seq)).size).toBe(entries.items.length);
  });
});
