// What the policy says of somebody: asked when the question is another, and when the policy is.
import { useEffect, useState } from "preact/hooks";

import { request } from "../api/request";
import type { Event, ExplainRequest, Explanation } from "../api/types";
import { live } from "./current";

/** What these say can change what the policy says. */
const CHANGES = /^(policy|build)\.|^store\.(started|stopped|restored)$/;

/** Least time between two questions, in milliseconds. */
const REST = 250;

export interface Explained {
  explanation: Explanation | null;
  error: unknown;
  reload: () => void;
}

export function useExplanation(body: ExplainRequest): Explained {
  const text = JSON.stringify(body);
  const [told, setTold] = useState<{ text: string; explanation: Explanation | null; error: unknown }>({ text: "", explanation: null, error: null });
  const [turn, setTurn] = useState(0);
  const store = live.value;
  const epoch = store.generation.value;
  useEffect(() => {
    const asking = new AbortController();
    request<Explanation>(`${store.path}/policy/explain`, { method: "POST", body, signal: asking.signal }).then(
      ({ body: explanation }) => setTold({ text, explanation, error: null }),
      (error) => {
        if (!asking.signal.aborted) setTold({ text, explanation: null, error });
      },
    );
    return () => asking.abort();
  }, [store, text, turn, epoch]);
  useEffect(() => {
    let timer = 0;
    const isAbout = (event: Event) =>
      CHANGES.test(event.type) || ("session" in event && event.session != null && event.session === body.session);
    const stop = store.listen((events) => {
      if (timer !== 0 || !events.some(isAbout)) return;
      timer = window.setTimeout(() => {
        timer = 0;
        setTurn((number) => number + 1);
      }, REST);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [store, text]);
  const reload = () => setTurn((number) => number + 1);
  return told.text === text ? { ...told, reload } : { explanation: null, error: null, reload };
}
