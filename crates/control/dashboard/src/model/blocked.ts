// Whom the policy in force forbids among the live sessions: the server decides, and is asked again now and then.
import { useEffect, useRef, useState } from "preact/hooks";

import { everyPage } from "../api/request";
import type { Cursor, Session } from "../api/types";
import { at } from "../router";
import { live } from "./current";

export interface Blocked {
  ids: ReadonlySet<number>;
  /** The place that this was so at; empty before the first answer. */
  cursor: Cursor;
  error: unknown;
}

const NOBODY: Blocked = { ids: new Set(), cursor: "", error: null };

/** Least time between two questions while sessions come and go, in milliseconds. */
const REST = 2000;

/** Asks when `asks` is so: at once when the policy is another, and otherwise when `version` has moved, every two seconds at most. */
export function useBlocked(asks: boolean, version: string): Blocked {
  const [blocked, setBlocked] = useState(NOBODY);
  const [turn, setTurn] = useState(0);
  const asked = useRef(0);
  const store = live.value;
  const about = store.store.value;
  const policy = `${store.generation.value} ${about?.generation} ${about?.settings.policy_mode} ${about?.settings.build}`;

  useEffect(() => {
    setBlocked(NOBODY);
  }, [store, at.value]);

  useEffect(() => {
    if (!asks) return undefined;
    const reading = new AbortController();
    asked.current = Date.now();
    const query = new URLSearchParams({ q: "is:blocked" });
    if (at.peek() !== null) query.set("at", at.peek() ?? "");
    const ids = new Set<number>();
    const read = everyPage<Session>(
      `${store.path}/sessions?${query}`,
      (items) => {
        for (const { id } of items) ids.add(id);
      },
      reading.signal,
    );
    read.then(
      (cursor) => setBlocked({ ids, cursor, error: null }),
      (error) => {
        if (!reading.signal.aborted) setBlocked((before) => ({ ...before, error }));
      },
    );
    return () => reading.abort();
  }, [asks, store, at.value, policy, turn]);

  useEffect(() => {
    if (!asks) return undefined;
    const timer = window.setTimeout(() => setTurn((number) => number + 1), Math.max(0, asked.current + REST - Date.now()));
    return () => clearTimeout(timer);
  }, [asks, version]);
  return blocked;
}
