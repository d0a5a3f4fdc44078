// What the policy says of somebody: asked when the question is another, and when the policy is.
import { useState } from "preact/hooks";

import { request } from "../api/request";
import type { Event, ExplainRequest, Explanation } from "../api/types";
import { live } from "./current";
import { useRereading } from "./rereading";

/** What these say can change what the policy says. */
const CHANGES = /^(policy|build)\.|^store\.(started|stopped|restored)$/;

/** Least time between an answer and the next question, in milliseconds. */
const REST = 250;

export interface Explained {
  explanation: Explanation | null;
  error: unknown;
  reload: () => void;
}

export function useExplanation(body: ExplainRequest): Explained {
  const path = `${live.value.path}/policy/explain`;
  const asked = `${path} ${JSON.stringify(body)}`;
  const [told, setTold] = useState<{ asked: string; explanation: Explanation | null; error: unknown }>({ asked: "", explanation: null, error: null });
  const ask = async (signal: AbortSignal) => {
    try {
      const { body: explanation } = await request<Explanation>(path, { method: "POST", body, signal });
      if (!signal.aborted) setTold({ asked, explanation, error: null });
    } catch (error) {
      if (!signal.aborted) setTold({ asked, explanation: null, error });
    }
  };
  const isAbout = (event: Event) =>
    CHANGES.test(event.type) || ("session" in event && event.session != null && event.session === body.session);
  const reload = useRereading(ask, [asked], { rest: REST, changedBy: (events) => events.some(isAbout) });
  return told.asked === asked ? { ...told, reload } : { explanation: null, error: null, reload };
}
