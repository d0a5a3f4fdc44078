// The store that the page is about. There is one at a time, by the place in the URL.
import { computed, effect, signal } from "@preact/signals";

import { request } from "../api/request";
import type { Info } from "../api/types";
import { storeName } from "../router";
import { LiveStore } from "./live";

export const live = signal(new LiveStore(storeName.peek()));

/** What the server is; null until it has said so. */
export const info = signal<Info | null>(null);

/** This machine's time, told four times a second while somebody looks: for clocks and countdowns alone. */
export const tick = signal(Date.now());

/** Store time now, in milliseconds. */
export const storeNow = computed(() => {
  // A clock that moves is read with each tick; one that stands, when it is told to go.
  const { clock } = live.value;
  return clock.value ? live.value.now(tick.value) : tick.value;
});

/** Begins to follow the store, and changes to another with the URL. */
export function follow(): void {
  effect(() => {
    const name = storeName.value;
    if (live.peek().name !== name) {
      live.peek().stop();
      live.value = new LiveStore(name);
    }
    void live.peek().start();
  });
  setInterval(() => {
    if (!document.hidden) tick.value = Date.now();
  }, 250);
  void request<Info>("/v1/info").then(
    ({ body }) => {
      info.value = body;
    },
    () => undefined,
  );
}
