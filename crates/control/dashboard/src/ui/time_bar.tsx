// Store time and the next poll, on every screen, with the controls that move them.
import type { Change } from "../api/change";
import { live, storeNow } from "../model/current";
import { countdown, dateTime, paceOf } from "../model/time";
import { advanceToPoll, pollNow } from "../api/changes";
import { Action } from "./action";
import { Scrubber } from "./scrubber";

export function TimeBar() {
  const store = live.value;
  const body = store.store.value;
  const clock = store.clock.value;
  if (!body || !clock) return <section class="time-bar" aria-label="Store time" />;
  const now = storeNow.value;
  const isManual = paceOf(clock.mode) === 0;
  const left = body.next_poll ? Date.parse(body.next_poll) - now : null;
  const change: Change = isManual ? advanceToPoll(store) : pollNow(store);
  return (
    <section class="time-bar" aria-label="Store time">
      <p class="clock">
        <span class="label">Store time</span>
        <time dateTime={new Date(now).toISOString()}>{dateTime(now)}</time>
        <span class="mode">{isManual ? "manual: it stands until it is moved" : clock.mode}</span>
      </p>
      <p class="clock">
        <span class="label">Next poll</span>
        <strong>{!body.running ? "the service is stopped" : left === null ? "none is due" : `in ${countdown(left)}`}</strong>
        {body.next_poll && <span class="mode">at {dateTime(body.next_poll).slice(11)}</span>}
      </p>
      <Action
        id="time-advance"
        change={change}
        kind="primary"
        disabled={!body.running}
        {...(isManual ? { onDone: (answer) => toldOf(answer.body) } : {})}
      />
      <Scrubber />
    </section>
  );
}

function toldOf(body: unknown): string {
  const { polls_run = 0, disconnected = 0 } = (body ?? {}) as { polls_run?: number; disconnected?: number };
  const polls = polls_run === 1 ? "1 poll" : `${polls_run} polls`;
  return `Advanced: ${polls}, ${disconnected} disconnected`;
}
