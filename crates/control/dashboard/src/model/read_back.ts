// The newest entries of a list that the server has oldest first: windows of the journal are read backwards, wider each time.
import { request } from "../api/request";
import type { Cursor } from "../api/types";

/** A page of entries, or of what is said of them. */
export interface JournalPage<Item> {
  items: Item[];
  next: Cursor;
  more: boolean;
}

export interface Window {
  /** The list, without a query. */
  path: string;
  /** Filters, as the server takes them. */
  query: Record<string, string>;
  epoch: number;
  /** Entries up to this one are wanted. */
  end: number;
  /** What the journal begins after. */
  oldest: number;
  /** How many are wanted at the least, where there are so many. */
  wanted: number;
}

export interface ReadBack<Item> {
  items: Item[];
  /** Everything after this place, up to the end, has been looked at. */
  from: number;
}

const PAGE = 1000;

/** Reads at least so many entries, or all there are. `seqOf` tells an entry's place; `isWanted` passes what no filter of the server's can. */
export async function readBack<Item>(
  window: Window,
  seqOf: (item: Item) => number,
  signal?: AbortSignal,
  isWanted: (item: Item) => boolean = () => true,
): Promise<ReadBack<Item>> {
  const { path, query, epoch, end, oldest, wanted } = window;
  let found: Item[] = [];
  let upTo = end;
  let width = wanted;
  while (found.length < wanted && oldest < upTo) {
    const from = Math.max(oldest, upTo - width);
    found = [...(await between(from, upTo)).filter(isWanted), ...found];
    upTo = from;
    width *= 4;
  }
  return { items: found, from: upTo };

  async function between(from: number, last: number): Promise<Item[]> {
    const items: Item[] = [];
    let after: Cursor = `${epoch}-${from}`;
    for (;;) {
      const asked = new URLSearchParams({ ...query, after, limit: String(Math.min(PAGE, last - from)) });
      const { body } = await request<JournalPage<Item>>(`${path}?${asked}`, signal ? { signal } : {});
      const mine = body.items.filter((item) => seqOf(item) <= last);
      items.push(...mine);
      if (mine.length < body.items.length || !body.more) return items;
      after = body.next;
    }
  }
}
