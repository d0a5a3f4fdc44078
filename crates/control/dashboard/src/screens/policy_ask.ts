// What the server says of a text while it is typed: what it means, and whom it would cut off.
import { computed } from "@preact/signals";
import { useMemo, useRef, useState } from "preact/hooks";

import { request } from "../api/request";
import { seqOf } from "../api/journal";
import type { BlockList, ListMeaning, Preview, Validation } from "../api/types";
import { type Asked, failed } from "../model/asked";
import { live } from "../model/current";
import { useRereading } from "../model/rereading";

/** Milliseconds after the last key until it is asked. */
const PAUSE = 150;

/** Least time between two previews of one text while the store moves, in milliseconds, and of the registry as it is. */
const REST = 500;
const REST_UNCHANGED = 2000;

/** Sessions of a preview that are shown at the most. */
export const MOST_SHOWN = 200;

/** After these, another text may be in force, or another build. */
const MEANS_ANEW = /^(policy|build|store)\./;

/** What a text means. The last answer stays until the next; answers that come late are not heard. */
export function useMeaning(list: BlockList, text: string): Asked<ListMeaning> {
  const store = live.value;
  const [asked, setAsked] = useState<Asked<ListMeaning>>({ body: null, text: null, error: null });
  const isFirst = useRef(true);
  const ask = async (signal: AbortSignal) => {
    isFirst.current = false;
    try {
      const { body } = await request<Validation>(`${store.path}/policy/validate`, { method: "POST", body: { [list]: text }, signal });
      if (!signal.aborted) setAsked({ body: body[list] ?? null, text, error: null });
    } catch (error) {
      if (!signal.aborted) setAsked((before) => ({ ...before, error }));
    }
  };
  useRereading(ask, [list, text], {
    first: isFirst.current ? 0 : PAUSE,
    rest: PAUSE,
    changedBy: (events) => events.some(({ type }) => MEANS_ANEW.test(type)),
  });
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
  const isFirst = useRef(true);
  const ask = async (signal: AbortSignal) => {
    isFirst.current = false;
    try {
      const body = text === null ? {} : { [list]: text };
      const answer = await request<Preview>(`${store.path}/policy/preview?limit=${MOST_SHOWN}`, { method: "POST", body, signal });
      if (!signal.aborted) setAsked({ body: answer.body, text, error: null });
    } catch (error) {
      if (!signal.aborted) setAsked((before) => failed(before, text, error));
    }
  };
  const again = useRereading(ask, [list, text], { first: isFirst.current ? 0 : PAUSE, rest: text === null ? REST_UNCHANGED : REST, changedBy: () => true });
  // Whoever shows it is drawn when this becomes another, and not with every entry.
  const isStale = useMemo(
    () =>
      computed(() => {
        void store.version.value;
        return !asked.body || asked.text !== text || isBehind(asked.body.cursor, store.cursor);
      }),
    [store, asked, text],
  );
  return { ...asked, isStale: isStale.value, again };
}

function isBehind(preview: string, store: string): boolean {
  const [epoch, now] = [preview.split("-")[0], store.split("-")[0]];
  return epoch !== now || seqOf(preview) < seqOf(store);
}
