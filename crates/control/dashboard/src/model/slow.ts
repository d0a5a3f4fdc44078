// What is derived from all of a store's sessions or entries is derived a few times a second, however often they change.
import { useEffect, useState } from "preact/hooks";

import { at } from "../router";
import { live } from "./current";
import type { SessionRow } from "./live";
import { past } from "./view";

/** A past that is not read yet. */
const NOBODY = { sessions: new Map<number, SessionRow>(), byProcess: new Map<string, number>() };

/** Milliseconds between two derivations: about as often as somebody can read. */
const REST = 250;

export interface Slowly {
  /** Another when the sessions have changed: what is derived from them is derived anew. */
  version: string;
  sessions: ReadonlyMap<number, SessionRow>;
  byProcess: ReadonlyMap<string, number>;
}

/** The sessions that are looked at. Whoever draws them is drawn again when they have changed, at most four times a second. */
export function useSessionsSlowly(): Slowly {
  const store = live.value;
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let timer = 0;
    let last = 0;
    const move = () => {
      timer = 0;
      last = Date.now();
      setVersion((number) => number + 1);
    };
    // The first is called at once, and what is drawn already has seen that.
    let isFirst = true;
    const stop = store.version.subscribe(() => {
      if (isFirst || timer !== 0 || at.peek() !== null) {
        isFirst = false;
        return;
      }
      timer = window.setTimeout(move, Math.max(0, last + REST - Date.now()));
    });
    const stopPast = past.subscribe(() => setVersion((number) => number + 1));
    return () => {
      stop();
      stopPast();
      clearTimeout(timer);
    };
  }, [store]);
  // Another store, or another time, is another state at once.
  const then = at.value === null ? null : (past.value ?? NOBODY);
  const { sessions, byProcess } = then ?? store;
  return { version: `${version} ${store.name} ${store.generation.value} ${at.value}`, sessions, byProcess };
}
