// Texts that somebody has begun to change and not applied. They outlive the screen, and nothing that comes from the store is
// written over them.
import { signal } from "@preact/signals";

import type { BlockList } from "../api/types";

export interface Draft {
  text: string;
  /** What the registry had when it was begun; null is no value. */
  base: string | null;
}

const drafts = signal<ReadonlyMap<string, Draft>>(new Map());

const keyOf = (store: string, list: BlockList) => `${list} ${store}`;

export function draftOf(store: string, list: BlockList): Draft | null {
  return drafts.value.get(keyOf(store, list)) ?? null;
}

export function keepDraft(store: string, list: BlockList, draft: Draft | null): void {
  const changed = new Map(drafts.value);
  if (draft === null) changed.delete(keyOf(store, list));
  else changed.set(keyOf(store, list), draft);
  drafts.value = changed;
}
