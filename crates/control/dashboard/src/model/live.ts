// A store as it is: one snapshot with its cursor, then the stream from it.
import { type Signal, signal } from "@preact/signals";

import { type Connection, GONE, Journal, epochOf, seqOf } from "../api/journal";
import { RequestError, everyPage, request } from "../api/request";
import type { Cursor, Event, EventOf, Page, Session, SessionFields, Store } from "../api/types";
import { isName } from "./filter";
import { Series } from "./series";
import { type KnownClock, heardLater, known, nowBy } from "./time";
import { visible } from "./visible";

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

/** How a session's program is shown that has no name. A program may be called so: nothing is known by it. */
export const UNNAMED = "(no name)";

/** What these say changes what the store's own resource says. */
const OF_STORE = /^(store|poll|policy|clock|build|cluster|enforcement)\./;

/** Whether an entry changes what the store's own resource says. A poll whose values a fault holds back is one of them. */
function movesStore(event: Event): boolean {
  return OF_STORE.test(event.type) || (event.type === "fault.hit" && event.stage === "registry");
}

/** What the store counts since it started. */
export type Totals = Pick<Store["counts"], "admitted" | "refused" | "disconnected" | "would_block">;

function totalsOf({ admitted, refused, disconnected, would_block }: Store["counts"]): Totals {
  return { admitted, refused, disconnected, would_block };
}

/** Which of them an entry counts in; null for none. */
export function totalOf(event: Event): keyof Totals | null {
  switch (event.type) {
    case "session.connected":
      return "admitted";
    case "session.refused":
      return "refused";
    case "session.disconnected":
      return "disconnected";
    case "session.would_block":
      return "would_block";
    default:
      return null;
  }
}

/** What was counted at an entry, out of what is counted now; null when the entries since then are not all there. */
export function totalsAt(now: Totals, recent: readonly Event[], seq: number): Totals | null {
  const oldest = recent[0];
  if (!oldest || seq + 1 < oldest.seq) return null;
  const then = { ...now };
  for (let place = recent.length - 1; 0 <= place; place -= 1) {
    const event = recent[place];
    if (!event || event.seq <= seq) break;
    const total = totalOf(event);
    if (total) then[total] -= 1;
  }
  return then;
}

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
  /** Counted on from the snapshot, entry by entry. */
  totals: Totals = { admitted: 0, refused: 0, disconnected: 0, would_block: 0 };
  cursor: Cursor = "";
  /** The run of the server that the cursor is of; empty before the first answer. */
  run = "";
  /** Entries that have come since the page was opened. */
  heard = 0;

  private journal: Journal | null = null;
  /** The place that the store's own resource reflects. */
  private storeCursor: Cursor = "";
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
      const { body: store, cursor, run } = await request<Store>(this.path, { signal: reading.signal });
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
      this.totals = totalsOf(store.counts);
      this.cursor = cursor;
      this.storeCursor = cursor;
      this.run = run;
      this.store.value = store;
      this.clock.value = known(store.clock, Date.now());
      this.failure.value = null;
      this.loading.value = "ready";
      this.generation.value += 1;
      this.version.value += 1;
      // What has happened since the cursor is told again: each entry says how a session stands after it, so that twice is once.
      this.journal = new Journal(`${this.path}/events/stream`, cursor, run, {
        entries: (events, after) => this.take(events, after),
        broken: () => void this.start(),
        connection: (connection) => {
          this.connection.value = connection;
          if (connection.state === "ended") this.lookAgain(reading.signal);
        },
      });
    } catch (error) {
      if (reading.signal.aborted) return;
      this.failure.value = error;
      this.loading.value = "failed";
      const isGone = error instanceof RequestError && error.status === 404;
      // A store that was there before is said to have ended, and nothing went wrong.
      if (isGone && this.run !== "") this.loading.value = "ready";
      this.connection.value = isGone ? { state: "ended", why: GONE } : { state: "lost", why: "" };
      this.lookAgain(reading.signal);
    }
  }

  /** A server that is started again is found again, and so is a store that is made again. */
  private lookAgain(stopped: AbortSignal): void {
    setTimeout(() => {
      if (!stopped.aborted) void this.start();
    }, 2000);
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
      const { signal } = this.reading;
      const { body, cursor } = await request<Store>(this.path, { signal });
      // An answer that was overtaken by a newer one says how the store was.
      if (signal.aborted || isBefore(cursor, this.storeCursor)) return;
      this.storeCursor = cursor;
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
      const at = Date.parse(event.at);
      this.series.reach(at);
      apply(event, this.sessions, this.byProcess);
      this.series.count(at, countedAs(event), this.byProcess);
      asksStore ||= movesStore(event);
      const total = totalOf(event);
      if (total) this.totals[total] += 1;
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

/** Whether a place is before another of the same epoch. */
function isBefore(place: Cursor, other: Cursor): boolean {
  return epochOf(place) === epochOf(other) && seqOf(place) < seqOf(other);
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

/** The name that a session is counted under: one that the policy can compare; empty where it has none. */
export function nameOf({ process, processes = [] }: { process?: string | null; processes?: readonly string[] }): string {
  if (process != null && isName(process)) return process;
  return processes.find(isName) ?? "";
}

/** The same as it is shown. */
export function shownName(name: string): string {
  return name === "" ? UNNAMED : visible(name);
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
  const moves = movesOf(history);
  const counts = new Map(byProcess);
  for (const move of moves.toReversed()) {
    if (move.to !== null) add(counts, move.to, -1);
    if (move.from !== null) add(counts, move.from, 1);
  }
  const series = new Series(new Map(counts));
  for (const { event, from, to } of moves) {
    const at = Date.parse(event.at);
    series.reach(at);
    if (from !== null) add(counts, from, -1);
    if (to !== null) add(counts, to, 1);
    series.count(at, countedAs(event), counts);
  }
  series.reach(now);
  series.count(now, null, byProcess);
  return series;
}

/** From which name to which an entry moves its session; null is not there. */
interface Move {
  event: Event;
  from: string | null;
  to: string | null;
}

function movesOf(history: Event[]): Move[] {
  const names = new Map<number, string>();
  return history.map((event) => {
    if (event.type === "session.connected") {
      if (event.session != null) names.set(event.session, nameOf(event));
      return { event, from: null, to: nameOf(event) };
    }
    if (event.type === "session.ended") return { event, from: nameOf(event), to: null };
    if (event.type !== "session.identified" || event.session == null) return { event, from: null, to: null };
    // Of a session that connected before the history the entry does not say whether it had a name; mostly it had none.
    const from = names.get(event.session) ?? (event.processes.length <= 1 ? "" : nameOf(event));
    names.set(event.session, nameOf(event));
    return { event, from, to: nameOf(event) };
  });
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
