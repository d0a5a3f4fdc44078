// "Read what there is, and go on with the entries that come": once, for all that is counted or collected so.
import type { Event } from "../api/types";
import type { LiveStore } from "./live";
import { onReconnect } from "./rereading";

export interface Follower {
  /** Reads what there is. The answer is the entry that it goes up to. */
  read: (signal: AbortSignal) => Promise<number>;
  /** Takes the entries after that one, in order. */
  take: (events: Event[]) => void;
  failed?: (error: unknown) => void;
}

/**
 * Reads, and follows: entries that come meanwhile wait for it. What can't be read is followed no further, and read again when
 * the connection is back. The answer ends it.
 */
export function follow(store: LiveStore, { read, take, failed }: Follower): () => void {
  let isFailed = false;
  let end = () => {};
  const begin = () => {
    end();
    const reading = new AbortController();
    const early: Event[] = [];
    let place: number | null = null;
    const takeAfter = (events: Event[], seq: number) => {
      const fresh = events.filter((event) => seq < event.seq);
      if (0 < fresh.length) take(fresh);
    };
    const unlisten = store.listen((events) => {
      if (place === null) early.push(...events);
      else takeAfter(events, place);
    });
    end = () => {
      reading.abort();
      unlisten();
      isFailed = false;
    };
    read(reading.signal).then(
      (upTo) => {
        if (reading.signal.aborted) return;
        place = upTo;
        takeAfter(early.splice(0), upTo);
      },
      (error) => {
        if (reading.signal.aborted) return;
        end();
        isFailed = true;
        failed?.(error);
      },
    );
  };
  begin();
  const forget = onReconnect(store, () => {
    if (isFailed) begin();
  });
  return () => {
    forget();
    end();
  };
}
