// The store as it was: a slider over the entries of the journal that are kept.
import { useState } from "preact/hooks";

import { epochOf, seqOf } from "../api/journal";
import type { Cursor } from "../api/types";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { dateTime } from "../model/time";
import { past, pastError } from "../model/view";
import { at, setQuery } from "../router";
import { ProblemNote } from "./problem";

interface Totals {
  first_available: Cursor;
}

/** Milliseconds that the slider has to rest before the past is read. */
const REST = 120;

let rest = 0;

export function Scrubber() {
  const store = live.value;
  void store.version.value;
  const totals = useResource<Totals>(`${store.path}/events/totals`, /^journal\.truncated$/);
  const [moving, setMoving] = useState<number | null>(null);
  const newest = seqOf(store.cursor || "1-0");
  const oldest = totals.body ? Math.max(0, seqOf(totals.body.first_available)) : 0;
  const chosen = at.value === null ? newest : seqOf(at.value);
  const move = (seq: number) => {
    setMoving(seq);
    clearTimeout(rest);
    rest = window.setTimeout(() => {
      setMoving(null);
      setQuery({ at: seq === seqOf(live.peek().cursor) ? null : `${epochOf(live.peek().cursor)}-${seq}` });
    }, REST);
  };
  const shown = past.value;
  return (
    <div class="scrubber" data-past={at.value !== null}>
      <label>
        <span class="label">As it was after entry</span>
        <input
          type="range"
          min={oldest}
          max={Math.max(newest, oldest)}
          step={1}
          value={moving ?? chosen}
          aria-valuetext={at.value === null ? "now" : `entry ${chosen}`}
          onInput={(event) => move(Number(event.currentTarget.value))}
        />
      </label>
      <p class="scrubber-place" aria-live="polite">
        {at.value === null ? (
          "now"
        ) : (
          <>
            <strong>Past:</strong> entry {moving ?? chosen}
            {shown?.event && moving === null && `, ${dateTime(shown.event.at)}, ${shown.event.type}`}{" "}
            <button type="button" onClick={() => setQuery({ at: null })}>
              Back to now
            </button>
          </>
        )}
      </p>
      {pastError.value !== null && <ProblemNote error={pastError.value} />}
    </div>
  );
}
