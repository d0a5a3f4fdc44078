// A resource of the store that a screen shows: read when it is opened, and again when an entry of the journal says that it has
// changed.
import { useEffect, useRef, useState } from "preact/hooks";

import { request } from "../api/request";
import type { Cursor, Event } from "../api/types";
import { live } from "./current";

export interface Resource<Body> {
  /** What was read last; it stays while it is read again. */
  body: Body | null;
  cursor: Cursor;
  etag: string | null;
  error: unknown;
  isLoading: boolean;
  reload: () => void;
}

/** Least time between two reads that entries ask for, in milliseconds. */
const REST = 250;

/**
 * Reads `path` (below the server; null reads nothing). `changedBy` says whether an entry changes it: a regular expression for
 * its type, or a function.
 */
export function useResource<Body>(
  path: string | null,
  changedBy?: RegExp | ((event: Event) => boolean),
): Resource<Body> {
  const [state, setState] = useState<Omit<Resource<Body>, "reload"> & { path: string | null }>({
    path: null,
    body: null,
    cursor: "",
    etag: null,
    error: null,
    isLoading: true,
  });
  const [turn, setTurn] = useState(0);
  const changes = useRef(changedBy);
  changes.current = changedBy;
  const store = live.value;
  // A new epoch changes everything.
  const epoch = store.generation.value;

  useEffect(() => {
    if (path === null) return undefined;
    const reading = new AbortController();
    request<Body>(path, { signal: reading.signal }).then(
      ({ body, cursor, etag }) => setState({ path, body, cursor, etag, error: null, isLoading: false }),
      (error) => {
        if (!reading.signal.aborted) setState((before) => ({ ...before, path, error, isLoading: false }));
      },
    );
    return () => reading.abort();
  }, [path, turn, epoch]);

  useEffect(() => {
    let timer = 0;
    const stop = store.listen((events) => {
      const changed = changes.current;
      if (!changed || timer !== 0) return;
      const isHit = typeof changed === "function" ? changed : (event: Event) => changed.test(event.type);
      if (!events.some(isHit)) return;
      timer = window.setTimeout(() => {
        timer = 0;
        setTurn((number) => number + 1);
      }, REST);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [store]);

  const reload = () => setTurn((number) => number + 1);
  // What was read for another path is not shown for this one.
  if (state.path !== path) {
    return { body: null, cursor: "", etag: null, error: null, isLoading: path !== null, reload };
  }
  return { ...state, reload };
}
