// Names and versions of the clients that are connected, offered for the list that does not have them yet.
import { useMemo, useState } from "preact/hooks";

import type { BlockList, Item } from "../api/types";
import { holderOf, holdsProgram, programItem, versionItem } from "../model/block_lists";
import { live } from "../model/current";
import { counted } from "../model/text";
import { visible } from "../model/visible";
import { liveVersions, useSessionsNow } from "./policy_now";

/** Offers that are shown before somebody asks for more, and then. */
const FEW = 8;
const MOST = 200;

interface Offer {
  /** What is added to the list. */
  item: string;
  sessions: number;
}

export function Offers({ list, items, onAdd }: { list: BlockList; items: Item[]; onAdd: (item: string) => void }) {
  const [isAll, setIsAll] = useState(false);
  const version = useSessionsNow();
  const offers = useMemo(() => (list === "processes" ? programs(items) : versions(items)), [list, items, version]);
  if (offers.length === 0) return null;
  const seen = offers.slice(0, isAll ? MOST : FEW);
  const id = `policy-${list}-offers`;
  return (
    <div class="policy-items">
      <h3 id={id}>{list === "processes" ? "Connected, and not on the list" : "Connected versions that it does not hold"}</h3>
      <ul class="policy-chips" aria-labelledby={id}>
        {seen.map(({ item, sessions }) => (
          <li key={item}>
            <button type="button" class="policy-chip policy-offer" onClick={(event) => add(event.currentTarget, item)}>
              <span aria-hidden="true">+</span>
              <span class="unseen">Add </span>
              <code>{visible(item)}</code>
              <span class="hint">{counted(sessions, "session")}</span>
            </button>
          </li>
        ))}
      </ul>
      {seen.length < offers.length && !isAll && (
        <button type="button" onClick={() => setIsAll(true)}>
          Show {Math.min(MOST, offers.length) - seen.length} more
        </button>
      )}
    </div>
  );

  /** The chip goes with the press: the focus goes to the one beside it, or to the text. */
  function add(button: HTMLElement, item: string): void {
    const place = button.closest("li");
    const beside = (place?.nextElementSibling ?? place?.previousElementSibling)?.querySelector("button");
    onAdd(item);
    (beside ?? document.getElementById(`policy-${list}-text`))?.focus();
  }
}

function programs(items: Item[]): Offer[] {
  const counts = new Map<string, number>();
  for (const [name, sessions] of live.peek().byProcess) {
    const item = programItem(name);
    if (item !== null) counts.set(item, (counts.get(item) ?? 0) + sessions);
  }
  return sorted([...counts].filter(([item]) => !holdsProgram(items, item)));
}

function versions(items: Item[]): Offer[] {
  const counts = new Map<string, number>();
  for (const [version, sessions] of liveVersions()) {
    const item = versionItem(version);
    // Exchange's own components report 6.x: whoever wants them on the list has to write it.
    if (item !== null && !version.startsWith("6.") && !holderOf(items, version)) counts.set(item, sessions);
  }
  return sorted([...counts]);
}

function sorted(counts: [string, number][]): Offer[] {
  return counts
    .map(([item, sessions]) => ({ item, sessions }))
    .sort((left, right) => right.sessions - left.sessions || left.item.localeCompare(right.item));
}
