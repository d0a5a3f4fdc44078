// How store time moves, and when the registry is polled: the controls.
import { useEffect, useState } from "preact/hooks";

import { advanceToPoll, pollNow } from "../api/changes";
import { advanceBy, advanceTo, setClockMode, setPollInterval } from "../api/changes_clock";
import type { PollAnswer, Schedule } from "../api/types";
import { live, storeNow } from "../model/current";
import type { Resource } from "../model/resource";
import { dateTime, paceOf } from "../model/time";
import { Action } from "../ui/action";
import { ProblemNote } from "../ui/problem";
import { advanced, modeInWords, untilPoll } from "../ui/time_bar";

type Kind = "real" | "scaled" | "manual";

const KINDS: { kind: Kind; title: string; hint: string }[] = [
  { kind: "real", title: "Real", hint: "as a wall clock goes" },
  { kind: "scaled", title: "Scaled", hint: "so many times as fast" },
  { kind: "manual", title: "Manual", hint: "it stands, and goes when it is told to" },
];

function kindOf(mode: string): Kind {
  return mode === "real" || mode === "manual" ? mode : "scaled";
}

/** How store time moves. */
export function ModeCard() {
  const store = live.value;
  const mode = store.clock.value?.mode ?? "manual";
  const [chosen, setChosen] = useState<Kind>(kindOf(mode));
  const [scale, setScale] = useState("60");
  // Somebody else may set it too.
  useEffect(() => {
    setChosen(kindOf(mode));
    if (kindOf(mode) === "scaled") setScale(String(paceOf(mode)));
  }, [mode, store]);
  const wanted = chosen === "scaled" ? `scaled:${scale}` : chosen;
  return (
    <section class="card" aria-labelledby="clock-mode-title">
      <h2 id="clock-mode-title">How time moves</h2>
      <p id="clock-mode-now">
        Now {modeInWords(mode)}.
      </p>
      <fieldset class="clock-modes">
        <legend class="unseen">How time shall move</legend>
        {KINDS.map(({ kind, title, hint }) => (
          <label key={kind} class="clock-mode">
            <input type="radio" name="clock-mode" id={`clock-mode-${kind}`} checked={chosen === kind} onChange={() => setChosen(kind)} />
            <span>
              {title} <span class="hint">{hint}</span>
            </span>
          </label>
        ))}
        <label class="row clock-scale">
          <span>Times as fast</span>
          <input
            type="number"
            id="clock-scale"
            min={1}
            max={1000000}
            step={1}
            value={scale}
            onInput={(event) => {
              setScale(event.currentTarget.value);
              setChosen("scaled");
            }}
          />
        </label>
      </fieldset>
      <Action id="clock-mode-set" change={setClockMode(store, wanted)} disabled={wanted === mode} onDone={() => `The clock is ${wanted} now`} />
    </section>
  );
}

/** The next full hour as the field has it, without a zone: store time is UTC. Empty while the time is not known. */
function nextHour(now: number | null): string {
  const hour = 3_600_000;
  return now === null ? "" : new Date((Math.floor(now / hour) + 1) * hour).toISOString().slice(0, 19);
}

/** Moves a clock that stands. */
export function AdvanceCard() {
  const store = live.value;
  const isManual = store.clock.value?.mode === "manual";
  const [length, setLength] = useState("15m");
  const [wanted, setTo] = useState<string | null>(null);
  const to = wanted ?? nextHour(store.clock.value?.now ?? null);
  const told = { onDone: (answer: { body: unknown }) => advanced(answer.body) };
  return (
    <section class="card" aria-labelledby="clock-advance-title">
      <h2 id="clock-advance-title">Advance</h2>
      <p class="hint">
        {isManual
          ? "Everything that is due on the way happens, each at its own instant."
          : "Only a manual clock can be advanced: the server refuses it while time goes by itself."}
      </p>
      <Action id="clock-advance-poll" kind="primary" change={advanceToPoll(store)} {...told}>
        To the next poll
      </Action>
      <div class="clock-field">
        <label class="field">
          <span>By</span>
          <input id="clock-advance-length" value={length} size={10} spellcheck={false} onInput={(event) => setLength(event.currentTarget.value.trim())} />
        </label>
        <Action id="clock-advance-by" change={advanceBy(store, length)} disabled={length === ""} {...told} />
      </div>
      <div class="clock-field">
        <label class="field">
          <span>To, in UTC</span>
          <input id="clock-advance-instant" type="datetime-local" step={1} value={to} onInput={(event) => setTo(event.currentTarget.value)} />
        </label>
        <Action id="clock-advance-to" change={advanceTo(store, instantOf(to))} disabled={to === ""} {...told}>
          Advance to it
        </Action>
      </div>
    </section>
  );
}

/** The field's value as RFC 3339; it leaves out the seconds when they are zero. */
function instantOf(local: string): string {
  return `${local.length === 16 ? `${local}:00` : local}Z`;
}

/** When the registry is polled. */
export function ScheduleCard({ schedule }: { schedule: Resource<Schedule> }) {
  const store = live.value;
  const interval = schedule.body?.interval ?? "";
  const [wanted, setWanted] = useState<string | null>(null);
  const text = wanted ?? interval;
  return (
    <section class="card" aria-labelledby="clock-polls-title">
      <h2 id="clock-polls-title">Polls</h2>
      {schedule.error !== null && <ProblemNote error={schedule.error} onRetry={schedule.reload} />}
      <dl class="pairs">
        <dt>Every</dt>
        <dd id="clock-interval-now">{interval || "–"}</dd>
        <dt>Next</dt>
        <NextPoll />
        {schedule.body?.in_flight != null && (
          <>
            <dt>Held</dt>
            <dd id="clock-held">
              Poll {schedule.body.in_flight}: a fault holds its values back
              {schedule.body.next && ` until ${dateTime(schedule.body.next)}`}.
            </dd>
          </>
        )}
      </dl>
      <Action<PollAnswer> id="clock-poll-now" change={pollNow(store)} onDone={({ body }) => polled(body)} />
      <div class="clock-field">
        <label class="field">
          <span>Interval</span>
          <input id="clock-interval" value={text} size={10} spellcheck={false} onInput={(event) => setWanted(event.currentTarget.value.trim())} />
        </label>
        <Action
          id="clock-interval-set"
          change={setPollInterval(store, text)}
          disabled={text === ""}
          onDone={() => {
            setWanted(null);
            schedule.reload();
          }}
        />
      </div>
      <p class="hint">A new interval begins a new grid now.</p>
    </section>
  );
}

function NextPoll() {
  const body = live.value.store.value;
  return <dd id="clock-next">{body ? untilPoll(body, storeNow.value) : "–"}</dd>;
}

function polled(answer: PollAnswer): string {
  if (!("trigger" in answer)) return `Poll ${answer.number} is held: a fault holds its values back`;
  return `Poll ${answer.number}: ${answer.changed ? `policy ${answer.generation} came into force` : "nothing changed"}, ${answer.disconnected} disconnected`;
}
