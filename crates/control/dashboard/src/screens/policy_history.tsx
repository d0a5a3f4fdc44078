// The policies that were in force, newest first, each as what it changed.
import { useEffect, useRef, useState } from "preact/hooks";

import type { Generation, Generations, PolicyInForce } from "../api/types";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { counted } from "../model/text";
import { dateTime } from "../model/time";
import { place } from "../router";
import { Cause } from "../ui/cause";
import { Empty } from "../ui/empty";
import { ProblemNote } from "../ui/problem";
import { ItemChange } from "./policy_standing";

/** Policies that are shown at once, and at the most. */
const PAGE = 25;
const MOST = 1000;

export function PolicyHistory({ policy }: { policy: PolicyInForce | null }) {
  const [asked, setPages] = useState(1);
  const newest = policy?.generation ?? 0;
  // A link names a policy: the history reaches back to it.
  const linked = Number(place.value.query.get("generation")) || null;
  const pages = Math.max(asked, linked === null ? 1 : Math.min(MOST / PAGE, Math.ceil((newest - linked + 1) / PAGE)));
  const wanted = pages * PAGE;
  const after = Math.max(0, newest - wanted);
  const path = policy ? `${live.value.path}/policy/generations?after=${after}&limit=${wanted}` : null;
  const { body, error, reload } = useResource<Generations>(path, /^(policy|enforcement|journal)\./);
  // A policy that comes moves the page: what was read stays until the next is there.
  const store = live.value;
  const [kept, setKept] = useState<{ store: unknown; body: Generations | null }>({ store, body: null });
  if (body && body !== kept.body) setKept({ store, body });
  const shown = body ?? (kept.store === store ? kept.body : null);
  const items = shown?.items.toReversed() ?? [];
  const isThere = items.some(({ generation }) => generation === linked);
  const gone = useRef<number | null>(null);
  useEffect(() => {
    const row = document.getElementById(`policy-generation-${linked}`);
    if (linked === null || !row || gone.current === linked) return undefined;
    gone.current = linked;
    row.focus({ preventScroll: true });
    return keepInSight(row);
  }, [linked, isThere]);
  return (
    <section class="card" aria-labelledby="policy-history">
      <h2 id="policy-history">History</h2>
      {error !== null && <ProblemNote error={error} onRetry={reload} />}
      {shown && items.length === 0 && (
        <Empty title="No list has been in force yet" command={{ cli: ["block-list", "set", "processes"], rest: ["program1.exe; program2.exe"] }}>
          <p>Each change of what is blocked is kept here, with what it did.</p>
        </Empty>
      )}
      {body && linked !== null && !isThere && <p class="note note-warn">The history has no policy {linked} any more, or not yet.</p>}
      {0 < items.length && (
        <ol class="policy-history" reversed>
          {items.map((generation) => (
            <GenerationRow key={generation.generation} generation={generation} isInForce={generation.generation === newest} isLinked={generation.generation === linked} />
          ))}
        </ol>
      )}
      {0 < after && wanted < MOST && (
        <p>
          <button type="button" onClick={() => setPages(pages + 1)}>
            Show older ones
          </button>
        </p>
      )}
      {shown !== null && 0 < shown.forgotten && <p class="hint">{shown.forgotten} older ones have left the journal.</p>}
    </section>
  );
}

/** Milliseconds after which a page has what it shows, or is left where it is. */
const SETTLES = 2000;

/** What stands above comes later, and moves the row: it is kept in sight until all is there, or the reader goes elsewhere. */
function keepInSight(row: HTMLElement): () => void {
  const show = () => row.scrollIntoView({ block: "center" });
  const watcher = new ResizeObserver(show);
  const stop = () => {
    watcher.disconnect();
    clearTimeout(timer);
    for (const name of MOVES) removeEventListener(name, stop, true);
  };
  const timer = setTimeout(stop, SETTLES);
  for (const name of MOVES) addEventListener(name, stop, { capture: true, passive: true });
  for (const part of document.querySelectorAll("#main > *")) watcher.observe(part);
  show();
  return stop;
}

const MOVES = ["wheel", "touchmove", "keydown", "pointerdown"];

function GenerationRow({ generation, isInForce, isLinked }: { generation: Generation; isInForce: boolean; isLinked: boolean }) {
  const { generation: number, at, cause, processes, versions, disconnected, would_block: wouldBlock } = generation;
  return (
    <li id={`policy-generation-${number}`} class="policy-generation" tabIndex={-1} aria-current={isLinked ? "location" : undefined}>
      <p class="row">
        <strong>Policy {number}</strong>
        {isInForce && <span class="badge badge-good">✓ in force</span>}
        <time dateTime={at}>{dateTime(at)}</time>
        <span>
          by <Cause cause={cause} />
        </span>
        <span>
          {counted(disconnected, "session")} cut off
          {0 < wouldBlock && `, ${wouldBlock} would have been`}
        </span>
      </p>
      <Changed title="Programs" change={processes} />
      <Changed title="Versions" change={versions} />
    </li>
  );
}

function Changed({ title, change }: { title: string; change: Generation["processes"] }) {
  if (change.added.length === 0 && change.removed.length === 0) return null;
  return (
    <div class="policy-changed">
      <span class="soft">{title}</span>
      <ItemChange {...change} />
    </div>
  );
}
