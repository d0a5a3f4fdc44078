// Changes of store time and of the schedule of polls.
import type { Change } from "./change";
import type { Of } from "./changes";
import { step } from "./toml";

export function setClockMode({ path }: Of, mode: string): Change {
  return { label: `Set the clock: ${mode}`, method: "PATCH", path: `${path}/clock`, body: { mode }, cli: ["clock", "set", mode] };
}

export function advanceBy({ path }: Of, length: string): Change {
  return {
    label: `Advance by ${length}`,
    method: "POST",
    path: `${path}/clock/advance`,
    body: { by: length },
    cli: ["clock", "advance", "--by", length],
    step: step(`Go on by ${length}`, "advance", length),
  };
}

/** `to` is an instant as RFC 3339 writes it. */
export function advanceTo({ path }: Of, to: string): Change {
  return {
    label: `Advance to ${to}`,
    method: "POST",
    path: `${path}/clock/advance`,
    body: { to },
    cli: ["clock", "advance", "--to", to],
    step: step(`Go on to ${to}`, "advance", { to }),
  };
}

export function setPollInterval({ path }: Of, interval: string): Change {
  return {
    label: `Poll every ${interval}`,
    method: "PATCH",
    path: `${path}/polls/schedule`,
    body: { interval },
    cli: ["poll", "schedule", "--interval", interval],
    step: step(`Poll every ${interval}`, "settings", { poll_interval: interval }),
  };
}
