// A resource of the store that a screen shows: read when it is opened, and again when an entry of the journal says that it has
// changed.
import { useState } from "preact/hooks";

import { request } from "../api/request";
import type { Cursor, Event } from "../api/types";
import { useRereading } from "./rereading";

export interface Resource<Body> {
  /** What was read last; it stays while it is read again. */
  body: Body | null;
  cursor: Cursor;
  etag: string | null;
  error: unknown;
  isLoading: boolean;
  reload: () => void;
}

/** Least time between an answer and a read that entries ask for, in milliseconds. */
const REST = 250;

/** How often it is read again what no entry tells of, in milliseconds. */
export const NOW_AND_THEN = 5_000;

const NOTHING = { body: null, cursor: "", etag: null, error: null, isLoading: false };

/**
 * Reads `path` (below the server; null reads nothing). `changedBy` says whether an entry changes it: a regular expression for
 * its type, or a function; where no entry tells, `every` says after how many milliseconds it is read again.
 */
export function useResource<Body>(
  path: string | null,
  changedBy?: RegExp | ((event: Event) => boolean),
  every?: number,
): Resource<Body> {
  const [state, setState] = useState<Omit<Resource<Body>, "reload"> & { path: string | null }>({ ...NOTHING, path: null });
  const read = async (signal: AbortSignal) => {
    if (path === null) return;
    try {
      const { body, cursor, etag } = await request<Body>(path, { signal });
      if (!signal.aborted) setState({ path, body, cursor, etag, error: null, isLoading: false });
    } catch (error) {
      // What was read of it stays, and what was read of another path is no answer for this one.
      if (!signal.aborted) setState((before) => ({ ...(before.path === path ? before : NOTHING), path, error }));
    }
  };
  const isHit = typeof changedBy === "function" ? changedBy : (event: Event) => changedBy?.test(event.type) ?? false;
  const reload = useRereading(path === null ? null : read, [path], {
    rest: REST,
    changedBy: (events) => events.some(isHit),
    ...(every === undefined ? {} : { every }),
  });
  if (state.path !== path) return { ...NOTHING, isLoading: path !== null, reload };
  return { ...state, reload };
}
