// The stream of a store's journal: every entry once and in order, over lost connections too.
import { runOf, wordsOf } from "./request";
import type { Cursor, Event } from "./types";

/** How the stream stands. */
export type Connection =
  | { state: "connecting" }
  | { state: "open" }
  /** It is tried again. `why` is what the server said; empty when it said nothing. */
  | { state: "lost"; why: string }
  | { state: "ended"; why: string };

export interface Reader {
  /** Entries of one epoch, in order; `cursor` is the place after the last. */
  entries(events: Event[], cursor: Cursor): void;
  /** The place can't be resumed from: entries are gone, or a new epoch has begun. All has to be read anew. */
  broken(why: "gap" | "reset"): void;
  connection(connection: Connection): void;
}

/** Why a stream has ended for good. */
export const GONE = "there is no such store any more";

/** A server that has said nothing for this long, heartbeats included, is taken for gone. Milliseconds. */
const SILENCE = 40_000;

/**
 * A page that nobody has looked at for this long lets its connection go, and resumes when it is looked at. A browser has six to a
 * server for all its tabs together: without this, six of them in the background would leave none for the next. Milliseconds.
 */
const UNSEEN = 10_000;

/** The first wait before connecting again, and the longest. Milliseconds. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;

interface Notice {
  type: `stream.${string}`;
  cursor: Cursor;
  reason?: string | null;
}

/** Reads the stream of a store from a place on, until it is stopped. */
export class Journal {
  private readonly stopped = new AbortController();
  private cursor: Cursor;
  private attempt = 0;
  private connected: AbortController | null = null;

  constructor(
    private readonly path: string,
    after: Cursor,
    /** The run of the server that told that place. */
    private readonly serverRun: string,
    private readonly reader: Reader,
    /** What entries have to pass, as the server's `q` and `type` say it. */
    private readonly filters: Record<string, string> = {},
  ) {
    this.cursor = after;
    void this.run();
  }

  stop(): void {
    this.stopped.abort();
    this.connected?.abort();
  }

  /** Drops the connection as a network would, so that it can be seen to come back. */
  drop(): void {
    this.connected?.abort();
  }

  private async run(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      await this.seen();
      if (this.stopped.signal.aborted) return;
      let why = "";
      try {
        const over = await this.connect();
        if (over) return;
      } catch (error) {
        if (error instanceof Refused) why = error.message;
      }
      if (this.stopped.signal.aborted) return;
      if (document.hidden) continue;
      this.attempt += 1;
      this.reader.connection({ state: "lost", why });
      const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.attempt - 1));
      await this.pause(longest);
    }
  }

  /** Reads until the connection ends. True when there is nothing to come back for. */
  private async connect(): Promise<boolean> {
    const connected = new AbortController();
    this.connected = connected;
    let silence = setTimeout(() => connected.abort(), SILENCE);
    let unseen = 0;
    const look = () => {
      clearTimeout(unseen);
      if (document.hidden) unseen = window.setTimeout(() => connected.abort(), UNSEEN);
    };
    document.addEventListener("visibilitychange", look);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => connected.abort(), SILENCE);
    };
    try {
      const query = new URLSearchParams({ ...this.filters, format: "ndjson", after: this.cursor });
      const response = await fetch(`${this.path}?${query}`, { signal: connected.signal, cache: "no-store" });
      if (response.status === 404) {
        this.reader.connection({ state: "ended", why: GONE });
        return true;
      }
      // Each run of a server begins at the same place, so that what was told of another run may well be known to this one.
      const isOfAnotherRun = response.ok && runOf(response) !== this.serverRun;
      if (isOfAnotherRun || response.status === 400) {
        this.reader.broken("reset");
        return true;
      }
      if (!response.ok || !response.body) throw new Refused(await wordsOf(response));
      this.attempt = 0;
      this.reader.connection({ state: "open" });
      const lines = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await lines.read();
        if (done) return false;
        heard();
        const parts = (rest + value).split("\n");
        rest = parts.pop() ?? "";
        if (this.take(parts)) return true;
      }
    } finally {
      clearTimeout(silence);
      clearTimeout(unseen);
      document.removeEventListener("visibilitychange", look);
      connected.abort();
    }
  }

  /** Hands lines on. True when there is nothing more to read from this place. */
  private take(lines: string[]): boolean {
    let events: Event[] = [];
    const flush = () => {
      if (events.length > 0) this.reader.entries(events, this.cursor);
      events = [];
    };
    for (const line of lines) {
      if (line === "") continue;
      const told = JSON.parse(line) as Event | Notice;
      if (!isNotice(told)) {
        events.push(told);
        this.cursor = `${epochOf(this.cursor)}-${told.seq}`;
        continue;
      }
      flush();
      switch (told.type) {
        case "stream.gap":
          this.reader.broken("gap");
          return true;
        case "stream.reset":
          this.reader.broken("reset");
          return true;
        default:
          this.cursor = told.cursor;
      }
    }
    flush();
    return false;
  }

  /** Until the page is looked at. */
  private seen(): Promise<void> {
    if (!document.hidden) return Promise.resolve();
    return new Promise((done) => {
      const look = () => {
        if (document.hidden && !this.stopped.signal.aborted) return;
        document.removeEventListener("visibilitychange", look);
        this.stopped.signal.removeEventListener("abort", look);
        done();
      };
      document.addEventListener("visibilitychange", look);
      this.stopped.signal.addEventListener("abort", look);
    });
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((done) => {
      const over = () => {
        clearTimeout(timer);
        this.stopped.signal.removeEventListener("abort", over);
        done();
      };
      const timer = setTimeout(over, milliseconds);
      this.stopped.signal.addEventListener("abort", over);
    });
  }
}

/** The server has answered, with something else than a stream. */
class Refused extends Error {}

function isNotice(told: Event | Notice): told is Notice {
  return told.type.startsWith("stream.");
}

/** The epoch of a place. */
export function epochOf(cursor: Cursor): number {
  return Number(cursor.split("-", 1)[0]);
}

/** The entry that a place is after, counted from 1 in its epoch. */
export function seqOf(cursor: Cursor): number {
  return Number(cursor.slice(cursor.indexOf("-") + 1));
}
