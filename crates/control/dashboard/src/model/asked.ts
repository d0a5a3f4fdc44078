// What the server said of a text while it is typed, and what may be done on the strength of it.
import type { Cursor } from "../api/types";

export interface Asked<Body> {
  body: Body | null;
  /** The text that it is about; null is that of the registry. */
  text: string | null;
  error: unknown;
}

/** A question about a text has failed. What is known of another text says nothing about this one, and goes. */
export function failed<Body>(before: Asked<Body>, text: string | null, error: unknown): Asked<Body> {
  return before.text === text ? { ...before, error } : { body: null, text, error };
}

/** What a change is sent with that is made only if nothing has happened since its preview. */
export interface Guard {
  /** The place that the store has to be at; null is any. */
  cursor: Cursor | null;
  /** Whether it has to wait, since there is no preview of the text yet. */
  waits: boolean;
}

export function guardOf(isGuarded: boolean, preview: Asked<{ cursor: Cursor }>, text: string | null): Guard {
  if (!isGuarded) return { cursor: null, waits: false };
  const cursor = preview.text === text ? (preview.body?.cursor ?? null) : null;
  return { cursor, waits: cursor === null };
}
