// The ledger of polls: all that are remembered, read once and added to.
import { useRef, useState } from "preact/hooks";

import { type Answered, request } from "../api/request";
import type { Page, Poll } from "../api/types";
import { live } from "./current";
import { useRereading } from "./rereading";

/** Polls of a page, and the most that are kept here. */
const PAGE = 1000;
const MOST = 20_000;

/** Least time between two reads, in milliseconds. */
const REST = 250;

export interface Ledger {
  /** Newest first. */
  polls: readonly Poll[];
  error: unknown;
  isLoading: boolean;
}

/** The ledger of the store that is looked at, as it grows. */
export function useLedger(): Ledger {
  const store = live.value;
  const epoch = store.generation.value;
  const [ledger, setLedger] = useState<Ledger>({ polls: [], error: null, isLoading: true });
  // What is known of one store in one epoch; only what is newer is asked for.
  const held = useRef<{ store: unknown; epoch: number; polls: Poll[] }>({ store, epoch, polls: [] });
  const read = async (signal: AbortSignal) => {
    if (held.current.store !== store || held.current.epoch !== epoch) held.current = { store, epoch, polls: [] };
    const known = held.current;
    try {
      let after: number | null = known.polls[0]?.number ?? 0;
      while (after !== null) {
        const { body }: Answered<Page<Poll>> = await request(`${store.path}/polls?limit=${PAGE}&after=${after}`, { signal });
        if (signal.aborted) return;
        known.polls = [...body.items.toReversed(), ...known.polls].slice(0, MOST);
        after = body.next ?? null;
      }
      setLedger({ polls: known.polls, error: null, isLoading: false });
    } catch (error) {
      if (!signal.aborted) setLedger({ polls: known.polls, error, isLoading: false });
    }
  };
  useRereading(epoch === 0 ? null : read, [], {
    rest: REST,
    // What a poll did to sessions is told after it.
    changedBy: (events) => events.some(({ type }) => type.startsWith("poll.") || type === "enforcement.completed"),
  });
  return ledger;
}
