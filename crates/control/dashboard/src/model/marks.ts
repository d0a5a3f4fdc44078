// The places of the journal that one wants to stop at: polls, policies that came into force, and what they did.
import { effect, signal } from "@preact/signals";

import { type Answered, request } from "../api/request";
import type { Event, Page } from "../api/types";
import { live } from "./current";
import { follow } from "./following";
import type { LiveStore } from "./live";

export interface Mark {
  seq: number;
  /** Store time, in milliseconds. */
  at: number;
  kind: "poll" | "policy" | "enforced" | "service";
  /** What it is, such as `poll 3`. */
  label: string;
  /** The number of the poll, of one. */
  poll: number | null;
  /** The policy in force from there on; null where the entry does not say. */
  generation: number | null;
}

/** The types that are marks. */
const TYPES = [
  "poll.completed",
  "poll.failed",
  "policy.changed",
  "enforcement.completed",
  "policy.mode_changed",
  "store.started",
  "build.changed",
];

/** Entries of a page, and pages that are read of a long journal: its newest marks come with the stream. */
const PAGE = 1000;
const MOST_PAGES = 30;

/** Marks that are kept: more can't be told apart on a slider. */
const MOST = 30_000;

/** The marks of the store that is looked at, in order. The array is changed in place. */
export let marks: Mark[] = [];

/** Moves when `marks` has changed. */
export const marksVersion = signal(0);

export function markOf(event: Event): Mark | null {
  const mark = (kind: Mark["kind"], label: string, poll: number | null, generation: number | null): Mark => ({
    seq: event.seq,
    at: Date.parse(event.at),
    kind,
    label,
    poll,
    generation,
  });
  switch (event.type) {
    case "poll.completed":
      // The policy that it brought is in force with the entry after it.
      return mark("poll", `poll ${event.poll.number}`, event.poll.number, null);
    case "poll.failed":
      return mark("poll", `poll ${event.poll.number} could not read`, event.poll.number, event.generation);
    case "policy.changed":
      return mark("policy", `policy ${event.generation} in force`, null, event.generation);
    case "enforcement.completed":
      return mark("enforced", `policy ${event.generation} applied`, null, event.generation);
    case "policy.mode_changed":
      return mark("policy", `policy mode ${event.mode}`, null, event.generation);
    case "store.started":
      return mark("service", "service started", null, null);
    case "build.changed":
      return mark("service", "build changed", null, null);
    default:
      return null;
  }
}

/** Begins to follow the marks of the store that is looked at. */
export function followMarks(): void {
  effect(() => {
    const store = live.value;
    // A new epoch has marks of its own.
    const epoch = store.generation.value;
    marks = [];
    if (epoch === 0) return undefined;
    return follow(store, {
      read: async (signal) => {
        const { read, upTo } = await readMarks(store, signal);
        if (!signal.aborted) {
          marks = read;
          marksVersion.value = marksVersion.peek() + 1;
        }
        return upTo;
      },
      take: (events) => {
        const found = events.flatMap((event) => markOf(event) ?? []);
        if (found.length === 0) return;
        marks.push(...found);
        if (2 * MOST < marks.length) marks.splice(0, marks.length - MOST);
        marksVersion.value = marksVersion.peek() + 1;
      },
      // They are an aid: without them the slider still goes from entry to entry.
    });
  });
}

/** The marks there are, and the entry that they go up to. */
async function readMarks(store: LiveStore, signal: AbortSignal): Promise<{ read: Mark[]; upTo: number }> {
  const read: Mark[] = [];
  let upTo = 0;
  let after = "start";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = new URLSearchParams({ type: TYPES.join(","), limit: String(PAGE), after });
    const { body }: Answered<Page<Event, string> & { more: boolean }> = await request(`${store.path}/events?${query}`, { signal });
    for (const event of body.items) {
      upTo = event.seq;
      const mark = markOf(event);
      if (mark) read.push(mark);
    }
    if (!body.more || !body.next) break;
    after = body.next;
  }
  return { read, upTo };
}

/** The mark before an entry, and the one after it. */
export function around(all: readonly Mark[], seq: number): { before: Mark | null; after: Mark | null } {
  const next = firstAfter(all, seq);
  let previous = next - 1;
  while (0 <= previous && (all[previous]?.seq ?? 0) >= seq) previous -= 1;
  return { before: all[previous] ?? null, after: all[next] ?? null };
}

/** The policy in force after an entry; null when that can't be told. `now` is the one in force now. */
export function generationAt(all: readonly Mark[], seq: number, now: number | null): number | null {
  const next = firstAfter(all, seq);
  for (let place = next - 1; 0 <= place; place -= 1) {
    const generation = all[place]?.generation ?? null;
    if (generation !== null) return generation;
  }
  // The next change says what was before it, since policies are numbered one by one.
  const change = all.slice(next).find(({ kind, generation }) => kind === "policy" && generation !== null);
  if (!change) return now;
  return change.label.startsWith("policy mode") ? change.generation : (change.generation ?? 1) - 1;
}

/** The number of the newest poll that was over at an entry; 0 when none was. */
export function pollAt(all: readonly Mark[], seq: number): number {
  let newest = 0;
  for (const { seq: place, poll } of all) {
    if (seq < place) break;
    if (poll !== null) newest = poll;
  }
  return newest;
}

function firstAfter(all: readonly Mark[], seq: number): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((all[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
