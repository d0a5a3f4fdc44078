// What is derived from all of a store's sessions or entries is derived a few times a second, however often they change.
import { at } from "../router";
import { live } from "./current";
import type { SessionRow } from "./live";
import { paced } from "./pace";
import { past } from "./view";

/** A past that is not read yet. */
const NOBODY = { sessions: new Map<number, SessionRow>(), byProcess: new Map<string, number>() };

export interface Slowly {
  /** Another when the sessions have changed: what is derived from them is derived anew. */
  version: string;
  sessions: ReadonlyMap<number, SessionRow>;
  byProcess: ReadonlyMap<string, number>;
}

/** The sessions that are looked at. Whoever draws them is drawn again when they have changed, at most four times a second. */
export function useSessionsSlowly(): Slowly {
  const store = live.value;
  const cursor = at.value;
  if (cursor !== null) {
    const { sessions, byProcess } = past.value ?? NOBODY;
    return { version: `${store.name} ${cursor} ${past.value?.cursor}`, sessions, byProcess };
  }
  const { sessions, byProcess } = store;
  return { version: `${store.name} ${paced.value}`, sessions, byProcess };
}
