// What the page does to fault rules.
import { type EffectKind, type Match, type FaultSchedule, type Typed } from "../faults/effects";
import { MATCH_FIELDS, ruleOf } from "../faults/rule";
import type { Change } from "./change";
import type { Of } from "./changes";
import { flag } from "./changes_sessions";
import { step } from "./toml";
import type { Fault } from "./types";

export function addFault({ path }: Of, kind: EffectKind, typed: Typed, match: Match, schedule: FaultSchedule): Change {
  const rule = ruleOf(kind, typed, match, schedule);
  return {
    label: "Add the rule",
    method: "POST",
    path: `${path}/faults`,
    body: rule,
    cli: ["fault", "add", kind.name, ...kind.words(typed), ...matchFlags(match), ...scheduleFlags(schedule)],
    step: step("Something goes wrong.", "fault", rule),
  };
}

export function pauseFault({ path }: Of, { id, paused }: Pick<Fault, "id" | "paused">): Change {
  return {
    label: paused ? `Resume rule ${id}` : `Pause rule ${id}`,
    method: "PATCH",
    path: `${path}/faults/${id}`,
    body: { paused: !paused },
    cli: ["fault", "set", String(id), paused ? "--resume" : "--pause"],
  };
}

export function rescheduleFault({ path }: Of, id: number, schedule: FaultSchedule): Change {
  const change = { schedule };
  const flags = scheduleFlags(schedule);
  return {
    label: `Give rule ${id} this schedule`,
    method: "PATCH",
    path: `${path}/faults/${id}`,
    body: change,
    // Flags leave the schedule alone where there are none.
    ...(flags.length === 0
      ? { cli: ["fault", "set", String(id), "--json", "-"], stdin: JSON.stringify(change) }
      : { cli: ["fault", "set", String(id), ...flags] }),
  };
}

export function deleteFault({ path }: Of, id: number): Change {
  return { label: `Delete rule ${id}`, method: "DELETE", path: `${path}/faults/${id}`, cli: ["fault", "delete", String(id)] };
}

function matchFlags(match: Match): string[] {
  return MATCH_FIELDS.flatMap(({ key, flag: name }) => (match[key] == null ? [] : flag(name.slice(2), String(match[key]))));
}

function scheduleFlags({ next, first, after, every, probability, between, sequence }: FaultSchedule): string[] {
  const numbers = { next, first, after, every, probability };
  const flags = Object.entries(numbers).flatMap(([name, value]) => (value == null ? [] : [`--${name}`, String(value)]));
  if (between) flags.push("--between", ...between);
  if (sequence) flags.push("--sequence", sequence.join(","));
  return flags;
}
