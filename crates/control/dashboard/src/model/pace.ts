// What changes with every entry, and costs something to draw, is drawn with this: it follows the store at most four times a
// second.
import { effect, signal } from "@preact/signals";

import { live } from "./current";

/** Least time between two, in milliseconds. */
const REST = 250;

/** Moves when the store has changed since it moved last, and never twice in a REST. */
export const paced = signal(0);

let last = 0;
let timer = 0;
let followed: unknown = null;

function move(): void {
  clearTimeout(timer);
  timer = 0;
  last = performance.now();
  paced.value = paced.peek() + 1;
}

/** Begins to follow. */
export function followAtAPace(): void {
  effect(() => {
    const store = live.value;
    void store.version.value;
    // Another store is not waited for, and neither is a store that has been still.
    const wait = followed === store ? REST - (performance.now() - last) : 0;
    followed = store;
    if (wait <= 0) move();
    else if (timer === 0) timer = window.setTimeout(move, wait);
  });
}
