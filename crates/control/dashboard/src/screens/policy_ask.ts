// What the server says of a text while it is typed: what it means, and whom it would cut off.
import { useEffect, useRef, useState } from "preact/hooks";

import { request } from "../api/request";
import { seqOf } from "../api/journal";
import type { BlockList, ListMeaning, Preview, Validation } from "../api/types";
import { type Asked, failed } from "../model/asked";
import { live } from "../model/current";

/** Milliseconds after the last key until it is asked. */
const PAUSE = 150;

/** Least time between two previews of one text while the store moves, in milliseconds. */
const REST = 500;

/** Sessions of a preview that are shown at the most. */
export const MOST_SHOWN = 200;

/** After these, another text may be in force, or another build. */
const MEANS_ANEW = /^(policy|build|store)\./;

/** What a text means. The last answer stays until the next; answers that come late are not heard. */
export function useMeaning(list: BlockList, text: string): Asked<ListMeaning> {
  const store = live.value;
  const [asked, setAsked] = useState<Asked<ListMeaning>>({ body: null, text: null, error: null });
  const [turn, setTurn] = useState(0);
  const isFirst = useRef(true);
  useEffect(() => store.listen((events) => {
    if (events.some(({ type }) => MEANS_ANEW.test(type))) setTurn((number) => number + 1);
  }), [store]);
  useEffect(() => {
    const asking = new AbortController();
    const ask = async () => {
      try {
        const { body } = await request<Validation>(`${store.path}/policy/validate`, {
          method: "POST",
          body: { [list]: text },
          signal: asking.signal,
        });
        setAsked({ body: body[list] ?? null, text, error: null });
      } catch (error) {
        if (!asking.signal.aborted) setAsked((before) => ({ ...before, error }));
      }
    };
    const timer = setTimeout(ask, isFirst.current ? 0 : PAUSE);
    isFirst.current = false;
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [store, list, text, turn]);
  return asked;
}

export interface PreviewAsked extends Asked<Preview> {
  /** Whether the store has moved since, or the text is another. */
  isStale: boolean;
  again: () => void;
}

/** Whom a list would cut off. `text` null is the registry as it is. It is asked again as the store moves. */
export function usePreview(list: BlockList, text: string | null): PreviewAsked {
  const store = live.value;
  const [asked, setAsked] = useState<Asked<Preview>>({ body: null, text: null, error: null });
  const soon = useRef<(wait: number) => void>(() => undefined);
  const isFirst = useRef(true);
  useEffect(() => {
    const asking = new AbortController();
    let timer = 0;
    let isAsking = false;
    let wants = false;
    const ask = async () => {
      timer = 0;
      isAsking = true;
      wants = false;
      try {
        const { body } = await request<Preview>(`${store.path}/policy/preview?limit=${MOST_SHOWN}`, {
          method: "POST",
          body: text === null ? {} : { [list]: text },
          signal: asking.signal,
        });
        setAsked({ body, text, error: null });
      } catch (error) {
        if (!asking.signal.aborted) setAsked((before) => failed(before, text, error));
      }
      isAsking = false;
      if (wants && !asking.signal.aborted) schedule(REST);
    };
    const schedule = (wait: number) => {
      if (isAsking) wants = true;
      else if (timer === 0) timer = window.setTimeout(ask, wait);
    };
    soon.current = schedule;
    schedule(isFirst.current ? 0 : PAUSE);
    isFirst.current = false;
    const stop = store.listen(() => schedule(REST));
    return () => {
      stop();
      clearTimeout(timer);
      asking.abort();
    };
  }, [store, list, text, store.generation.value]);
  void store.version.value;
  const isStale = !asked.body || asked.text !== text || isBehind(asked.body.cursor, store.cursor);
  return { ...asked, isStale, again: () => soon.current(0) };
}

function isBehind(preview: string, store: string): boolean {
  const [epoch, now] = [preview.split("-")[0], store.split("-")[0]];
  return epoch !== now || seqOf(preview) < seqOf(store);
}
