// Fault rules in plain words.
import { counted } from "../model/text";
import { visible } from "../model/visible";
import { type Effect, type EffectKind, type FaultSchedule, type Match, type NewFault, type Stage, readEffect } from "./effects";
import { STAGE_WORDS, stagesOf } from "./rule";

const SUBJECTS: Record<Stage, string> = {
  accept: "connection that comes in",
  bind: "bind",
  connect: "connect",
  rpc: "call after the connect",
  disconnect: "disconnect",
  registry: "read of the registry",
  poll: "poll",
  api: "request to the control plane",
};

/** What a rule does, as one sentence. */
export function sentence(rule: NewFault): string {
  const found = readEffect(rule.effect);
  if (!found) return "This page does not know what it does.";
  const match = rule.match ?? {};
  const subject = subjectOf(found.kind, match);
  const whom = whomWords(match);
  const when = scheduleWords(rule.schedule ?? {});
  return `${article(subject)} ${subject}${whom === "" ? "" : ` ${whom}`} ${predicate(rule.effect, match)}, ${when}.`;
}

function article(subject: string): string {
  return /^[aeiou]/.test(subject) ? "An" : "A";
}

function subjectOf(kind: EffectKind, match: Match): string {
  const stages = stagesOf(kind, match);
  if (match.value != null) return `read of “${visible(match.value)}”`;
  if (match.method != null || match.route != null) {
    const request = match.method == null ? "request" : `${visible(match.method)} request`;
    return match.route == null ? `${request} to the control plane` : `${request} to ${visible(match.route)}`;
  }
  const named = match.opnum == null ? "" : ` (operation ${match.opnum})`;
  return listed(stages.map((stage) => SUBJECTS[stage])) + named;
}

function listed(words: string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** Whom a rule is about; empty for everybody. */
export function whomWords(match: Match): string {
  const words: string[] = [];
  if (match.process != null) words.push(`of ${visible(match.process)}`);
  if (match.client_id != null) words.push(`of client ${match.client_id}`);
  if (match.group != null) words.push(`of the group ${visible(match.group)}`);
  if (match.origin != null) words.push(match.origin === "foreign" ? "of foreign clients" : "of injected clients");
  if (match.transport != null) words.push(match.transport === "tcp" ? "over TCP" : "over the pipe");
  return words.join(" ");
}

/** What becomes of it. */
function predicate(effect: Effect, match: Match): string {
  const isRequest = match.direction === "to_server";
  if (effect.refuse) return "is turned away";
  if (effect.reset) {
    return isRequest
      ? "has its connection reset before the store sees it"
      : "is done, and has its connection reset where the answer would come";
  }
  if (effect.close_after != null) return `has its connection closed after ${counted(effect.close_after, "byte")} of the answer`;
  if (effect.hang) {
    return isRequest
      ? "does not reach the store until the rule is paused or deleted"
      : "gets no answer until the rule is paused or deleted";
  }
  if (effect.latency != null) return isRequest ? `reaches the store ${effect.latency} later` : `gets its answer ${effect.latency} later`;
  if (effect.slow_bytes) return `gets its answer ${counted(effect.slow_bytes.bytes, "byte")} at a time, each ${effect.slow_bytes.per}`;
  if (effect.corrupt) return corruptWords(effect.corrupt);
  if (effect.rpc_fault != null) return `is not made, and is answered with the RPC fault ${visible(String(effect.rpc_fault))}`;
  if (effect.ec != null) return `is not made, and is answered with ${visible(String(effect.ec))}`;
  if (effect.late_aux) {
    return effect.late_aux === "dropped" ? "does not tell its program" : "tells its program with the next call only";
  }
  if (effect.registry) return readWords(effect);
  if (effect.skip_poll) return "does nothing";
  if (effect.clock_jump != null) return `has store time jump ahead by ${effect.clock_jump}`;
  if (effect.slow_answer != null) return `is done at once, and answered ${effect.slow_answer} later in real time`;
  return "is done, and its answer breaks off";
}

function corruptWords({ byte, mask }: NonNullable<Effect["corrupt"]>): string {
  const which = byte == null ? "a byte that is drawn" : `byte ${byte}`;
  const bits = mask == null ? "a bit" : `the bits ${mask.toString(2).padStart(8, "0")}`;
  return `gets its answer with ${bits} of ${which} flipped`;
}

function readWords(effect: Effect): string {
  switch (effect.registry) {
    case "missing":
      return "finds no value";
    case "wrong_type":
      return `finds the type ${visible(effect.type ?? "REG_DWORD")}`;
    case "access_denied":
      return "is denied";
    case "torn":
      return "finds the hive half written";
    case "busy":
      return "finds the hive in use by somebody else";
    case "slow":
      return `has its values ${effect.delay ?? "some time"} later`;
    default:
      return "finds what an earlier read found";
  }
}

/** What a rule does, short: for a row of a table. */
export function effectWords(effect: Effect): string {
  const found = readEffect(effect);
  if (!found) return "unknown";
  const given = found.kind.parameters.map(({ key }) => found.typed[key]).filter((word) => word);
  const separator = found.kind.name === "slow_bytes" ? " per " : ", ";
  return given.length === 0 ? found.kind.title : `${found.kind.title}: ${visible(given.join(separator))}`;
}

/** Where a rule acts, for a row of a table. */
export function whereWords(effect: Effect, match: Match): string {
  const kind = readEffect(effect)?.kind;
  if (!kind) return "";
  const words = stagesOf(kind, match).map((stage) => STAGE_WORDS[stage]);
  const first = match.value ?? [match.method, match.route].filter((word) => word != null).join(" ");
  const more = match.opnum == null ? "" : `, operation ${match.opnum}`;
  const way = match.direction == null ? "" : match.direction === "to_server" ? ", the request" : ", the answer";
  if (first) return visible(first);
  return (words.length === kind.stages.length && 1 < words.length ? "anywhere it can" : listed(words)) + more + way;
}

/** How often a rule hits. */
export function scheduleWords(schedule: FaultSchedule): string {
  const words: string[] = [];
  const { next, first, after, every, probability, between, sequence } = schedule;
  if (sequence) words.push(`in the order ${orderOf(sequence)}`);
  else if (every != null && every !== 1) words.push(`each ${ordinal(every)} time`);
  if (probability != null) words.push(`with a chance of ${percent(probability)}`);
  if (after) words.push(`not the first ${after === 1 ? "time" : `${after} times`}`);
  if (first != null) words.push(`only among the first ${first}`);
  if (between) words.push(`from ${shortTime(between[0])} until ${shortTime(between[1])}`);
  if (next != null) words.push(words.length === 0 ? `the next ${next === 1 ? "time" : `${next} times`}` : `${counted(next, "hit")} at the most`);
  return words.length === 0 ? "each time" : words.join(", ");
}

function orderOf(answers: boolean[]): string {
  const shown = answers.slice(0, 8).map((hits) => (hits ? "hit" : "pass"));
  return shown.join(", ") + (8 < answers.length ? ` and ${answers.length - 8} more` : "");
}

function percent(probability: number): string {
  return `${Number((probability * 100).toPrecision(4))} %`;
}

function shortTime(time: string | undefined): string {
  return visible((time ?? "").replace("T", " ").replace(/(:00)?Z$/, ""));
}

export function ordinal(number: number): string {
  const two = number % 100;
  const last = 11 <= two && two <= 13 ? 0 : number % 10;
  return `${number}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}
