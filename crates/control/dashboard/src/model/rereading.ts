// "Read, and read again when an entry of the journal says that it has changed": once, for all that is read so.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import type { Event } from "../api/types";
import { live } from "./current";
import type { LiveStore } from "./live";

/**
 * Reads again and again, one read at a time. A read under way is never given up for the next: on a store where something happens
 * all the time, an answer that takes a while would never come.
 */
export class Rereading {
  private readonly stopped = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When the next read is due, by this machine's clock; null when none is. */
  private due: number | null = null;
  private isReading = false;
  /** How long after the read under way the next is wanted; null when none is. */
  private wanted: number | null = null;

  constructor(private readonly read: (signal: AbortSignal) => Promise<void>) {}

  /** Has it read in so many milliseconds, or so long after the read under way, which may have missed the reason. */
  soon(wait: number): void {
    if (this.stopped.signal.aborted) return;
    if (this.isReading) {
      this.wanted = Math.min(wait, this.wanted ?? wait);
      return;
    }
    const due = performance.now() + wait;
    if (this.due !== null && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => void this.begin(), wait);
  }

  stop(): void {
    this.stopped.abort();
    clearTimeout(this.timer);
  }

  private async begin(): Promise<void> {
    this.due = null;
    this.isReading = true;
    this.wanted = null;
    try {
      await this.read(this.stopped.signal);
    } finally {
      this.isReading = false;
      if (this.wanted !== null) this.soon(this.wanted);
    }
  }
}

/** Calls when the connection to the store is back: what was read meanwhile failed, and what has no entries may be another. */
export function onReconnect(store: LiveStore, call: () => void): () => void {
  let wasLost = false;
  return effect(() => {
    const { state } = store.connection.value;
    if (state === "lost") wasLost = true;
    if (state !== "open" || !wasLost) return;
    wasLost = false;
    call();
  });
}

export interface Rereads {
  /** Least time between an answer and a read that entries ask for, in milliseconds. */
  rest: number;
  /** How long the first read of something else waits, in milliseconds. */
  first?: number;
  /** Whether entries change what was read. */
  changedBy?: (events: Event[]) => boolean;
  /** Milliseconds after which it is read again whatever was heard, where no entry tells. */
  every?: number;
}

/**
 * Reads what `about` names, and again after entries that change it, in a new epoch and when the connection is back. `read` sees
 * to its failures itself, and null reads nothing. The answer has it read at once.
 */
export function useRereading(
  read: ((signal: AbortSignal) => Promise<void>) | null,
  about: readonly unknown[],
  { rest, first = 0, changedBy, every }: Rereads,
): () => void {
  const store = live.value;
  const soon = useRef<(wait: number) => void>(() => undefined);
  const changes = useRef(changedBy);
  changes.current = changedBy;
  useEffect(() => {
    if (!read) return undefined;
    const rereading = new Rereading(read);
    soon.current = (wait) => rereading.soon(wait);
    rereading.soon(first);
    const ends = [
      () => rereading.stop(),
      store.listen((events) => {
        if (changes.current?.(events)) rereading.soon(rest);
      }),
      onReconnect(store, () => rereading.soon(0)),
    ];
    if (every !== undefined) {
      const timer = setInterval(() => {
        if (!document.hidden) rereading.soon(0);
      }, every);
      ends.push(() => clearInterval(timer));
    }
    return () => {
      for (const end of ends) end();
      soon.current = () => undefined;
    };
  }, [store, store.generation.value, rest, every, ...about]);
  return () => soon.current(0);
}
