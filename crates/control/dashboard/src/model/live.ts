// A store as it is: one snapshot with its cursor, then the stream from it.
import { type Signal, signal } from "@preact/signals";

import { type Connection, Journal, epochOf, seqOf } from "../api/journal";
import { everyPage, request } from "../api/request";
import type { Cursor, Event, EventOf, Page, Session, SessionFields, Store } from "../api/types";
import { Series } from "./series";
import { type KnownClock, heardLater, known, nowBy } from "./time";

/** A session as the tables show it. What the stream does not tell (address, interface) is asked for when it is opened. */
export type SessionRow = Pick<
  Session,
  | "id"
  | "client_id"
  | "group"
  | "origin"
  | "transport"
  | "user"
  | "user_dn"
  | "process"
  | "processes"
  | "client_version"
  | "mode"
  | "machine"
  | "connected_at"
  | "generation"
>;

/** Entries that are kept for the feeds; what is older is asked for. */
const RECENT = 2000;

/** Entries of before the snapshot that the feed and the plots begin with. */
const HISTORY = 1000;

/** How the name of a session's program is shown that has none. */
export const UNNAMED = "(no name)";

/** What these say changes what the store's own resource says. */
const OF_STORE = /^(store|poll|policy|clock|build|cluster|enforcement)\./;

export type Loading = "loading" | "ready" | "failed";

export class LiveStore {
  readonly path: string;
  readonly connection: Signal<Connection> = signal({ state: "connecting" });
  readonly loading: Signal<Loading> = signal("loading");
  readonly failure: Signal<unknown> = signal(null);
  /** The store's own resource. */
  readonly store: Signal<Store | null> = signal(null);
  readonly clock: Signal<KnownClock | null> = signal(null);
  /** Moves at most once a frame, when anything has changed. */
  readonly version = signal(0);
  /** Moves with each new epoch, when everything was read anew. */
  readonly generation = signal(0);

  sessions = new Map<number, SessionRow>();
  /** Live sessions by the name of their program. */
  byProcess = new Map<string, number>();
  recent: Event[] = [];
  series = new Series();
  cursor: Cursor = "";
  /** Entries that have come since the page was opened. */
  heard = 0;

  private journal: Journal | null = null;
  private frame = 0;
  private refresh = 0;
  private reading = new AbortController();
  private readonly listeners = new Set<(events: Event[]) => void>();

  constructor(readonly name: string) {
    this.path = `/v1/stores/${encodeURIComponent(name)}`;
  }

  /** Reads everything, and follows. What was read before stays until then. */
  async start(): Promise<void> {
    this.stop();
    const reading = new AbortController();
    this.reading = reading;
    try {
      const sessions = new Map<number, SessionRow>();
      const { body: store, cursor } = await request<Store>(this.path, { signal: reading.signal });
      const history = await this.historyBefore(cursor, reading.signal);
      await everyPage<Session>(
        `${this.path}/sessions`,
        (items) => {
          for (const item of items) sessions.set(item.id, rowOf(item));
        },
        reading.signal,
      );
      if (reading.signal.aborted) return;
      this.sessions = sessions;
      this.byProcess = countByProcess(sessions.values());
      this.recent = history;
      this.series = seriesOf(history, this.byProcess, Date.parse(store.clock.now));
      this.cursor = cursor;
      this.store.value = store;
      this.clock.value = known(store.clock, Date.now());
      this.failure.value = null;
      this.loading.value = "ready";
      this.generation.value += 1;
      this.version.value += 1;
      // What has happened since the cursor is told again: each entry says how a session stands after it, so that twice is once.
      this.journal = new Journal(`${this.path}/events/stream`, cursor, {
        entries: (events, after) => this.take(events, after),
        broken: () => void this.start(),
        connection: (connection) => {
          this.connection.value = connection;
        },
      });
    } catch (error) {
      if (reading.signal.aborted) return;
      this.failure.value = error;
      this.loading.value = "failed";
      this.connection.value = { state: "lost", since: Date.now(), attempt: 1, why: String(error) };
      // A server that is started again is found again.
      setTimeout(() => {
        if (!reading.signal.aborted) void this.start();
      }, 2000);
    }
  }

  stop(): void {
    this.reading.abort();
    this.journal?.stop();
    this.journal = null;
  }

  /** Loses the connection, as tests do. */
  drop(): void {
    this.journal?.drop();
  }

