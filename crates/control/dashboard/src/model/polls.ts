// The ledger of polls: all that are remembered, read once and added to.
import { useEffect, useState } from "preact/hooks";

import { type Answered, request } from "../api/request";
import type { Page, Poll } from "../api/types";
import { live } from "./current";

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
  useEffect(() => {
    if (epoch === 0) return undefined;
    const reading = new AbortController();
    let polls: Poll[] = [];
    let timer = 0;
    let isBusy = false;
    const read = async () => {
      isBusy = true;
      try {
        let after: number | null = polls[0]?.number ?? 0;
        while (after !== null) {
          const path: string = `${store.path}/polls?limit=${PAGE}&after=${after}`;
          const { body }: Answered<Page<Poll>> = await request(path, { signal: reading.signal });
          polls = [...body.items.toReversed(), ...polls].slice(0, MOST);
          after = body.next ?? null;
        }
        setLedger({ polls, error: null, isLoading: false });
      } catch (error) {
        if (!reading.signal.aborted) setLedger({ polls, error, isLoading: false });
      } finally {
        isBusy = false;
      }
    };
    const soon = () => {
      if (timer !== 0) return;
      timer = window.setTimeout(() => {
        timer = 0;
        if (isBusy) soon();
        else void read();
      }, REST);
    };
    const stop = store.listen((events) => {
      // What a poll did to sessions is told after it.
      if (events.some(({ type }) => type.startsWith("poll.") || type === "enforcement.completed")) soon();
    });
    void read();
    return () => {
      reading.abort();
      stop();
      clearTimeout(timer);
    };
  }, [store, epoch]);
  return ledger;
}
