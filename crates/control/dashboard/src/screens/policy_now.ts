// Who is connected now, whatever past is looked at: what is offered for a list, and drawn over it. Counted a few times a second.
import { useEffect, useState } from "preact/hooks";

import { live } from "../model/current";

/** Milliseconds between two counts. */
const REST = 250;

/** Another number when sessions have changed. */
export function useSessionsNow(): string {
  const store = live.value;
  const [version, setVersion] = useState(store.version.peek());
  useEffect(() => {
    let timer = 0;
    const stop = store.version.subscribe(() => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        setVersion(store.version.peek());
      }, REST);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [store]);
  return `${store.name} ${version}`;
}

/** Live sessions by the version of their client. */
export function liveVersions(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { client_version: version } of live.peek().sessions.values()) counts.set(version, (counts.get(version) ?? 0) + 1);
  return counts;
}
