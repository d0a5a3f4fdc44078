// How many entries of each type there were: asked once, and counted on as they come.
import { useEffect, useRef, useState } from "preact/hooks";

import { seqOf } from "../api/journal";
import { request } from "../api/request";
import type { EventTotals } from "../api/types";
import { live } from "./current";
import { follow } from "./following";

/** Milliseconds between two times that they are drawn. */
const REST = 500;

export interface Totals {
  byType: Record<string, number>;
  total: number;
  /** Entries that had left the journal when it was asked. */
  evicted: number;
  firstAvailable: number;
}

export function useTotals(): Totals | null {
  const [, draw] = useState(0);
  const totals = useRef<Totals | null>(null);
  const store = live.value;
  const epoch = store.generation.value;
  useEffect(() => {
    if (epoch === 0) return undefined;
    let timer = 0;
    const soon = (wait: number) => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        draw((number) => number + 1);
      }, wait);
    };
    const stop = follow(store, {
      read: async (signal) => {
        const { body, cursor } = await request<EventTotals>(`${store.path}/events/totals`, { signal });
        if (!signal.aborted) {
          totals.current = { byType: { ...body.by_type }, total: body.total, evicted: body.evicted, firstAvailable: seqOf(body.first_available) };
          soon(0);
        }
        return seqOf(cursor);
      },
      take: (events) => {
        const held = totals.current;
        if (!held) return;
        held.total += events.length;
        for (const { type } of events) held.byType[type] = (held.byType[type] ?? 0) + 1;
        soon(REST);
      },
      // The screen tells when the journal can't be read.
    });
    return () => {
      stop();
      clearTimeout(timer);
      totals.current = null;
    };
  }, [store, epoch]);
  return totals.current;
}
