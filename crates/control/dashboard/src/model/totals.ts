// How many entries of each type there were: asked once, and counted on as they come.
import { useEffect, useRef, useState } from "preact/hooks";

import { seqOf } from "../api/journal";
import { request } from "../api/request";
import type { EventTotals } from "../api/types";
import { live } from "./current";

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
    const reading = new AbortController();
    let timer = 0;
    let counted = Number.MAX_SAFE_INTEGER;
    const soon = () => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        draw((number) => number + 1);
      }, REST);
    };
    const stop = store.listen((events) => {
      const held = totals.current;
      if (!held) return;
      for (const { seq, type } of events) {
        if (seq <= counted) continue;
        counted = seq;
        held.total += 1;
        held.byType[type] = (held.byType[type] ?? 0) + 1;
      }
      soon();
    });
    request<EventTotals>(`${store.path}/events/totals`, { signal: reading.signal }).then(
      ({ body, cursor }) => {
        counted = seqOf(cursor);
        totals.current = { byType: { ...body.by_type }, total: body.total, evicted: body.evicted, firstAvailable: seqOf(body.first_available) };
        draw((number) => number + 1);
      },
      // The screen tells when the journal can't be read.
      () => undefined,
    );
    return () => {
      reading.abort();
      stop();
      clearTimeout(timer);
      totals.current = null;
    };
  }, [store, epoch]);
  return totals.current;
}
