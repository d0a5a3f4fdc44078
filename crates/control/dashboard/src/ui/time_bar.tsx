// Store time and the next poll, on every screen, with the controls that move them.
import type { Change } from "../api/change";
import { advanceToPoll, pollNow } from "../api/changes";
import { live, storeNow } from "../model/current";
import { counted } from "../model/text";
import { countdown, dateTime, paceOf } from "../model/time";
import { Action } from "./action";
import { Scrubber } from "./scrubber";

export function TimeBar() {
  const store = live.value;
  const body = store.store.value;
  const clock = store.clock.value;
  if (!body || !clock) return <section class="time-bar" aria-label="Store time" />;
  const isManual = paceOf(clock.mode) === 0;
  const change: Change = isManual ? advanceToPoll(store) : pollNow(store);
  return (
    <section class="time-bar" aria-label="Store time">
      <StoreClock />
      <NextPoll />
      <Action
        id="time-advance"
        change={change}
        kind="primary"
        disabled={!body.running}
        {...(isManual ? { onDone: (answer) => advanced(answer.body) } : {})}
      />
      <Scrubber />
    </section>
  );
}

function StoreClock() {
  const now = storeNow.value;
  const mode = live.value.clock.value?.mode ?? "";
  return (
    <p class="clock">
      <span class="label">Store time</span>
      <time dateTime={new Date(now).toISOString()}>{dateTime(now)}</time>
      <span class="mode">{modeInWords(mode)}</span>
    </p>
  );
}

function NextPoll() {
  const body = live.value.store.value;
  if (!body) return null;
  return (
    <p class="clock">
      <span class="label">Next poll</span>
      <strong>{untilPoll(body, storeNow.value)}</strong>
      {body.running && body.next_poll && <span class="mode">at {dateTime(body.next_poll).slice(11)}</span>}
    </p>
  );
}

/** How long until the next poll, in words. */
export function untilPoll({ running, next_poll }: { running: boolean; next_poll?: string | null }, now: number): string {
  if (!running) return "the service is stopped";
  if (!next_poll) return "none is due";
  const left = Date.parse(next_poll) - now;
  return left <= 0 ? "due now" : `in ${countdown(left)}`;
}

/** How time moves, in words. */
export function modeInWords(mode: string): string {
  if (mode === "manual") return "manual: it stands until it is moved";
  if (mode === "real") return "real: it goes as a wall clock does";
  return mode.replace(/^scaled:(.+)$/, "scaled: $1 times as fast");
}

/** What came of moving the clock, in words. */
export function advanced(body: unknown): string {
  const { polls_run = 0, disconnected = 0 } = (body ?? {}) as { polls_run?: number; disconnected?: number };
  return `Advanced: ${counted(polls_run, "poll")}, ${disconnected} disconnected`;
}
