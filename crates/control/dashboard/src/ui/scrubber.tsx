// The store as it was: a slider over the entries of the journal that are kept, with the places that one wants to stop at.
import { useMemo, useState } from "preact/hooks";

import { epochOf, seqOf } from "../api/journal";
import { RequestError } from "../api/request";
import type { Cursor } from "../api/types";
import { live } from "../model/current";
import { around, generationAt, type Mark, marks, marksVersion } from "../model/marks";
import { paced } from "../model/pace";
import { useResource } from "../model/resource";
import { grouped } from "../model/text";
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

/** Goes to the store as it was after an entry; null is now. The epoch is that of the slider that was moved. */
function goTo(seq: number | null, epoch = epochOf(live.peek().cursor)): void {
  setQuery({ at: seq === null ? null : `${epoch}-${seq}` });
}

export function Scrubber() {
  const store = live.value;
  void paced.value;
  const totals = useResource<Totals>(`${store.path}/events/totals`, /^journal\.truncated$/);
  const [moving, setMoving] = useState<number | null>(null);
  const newest = seqOf(store.cursor || "1-0");
  const oldest = Math.min(newest, totals.body ? Math.max(0, seqOf(totals.body.first_available)) : 0);
  // A place of another epoch is none on this slider.
  const chosen = at.value === null || epochOf(at.value) !== epochOf(store.cursor || at.value) ? newest : seqOf(at.value);
  const shown = moving ?? chosen;
  void marksVersion.value;
  const { before, after } = around(marks, shown);
  const isNow = at.value === null && moving === null;
  const stop = () => {
    clearTimeout(rest);
    setMoving(null);
  };
  const step = (mark: Mark | null) => {
    stop();
    goTo(mark === null ? null : mark.seq);
  };
  const move = (seq: number, isLast: boolean) => {
    setMoving(seq);
    clearTimeout(rest);
    const epoch = epochOf(store.cursor);
    rest = window.setTimeout(() => {
      setMoving(null);
      goTo(isLast ? null : seq, epoch);
    }, REST);
  };
  return (
    <div class="scrubber" data-past={at.value !== null}>
      <div class="scrubber-slide">
        <button
          type="button"
          id="time-previous"
          class="quiet scrubber-step"
          aria-label={before ? `Back to ${before.label}` : "Back to the poll or policy before"}
          title={before ? `Back to ${before.label} (Page down)` : "There is none before"}
          aria-disabled={before === null || before.seq < oldest}
          onClick={() => before && oldest <= before.seq && step(before)}
        >
          <span aria-hidden="true">◂</span>
        </button>
        <label>
          <span class="label">As it was after entry</span>
          <Marks oldest={oldest} newest={newest} />
          <input
            type="range"
            id="time-scrubber"
            min={oldest}
            max={newest}
            step={1}
            value={shown}
            aria-valuetext={isNow ? "now" : valueText(shown)}
            onInput={(event) => {
              const { value, max } = event.currentTarget;
              move(Number(value), value === max);
            }}
            onKeyDown={(event) => {
              if (event.key !== "PageUp" && event.key !== "PageDown") return;
              event.preventDefault();
              if (event.key === "PageUp") step(after);
              else if (before && oldest <= before.seq) step(before);
            }}
          />
        </label>
        <button
          type="button"
          id="time-next"
          class="quiet scrubber-step"
          aria-label={isNow ? "On to the poll or policy after" : `On to ${after?.label ?? "now"}`}
          title={isNow ? "This is now" : `On to ${after?.label ?? "now"} (Page up)`}
          aria-disabled={isNow}
          onClick={() => !isNow && step(after)}
        >
          <span aria-hidden="true">▸</span>
        </button>
      </div>
      {/* While it is moved the slider says its own value. */}
      <p class="scrubber-place" aria-live={moving === null ? "polite" : "off"}>
        {isNow ? (
          "now"
        ) : (
          <>
            <strong>Past:</strong> {moving === null && at.value !== null ? <Place /> : `entry ${moving}`}{" "}
            <button
              type="button"
              id="time-now"
              onClick={() => {
                stop();
                goTo(null);
                document.getElementById("time-scrubber")?.focus();
              }}
            >
              Back to now
            </button>
          </>
        )}
      </p>
      {pastError.value !== null && <PastProblem error={pastError.value} onGone={totals.reload} />}
    </div>
  );
}

/** What is known of the place that is looked at. */
function Place() {
  const store = live.value;
  const cursor = at.value ?? store.cursor;
  const seq = seqOf(cursor);
  const shown = past.value;
  const generation = generationAt(marks, seq, store.store.value?.generation ?? null);
  if (pastError.value !== null) return <>entry {seq}, which can't be shown.</>;
  return (
    <>
      entry {seq}
      {shown?.cursor === cursor && shown.event && `, ${dateTime(shown.event.at)}, ${shown.event.type}`}
      {generation !== null && `, policy ${generation} in force`}.
    </>
  );
}

function valueText(seq: number): string {
  const shown = past.value;
  return shown?.event && seqOf(shown.cursor) === seq ? `entry ${seq}, ${dateTime(shown.event.at)}` : `entry ${seq}`;
}

/** Parts of the slider that marks are told apart in. */
const PARTS = 500;

/** Where polls and policies are, for eyes alone: the buttons beside the slider say them. */
function Marks({ oldest, newest }: { oldest: number; newest: number }) {
  const version = marksVersion.value;
  const [polls, policies] = useMemo(() => {
    const ticks = { poll: new Set<number>(), policy: new Set<number>() };
    for (const { seq, kind } of marks) {
      if (seq < oldest || newest < seq || kind === "enforced") continue;
      const part = newest === oldest ? PARTS : Math.round((PARTS * (seq - oldest)) / (newest - oldest));
      ticks[kind === "policy" ? "policy" : "poll"].add(part);
    }
    const path = (parts: Set<number>, from: number) => [...parts].map((part) => `M${part} ${from}V10`).join("");
    return [path(ticks.poll, 5), path(ticks.policy, 0)];
  }, [version, oldest, newest]);
  return (
    <svg class="scrubber-marks" viewBox={`0 0 ${PARTS} 10`} preserveAspectRatio="none" aria-hidden="true">
      <path class="mark-poll" d={polls} />
      <path class="mark-policy" d={policies} />
    </svg>
  );
}

/** Why the past can't be shown, and the way to where it can. */
function PastProblem({ error, onGone }: { error: unknown; onGone: () => void }) {
  const problem = error instanceof RequestError ? error.problem : null;
  const first = problem?.first_available;
  if (!first) return <ProblemNote error={error} />;
  return (
    <div class="note note-warn" role="alert">
      <p>
        <strong>{problem.title}:</strong> {problem.detail}.
      </p>
      <p>
        <button
          type="button"
          id="time-first"
          onClick={() => {
            onGone();
            setQuery({ at: first });
            document.getElementById("time-scrubber")?.focus();
          }}
        >
          Go to the first entry that is kept ({grouped(seqOf(first))})
        </button>
      </p>
    </div>
  );
}
