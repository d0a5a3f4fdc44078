// How far the story has come, and in which store.
import { computed, effect, signal } from "@preact/signals";

import { epochOf, seqOf } from "../api/journal";
import { request } from "../api/request";
import type { Cursor, Event, Page } from "../api/types";
import { live } from "../model/current";
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
  let stop = () => {};
  effect(() => {
    const began = storyBegan.value;
    const store = live.value;
    const epoch = store.generation.value;
    stop();
    stepDone.value = null;
    storyTrouble.value = null;
    if (began === null || epoch === 0) return;
    if (epochOf(began) !== epochOf(store.cursor)) {
      storyTrouble.value = "The store was reset or restored since the story began.";
      return;
    }
    let isOver = false;
    let counted = 0;
    let place: Cursor = began;
    // Entries that come while the first are read.
    const early: Event[] = [];
    let take = (events: Event[]): void => {
      early.push(...events);
    };
    const unlisten = store.listen((events) => take(events));
    stop = () => {
      isOver = true;
      unlisten();
    };
    const count = (events: Event[]) => {
      const fresh = events.filter((event) => seqOf(place) < event.seq);
      const last = fresh.at(-1);
      if (last) place = `${epochOf(place)}-${last.seq}`;
      counted = Math.max(stepDone.peek() ?? 0, stepsDone(fresh, counted, isSeen));
      stepDone.value = counted;
    };
    void readAfter(store.path, began, (events) => {
      if (!isOver) count(events);
    }).then(
      () => {
        if (isOver) return;
        take = count;
        count(early);
      },
      () => {
        storyTrouble.value = "The journal no longer has the beginning of the story.";
      },
    );
  });
  // The step that the page sees itself.
  effect(() => {
    void place.value;
    const done = stepDone.peek();
    if (done !== null && done < STEPS.length && !STEPS[done]?.isDone && isSeen(done)) stepDone.value = done + 1;
  });
}

async function readAfter(path: string, after: Cursor, each: (events: Event[]) => void): Promise<void> {
  for (let cursor = after; ; ) {
    const { body } = await request<Page<Event, Cursor> & { more: boolean }>(`${path}/events?after=${cursor}&limit=1000`);
    each(body.items);
    if (!body.more || typeof body.next !== "string") return;
    cursor = body.next;
  }
}
