// The store as it is looked at: as it is now, or as it was at a cursor.
import { effect, signal } from "@preact/signals";

import { epochOf, seqOf } from "../api/journal";
import { everyPage, request } from "../api/request";
import type { Cursor, Event, Page, Session } from "../api/types";
import { at } from "../router";
import { live } from "./current";
import { type SessionRow, countByProcess, rowOf } from "./live";

/** The store as it was after an entry. */
export interface Past {
  cursor: Cursor;
  /** The entry itself; null for the beginning of an epoch. */
  event: Event | null;
  sessions: Map<number, SessionRow>;
  byProcess: Map<string, number>;
}

/** The past that is looked at; null when it is now, or not read yet. */
export const past = signal<Past | null>(null);

/** Why the past can't be shown. */
export const pastError = signal<unknown>(null);

/** Reads the past whenever the URL names one, and again when a new epoch may have made it another, or none. */
export function followPast(): void {
  let reading = new AbortController();
  let shown = "";
  effect(() => {
    const cursor = at.value;
    const store = live.value;
    void store.generation.value;
    // Which run of the server the place is of is known with the first answer.
    if (cursor !== null && store.run === "") return;
    // Of the epoch that is already read nothing changes.
    const isSame = cursor !== null && epochOf(store.cursor) === epochOf(cursor);
    const wanted = cursor === null ? "" : `${store.path} ${store.run} ${cursor} ${isSame}`;
    if (wanted === shown && wanted !== "") return;
    shown = wanted;
    reading.abort();
    reading = new AbortController();
    const { signal } = reading;
    pastError.value = null;
    if (cursor === null) {
      past.value = null;
      return;
    }
    void readPast(store.path, cursor, signal).then(
      (read) => {
        if (!signal.aborted) past.value = read;
      },
      (error) => {
        if (signal.aborted) return;
        past.value = null;
        pastError.value = error;
      },
    );
  });
}

async function readPast(path: string, cursor: Cursor, signal: AbortSignal): Promise<Past> {
  const sessions = new Map<number, SessionRow>();
  const before = `${epochOf(cursor)}-${Math.max(0, seqOf(cursor) - 1)}`;
  const [page] = await Promise.all([
    request<Page<Event, Cursor>>(`${path}/events?after=${before}&limit=1`, { signal }),
    everyPage<Session>(
      `${path}/sessions?at=${encodeURIComponent(cursor)}`,
      (items) => {
        for (const item of items) sessions.set(item.id, rowOf(item));
      },
      signal,
    ),
  ]);
  const event = seqOf(cursor) === 0 ? null : (page.body.items[0] ?? null);
  return { cursor, event, sessions, byProcess: countByProcess(sessions.values()) };
}

/** The sessions that are looked at. Whoever calls it while drawing is drawn again when they change. */
export function sessionsInView(): Map<number, SessionRow> {
  if (at.value !== null) return past.value?.sessions ?? new Map();
  // Maps are changed in place; the version is what tells.
  void live.value.version.value;
  return live.value.sessions;
}