  /** Hears entries as they come. The answer ends it. */
  listen(listener: (events: Event[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Store time now, in milliseconds. */
  now(wall: number = Date.now()): number {
    return this.clock.value ? nowBy(this.clock.value, wall) : wall;
  }

  /** Reads the store's own resource again. */
  async readStore(): Promise<void> {
    try {
      const { body } = await request<Store>(this.path, { signal: this.reading.signal });
      this.store.value = body;
      this.clock.value = known(body.clock, Date.now());
    } catch {
      // The stream notices a server that is gone, and says so.
    }
  }

  private async historyBefore(cursor: Cursor, signal: AbortSignal): Promise<Event[]> {
    const begin = Math.max(0, seqOf(cursor) - HISTORY);
    try {
      const after = `${epochOf(cursor)}-${begin}`;
      const page = await request<Page<Event, Cursor>>(`${this.path}/events?after=${after}&limit=${HISTORY}`, { signal });
      return page.body.items.filter((event) => event.seq <= seqOf(cursor));
    } catch (error) {
      if (signal.aborted) throw error;
      // A journal that keeps fewer entries than that: the feed begins with what comes.
      return [];
    }
  }

  private take(events: Event[], after: Cursor): void {
    const wall = Date.now();
    let asksStore = false;
    for (const event of events) {
      apply(event, this.sessions, this.byProcess);
      this.series.count(Date.parse(event.at), countedAs(event), this.byProcess);
      asksStore ||= OF_STORE.test(event.type);
      this.recent.push(event);
    }
    if (2 * RECENT < this.recent.length) this.recent = this.recent.slice(-RECENT);
    const last = events.at(-1);
    if (last && this.clock.value) this.clock.value = heardLater(this.clock.value, Date.parse(last.at), wall);
    this.cursor = after;
    this.heard += events.length;
    if (asksStore) this.askStore();
    for (const listener of this.listeners) listener(events);
    this.draw();
  }

  /** Asks for the store's own resource soon, and once for many reasons. */
  private askStore(): void {
    if (this.refresh !== 0) return;
    this.refresh = window.setTimeout(() => {
      this.refresh = 0;
      void this.readStore();
    }, 60);
  }

  private draw(): void {
    if (this.frame !== 0) return;
    const drawn = () => {
      this.frame = 0;
      this.version.value += 1;
    };
    // A page in the background has no frames, and nobody to draw for in a hurry.
    this.frame = document.hidden ? window.setTimeout(drawn, 500) : requestAnimationFrame(drawn);
  }
}

/** A session of a list as a row. */
export function rowOf(session: Session): SessionRow {
  const { id, client_id, group, origin, transport, user, user_dn, process, processes } = session;
  const { client_version, mode, machine, connected_at, generation } = session;
  return {
    id,
    client_id: client_id ?? null,
    group: group ?? null,
    origin,
    transport,
    user: user ?? null,
    user_dn,
    process: process ?? null,
    processes,
    client_version,
    mode,
    machine: machine ?? null,
    connected_at,
    generation,
  };
}

function rowOfEvent(event: SessionFields & { at: string }, id: number, before?: SessionRow): SessionRow {
  return {
    id,
    client_id: event.client_id ?? null,
    group: event.group ?? null,
    origin: event.origin,
    transport: event.transport,
    user: event.user ?? null,
    user_dn: event.user_dn,
    process: event.process ?? null,
    processes: event.processes,
    client_version: event.client_version,
    mode: event.mode,
    machine: event.machine ?? null,
    connected_at: before?.connected_at ?? event.at,
    generation: event.generation ?? before?.generation ?? 0,
  };
}

/** Has an entry's effect on the sessions. It may be told twice. */
export function apply(event: Event, sessions: Map<number, SessionRow>, byProcess: Map<string, number>): void {
  switch (event.type) {
    case "session.connected":
    case "session.identified": {
      if (event.session == null) return;
      const before = sessions.get(event.session);
      // A name that came late can be the end of a session; that is told by itself.
      if (event.type === "session.identified" && !before) return;
      if (before) add(byProcess, nameOf(before), -1);
      const row = rowOfEvent(event, event.session, before);
      sessions.set(row.id, row);
      add(byProcess, nameOf(row), 1);
      return;
    }
    case "session.ended": {
      const before = event.session == null ? undefined : sessions.get(event.session);
      if (!before) return;
      sessions.delete(before.id);
      add(byProcess, nameOf(before), -1);
      return;
    }
    case "enforcement.completed":
      for (const row of sessions.values()) row.generation = event.generation;
      return;
    default:
  }
}

export function nameOf(row: { process?: string | null }): string {
  return row.process ?? UNNAMED;
}

function add(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count <= 0) counts.delete(name);
  else counts.set(name, count);
}

export function countByProcess(rows: Iterable<SessionRow>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) add(counts, nameOf(row), 1);
  return counts;
}

/** What an entry counts as in the plots; null for what is in none. */
export function countedAs(event: Event): "connected" | "refused" | "disconnected" | "ended" | null {
  switch (event.type) {
    case "session.connected":
      return "connected";
    case "session.refused":
      return "refused";
    case "session.disconnected":
      return "disconnected";
    case "session.ended":
      return "ended";
    default:
      return null;
  }
}

/** The series of a history: who was there is counted back from who is there now. */
export function seriesOf(history: Event[], byProcess: Map<string, number>, now: number): Series {
  const counts = new Map(byProcess);
  for (const event of history.toReversed()) undo(event, counts);
  const series = new Series();
  for (const event of history) {
    redo(event, counts);
    series.count(Date.parse(event.at), countedAs(event), counts);
  }
  series.count(now, null, byProcess);
  return series;
}

function undo(event: Event, counts: Map<string, number>): void {
  if (event.type === "session.connected") add(counts, nameOf(event), -1);
  if (event.type === "session.ended") add(counts, nameOf(event), 1);
}

function redo(event: Event, counts: Map<string, number>): void {
  if (event.type === "session.connected") add(counts, nameOf(event), 1);
  if (event.type === "session.ended") add(counts, nameOf(event), -1);
}

/** The newest entries of a type, newest first. */
export function newest<Type extends Event["type"]>(events: Event[], type: Type, most: number): EventOf<Type>[] {
  const found: EventOf<Type>[] = [];
  for (let place = events.length - 1; 0 <= place && found.length < most; place -= 1) {
    const event = events[place];
    if (event?.type === type) found.push(event as EventOf<Type>);
  }
  return found;
}
