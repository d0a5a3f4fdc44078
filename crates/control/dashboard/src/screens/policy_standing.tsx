// How a list stands: what the registry has, what is in force, and what the next poll would change.
import type { BlockListState, PolicyInForce } from "../api/types";
import { differenceOf } from "../model/block_lists";
import { live, storeNow } from "../model/current";
import { countdown, timeOfDay } from "../model/time";
import { visible } from "../model/visible";

type InForce = PolicyInForce["processes"];

export function Standing({ state, inForce }: { state: BlockListState; inForce: InForce | null }) {
  const isHonoured = inForce?.honoured ?? true;
  const change = differenceOf(inForce?.items ?? [], state.items);
  return (
    <div class="policy-standing" id={`policy-${state.list}-standing`} data-in-force={state.in_force}>
      <p class="row">
        <Badge state={state} isHonoured={isHonoured} />
        <Words state={state} inForce={inForce} />
      </p>
      {isHonoured && !state.in_force && <ItemChange {...change} />}
    </div>
  );
}

function Badge({ state, isHonoured }: { state: BlockListState; isHonoured: boolean }) {
  if (!isHonoured) return <span class="badge badge-warn">✗ ignored</span>;
  if (!state.in_force) return <span class="badge badge-warn">◷ waits</span>;
  return state.items.length === 0 ? <span class="badge">– off</span> : <span class="badge badge-good">✓ in force</span>;
}

function Words({ state, inForce }: { state: BlockListState; inForce: InForce | null }) {
  if (state.problem) return <span>The value can't be used, and is as good as none: {visible(state.problem)}</span>;
  if (inForce && !inForce.honoured) {
    return <span>The build that runs does not read this value{state.data == null ? "" : ", so its text blocks nobody"}.</span>;
  }
  if (!state.in_force) return <Waits />;
  if (state.data == null) return <span>There is no value: this list blocks nobody.</span>;
  if (state.items.length === 0) return <span>The text has no items: this list blocks nobody.</span>;
  return <span>The store follows what the registry has.</span>;
}

/** It counts by itself, so that nothing around it has to be drawn again for that. */
function Waits() {
  const next = live.value.store.value?.next_poll;
  if (!next) return <span>The registry has another list than the one in force, and no poll is due.</span>;
  return (
    <span>
      The registry has another list than the one in force: it waits for the next poll at {timeOfDay(next)}, in{" "}
      {countdown(Date.parse(next) - storeNow.value)}.
    </span>
  );
}

interface ItemChangeProps {
  added: string[];
  removed: string[];
}

/** Items of one change that are shown. */
const MOST = 100;

/** Items that come and go, by a sign and a word each. */
export function ItemChange({ added, removed }: ItemChangeProps) {
  const more = Math.max(0, added.length - MOST) + Math.max(0, removed.length - MOST);
  return (
    <ul class="policy-change">
      {added.slice(0, MOST).map((item, place) => (
        <li key={`+${place}`} class="policy-added">
          <span aria-hidden="true">+</span> <span class="unseen">added: </span>
          <code>{visible(item)}</code>
        </li>
      ))}
      {removed.slice(0, MOST).map((item, place) => (
        <li key={`-${place}`} class="policy-removed">
          <span aria-hidden="true">−</span> <span class="unseen">removed: </span>
          <code>{visible(item)}</code>
        </li>
      ))}
      {0 < more && <li>and {more} more</li>}
    </ul>
  );
}
