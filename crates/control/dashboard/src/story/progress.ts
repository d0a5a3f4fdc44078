// How far the story has come, and in which store.
import { computed, effect, signal } from "@preact/signals";

import { epochOf, seqOf } from "../api/journal";
import { RequestError, request } from "../api/request";
import type { Cursor, Event, Page } from "../api/types";
import { live } from "../model/current";
import { follow } from "../model/following";
import { place } from "../router";
import { STEPS, stepsDone } from "./steps";

/** Where in the journal the story began; null when none is told. */
export const storyBegan = computed(() => place.value.query.get("story"));

/** Steps that are done; null while they are counted. */
export const stepDone = signal<number | null>(null);

/** What the story has to say when it can't go on. */
export const storyTrouble = signal<string | null>(null);

/** Whether the page itself has seen the step done: the decision is open. */
function isSeen(step: number): boolean {
  const { screen, query } = place.peek();
  return STEPS[step]?.screen === "why" && screen === "why" && query.has("decision");
}

/** Follows the journal from where the story began. */
export function followStory(): void {
  effect(() => {
    const began = storyBegan.value;
    const store = live.value;
    const epoch = store.generation.value;
    stepDone.value = null;
    storyTrouble.value = null;
    if (began === null || epoch === 0) return undefined;
    if (epochOf(began) !== epochOf(store.cursor)) {
      storyTrouble.value = "The store was reset or restored since the story began.";
      return undefined;
    }
    let counted = 0;
    const count = (events: Event[]) => {
      counted = Math.max(stepDone.peek() ?? 0, stepsDone(events, counted, isSeen));
      stepDone.value = counted;
    };
    return follow(store, {
      read: async (signal) => {
        counted = 0;
        const last = await readAfter(store.path, began, signal, (events) => {
          if (!signal.aborted) count(events);
        });
        if (!signal.aborted) storyTrouble.value = null;
        return last;
      },
      take: count,
      failed: (error) => {
        const isGone = error instanceof RequestError && error.status === 410;
        storyTrouble.value = isGone ? "The journal no longer has the beginning of the story." : "The journal can't be read now.";
      },
    });
  });
  // The step that the page sees itself.
  effect(() => {
    void place.value;
    const done = stepDone.peek();
    if (done !== null && done < STEPS.length && !STEPS[done]?.isDone && isSeen(done)) stepDone.value = done + 1;
  });
}

/** Reads the entries after a place. The answer is the last of them. */
async function readAfter(path: string, after: Cursor, signal: AbortSignal, each: (events: Event[]) => void): Promise<number> {
  for (let cursor = after; ; ) {
    const { body } = await request<Page<Event, Cursor> & { more: boolean }>(`${path}/events?after=${cursor}&limit=1000`, { signal });
    each(body.items);
    const last = body.items.at(-1)?.seq ?? seqOf(cursor);
    if (!body.more || typeof body.next !== "string") return last;
    cursor = body.next;
  }
}
