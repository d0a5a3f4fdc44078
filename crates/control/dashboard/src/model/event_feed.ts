// The journal as the Events screen follows it: the newest entries that pass a filter of the server's, then its stream.
import { useEffect, useRef, useState } from "preact/hooks";

import { Journal, epochOf, seqOf } from "../api/journal";
import { RequestError, request } from "../api/request";
import type { Event, EventTotals, Events } from "../api/types";
import { live } from "./current";
import { Entries } from "./entries";
import { readBack } from "./read_back";

/** What is looked at. */
export interface Sought {
  /** The filter, and types joined by commas; empty for all. */
  q: string;
  type: string;
  /** An entry to begin with; null for the newest. */
  from: number | null;
  /** A cursor that nothing after is shown of; null for now. */
  at: string | null;
}

/** Entries that are read at a time. */
const PAGE = 500;

/** Milliseconds between two times that it is drawn. */
const REST = 200;

/** The rest of typing before a filter is asked for, in milliseconds. */
const TYPING = 250;

export class EventFeed {
  readonly entries = new Entries();
  state: "reading" | "ready" = "reading";
  error: unknown = null;
  /** What the journal begins after: it keeps nothing of before. */
  oldest = 0;
  /** Whether an entry was asked for that has left the journal. */
  isGap = false;
  private epoch = 1;
  private journal: Journal | null = null;
  private unlisten: (() => void) | null = null;
  private readonly stopped = new AbortController();
  private readonly query: Record<string, string>;

  constructor(
    private readonly sought: Sought,
    private readonly changed: () => void,
    private readonly broken: () => void,
  ) {
    const { q, type } = sought;
    this.query = { ...(q === "" ? {} : { q }), ...(type === "" ? {} : { type }) };
  }

  async start(): Promise<void> {
    await this.guarded(async () => {
      const { path } = live.peek();
      const signal = this.stopped.signal;
      const { body, cursor } = await request<EventTotals>(`${path}/events/totals`, { signal });
      this.epoch = epochOf(cursor);
      this.oldest = seqOf(body.first_available);
      const { from, at } = this.sought;
      if (at !== null) await this.readNewest(Math.min(seqOf(at), seqOf(cursor)), false);
      else if (from !== null) await this.readAt(Math.min(from, seqOf(cursor)));
      else await this.readNewest(seqOf(cursor), true);
      if (signal.aborted) return;
      if (at === null) this.follow(cursor);
    });
  }

  stop(): void {
    this.stopped.abort();
    this.journal?.stop();
    this.unlisten?.();
  }

  get isStopped(): boolean {
    return this.stopped.signal.aborted;
  }

  pause(): void {
    this.entries.pause();
    this.changed();
  }

  /** Goes on with what has come meanwhile; reads it again when it was too much to hold. */
  async resume(): Promise<void> {
    if (this.entries.resume()) {
      this.changed();
      return;
    }
    this.broken();
  }

  /** Reads entries of before those that are held. */
  async loadOlder(): Promise<void> {
    await this.guarded(async () => {
      const read = await this.back(this.entries.from);
      this.entries.addOlder(read.items, read.from);
    });
  }

  /** Reads entries of after those that are held, where they are not the newest. */
  async loadNewer(): Promise<void> {
    await this.guarded(async () => {
      this.entries.keepPending();
      const { items, more } = await this.after(this.entries.newest);
      this.entries.addNewer(items, !more);
    });
  }

  get hasOlder(): boolean {
    return this.oldest < this.entries.from;
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    this.state = "reading";
    this.changed();
    try {
      await work();
      this.error = null;
    } catch (error) {
      if (this.stopped.signal.aborted) return;
      const isGone = error instanceof RequestError && error.status === 410;
      this.isGap ||= isGone;
      if (isGone && error.problem?.first_available) {
        this.oldest = seqOf(error.problem.first_available);
        this.entries.from = Math.max(this.entries.from, this.oldest);
      } else {
        this.error = error;
      }
    }
    this.state = "ready";
    this.changed();
  }

  private async readNewest(end: number, isNewest: boolean): Promise<void> {
    const { items, from } = await this.back(end);
    this.entries.begin(items, from, isNewest);
  }

  private async readAt(from: number): Promise<void> {
    this.isGap = from <= this.oldest;
    const after = Math.max(this.oldest, from - 1);
    const { items } = await this.after(after);
    this.entries.begin(items, after, false);
  }

  private back(end: number) {
    const { query, epoch, oldest } = this;
    const path = `${live.peek().path}/events`;
    return readBack<Event>({ path, query, epoch, oldest, end, wanted: PAGE }, ({ seq }) => seq, this.stopped.signal);
  }

  private async after(place: number): Promise<Events> {
    const asked = new URLSearchParams({ ...this.query, after: `${this.epoch}-${place}`, limit: String(PAGE) });
    const { body } = await request<Events>(`${live.peek().path}/events?${asked}`, { signal: this.stopped.signal });
    return body;
  }

  /** Goes on from a place: by the stream that the page has already, or, with a filter, by one of its own. */
  private follow(cursor: string): void {
    const store = live.peek();
    if (Object.keys(this.query).length > 0) {
      this.journal = new Journal(
        `${store.path}/events/stream`,
        cursor,
        store.run,
        { entries: (events) => this.take(events), broken: () => this.broken(), connection: () => undefined },
        this.query,
      );
      return;
    }
    const place = seqOf(cursor);
    this.take(store.recent.filter(({ seq }) => place < seq));
    this.unlisten = store.listen((events) => this.take(events.filter(({ seq }) => place < seq)));
  }

  private take(events: Event[]): void {
    if (events.length === 0) return;
    this.entries.take(events);
    this.changed();
  }
}

/** A feed of what is sought, drawn again a few times a second when it has changed. */
export function useEventFeed(sought: Sought): { feed: EventFeed | null; version: number } {
  const [version, setVersion] = useState(0);
  const [turn, setTurn] = useState(0);
  const feed = useRef<EventFeed | null>(null);
  const store = live.value;
  const epoch = store.generation.value;
  const { q, type, from, at } = sought;
  useEffect(() => {
    if (epoch === 0) return undefined;
    let timer = 0;
    const draw = () => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        setVersion((number) => number + 1);
      }, REST);
    };
    const made = new EventFeed({ q, type, from, at }, draw, () => setTurn((number) => number + 1));
    // What was read before stays until there is something else, or a reason why there is nothing.
    const begin = setTimeout(() => void made.start().then(() => {
      // One that was given up comes late, and is not shown over the one that was asked for after it.
      if (made.isStopped) return;
      feed.current = made;
      draw();
    }), feed.current ? TYPING : 0);
    return () => {
      clearTimeout(begin);
      clearTimeout(timer);
      made.stop();
    };
  }, [store, epoch, q, type, from, at, turn]);
  return { feed: feed.current, version };
}
