// Whom the policy in force forbids among the live sessions: the server decides, and is asked again now and then.
import { useEffect, useState } from "preact/hooks";

import { everyPage } from "../api/request";
import type { Cursor, Session } from "../api/types";
import { at } from "../router";
import { live } from "./current";
import { useRereading } from "./rereading";

export interface Blocked {
  ids: ReadonlySet<number>;
  /** The place that this was so at; empty before the first answer. */
  cursor: Cursor;
  error: unknown;
}

const NOBODY: Blocked = { ids: new Set(), cursor: "", error: null };

/** Least time between an answer and the next question while sessions come and go, in milliseconds. */
const REST = 2000;

/** Asks when `asks` is so: at once when the policy is another, and otherwise after entries about sessions. */
export function useBlocked(asks: boolean): Blocked {
  const [blocked, setBlocked] = useState(NOBODY);
  const store = live.value;
  const about = store.store.value;
  const policy = `${about?.generation} ${about?.settings.policy_mode} ${about?.settings.build}`;
  const when = at.value;

  useEffect(() => {
    setBlocked(NOBODY);
  }, [store, when]);

  const ask = async (signal: AbortSignal) => {
    const query = new URLSearchParams({ q: "is:blocked" });
    if (when !== null) query.set("at", when);
    const ids = new Set<number>();
    try {
      const cursor = await everyPage<Session>(
        `${store.path}/sessions?${query}`,
        (items) => {
          for (const { id } of items) ids.add(id);
        },
        signal,
      );
      if (!signal.aborted) setBlocked({ ids, cursor, error: null });
    } catch (error) {
      if (!signal.aborted) setBlocked((before) => ({ ...before, error }));
    }
  };
  // Who was there in the past does not change.
  const again = useRereading(asks ? ask : null, [asks, when], {
    rest: REST,
    changedBy: (events) => when === null && events.some(({ type }) => type.startsWith("session.")),
  });
  useEffect(again, [policy]);
  return blocked;
}
