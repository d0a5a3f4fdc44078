// The entries of the journal that a screen holds: a stretch without holes, of a size that does not grow, which follows what happens
// or stands still while what comes is counted.
import type { Event } from "../api/types";

/** Entries that are held while it follows. */
export const MOST = 10_000;

/** Entries that are held when older ones were asked for. Past it the newest go, and it stands still. */
export const MOST_WITH_OLDER = 30_000;

export class Entries {
  items: Event[] = [];
  /** Everything after this place that passes the filter is held, up to the newest. */
  from = 0;
  follows = true;
  /** Entries that have come since it stood still. */
  waiting = 0;

  /** They themselves; null when they were too many, or others lie between. */
  private pending: Event[] | null = [];
  private room = MOST;

  /** Begins with a stretch. `isNewest` says whether what comes next goes on from it. */
  begin(items: Event[], from: number, isNewest: boolean): void {
    this.items = items;
    this.from = from;
    this.follows = isNewest;
    this.waiting = 0;
    this.pending = isNewest ? [] : null;
    this.room = MOST;
    this.trim();
  }

  /** What has happened. */
  take(events: Event[]): void {
    if (this.follows) {
      // What was read meanwhile may be told again.
      const { newest } = this;
      for (const event of events) if (newest < event.seq) this.items.push(event);
      this.trim();
      return;
    }
    this.waiting += events.length;
    if (!this.pending) return;
    for (const event of events) this.pending.push(event);
    // What is too much to hold is read again.
    if (MOST < this.pending.length) this.pending = null;
  }

  pause(): void {
    this.follows = false;
  }

  /** Goes on. False when that can only be done by reading the newest again. */
  resume(): boolean {
    if (!this.pending) return false;
    const { pending } = this;
    this.pending = [];
    this.follows = true;
    this.waiting = 0;
    this.take(pending);
    return true;
  }

  /** Older entries, which come before those that are held. */
  addOlder(items: Event[], from: number): void {
    this.items = [...items, ...this.items];
    this.from = from;
    this.room = Math.min(MOST_WITH_OLDER, Math.max(MOST, this.items.length));
    if (this.room < this.items.length) {
      this.items = this.items.slice(0, this.room);
      this.follows = false;
      this.pending = null;
    }
  }

  /** Keeps what comes from here on, while the entries between are asked for. */
  keepPending(): void {
    this.pending = [];
  }

  /** The entries after those that are held, where it does not hold the newest. `isNewest` when what comes goes on from them. */
  addNewer(items: Event[], isNewest: boolean): void {
    for (const event of items) this.items.push(event);
    if (!isNewest || !this.resume()) this.pending = null;
    this.trim();
  }

  get newest(): number {
    return this.items.at(-1)?.seq ?? this.from;
  }

  /** Drops the oldest past what there is room for; some at a time, since each time all are moved. */
  private trim(): void {
    if (this.items.length < this.room * 1.1) return;
    const dropped = this.items.length - this.room;
    this.from = this.items[dropped - 1]?.seq ?? this.from;
    this.items = this.items.slice(dropped);
  }
}
