// What a rule applies to and how often, as it is typed: which fields make sense for an effect, and what becomes of them.
import { VALUE_NAMES } from "../model/block_lists";
import { type Direction, type EffectKind, type FaultSchedule, type Match, type NewFault, type Stage, type Typed } from "./effects";

export interface MatchField {
  key: keyof Match & string;
  label: string;
  hint?: string;
  kind: "text" | "number" | "choice";
  choices?: [value: string, words: string][];
  /** Its flag on the command line. */
  flag: string;
}

export const STAGE_WORDS: Record<Stage, string> = {
  accept: "as a connection comes in",
  bind: "at the bind",
  connect: "at the connect",
  rpc: "at any other call",
  disconnect: "at the disconnect",
  registry: "as the registry is read",
  poll: "at a poll",
  api: "at the control plane",
};

const DIRECTION_WORDS: Record<Direction, string> = {
  to_client: "the answer, when it is done",
  to_server: "the request, before the store sees it",
};

const VALUES = Object.values(VALUE_NAMES);
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** Every field of a match, in the order of the form. */
export const MATCH_FIELDS: MatchField[] = [
  { key: "stage", label: "Where", kind: "choice", flag: "--stage" },
  { key: "direction", label: "Which way", kind: "choice", flag: "--direction" },
  { key: "process", label: "Program", hint: "As the block list compares it", kind: "text", flag: "--process" },
  { key: "group", label: "Group", hint: "Of injected clients", kind: "text", flag: "--group" },
  { key: "client_id", label: "Client", hint: "The number of an injected one", kind: "number", flag: "--client" },
  {
    key: "origin",
    label: "Whose",
    kind: "choice",
    choices: [
      ["injected", "injected clients"],
      ["foreign", "foreign clients"],
    ],
    flag: "--origin",
  },
  {
    key: "transport",
    label: "Transport",
    kind: "choice",
    choices: [
      ["pipe", "pipe"],
      ["tcp", "TCP"],
    ],
    flag: "--transport",
  },
  { key: "opnum", label: "Operation", hint: "10 is EcDoConnectEx, 11 is EcDoRpcExt2", kind: "number", flag: "--opnum" },
  { key: "value", label: "Value that is read", kind: "choice", choices: VALUES.map((value) => [value, value]), flag: "--value" },
  { key: "method", label: "Method", kind: "choice", choices: METHODS.map((method) => [method, method]), flag: "--method" },
  { key: "route", label: "Route", hint: "Such as /sessions/{id}", kind: "text", flag: "--route" },
];

function isCall(stage: Stage): boolean {
  return stage === "connect" || stage === "rpc" || stage === "disconnect";
}

function carriesBytes(stage: Stage): boolean {
  return stage === "bind" || isCall(stage);
}

/** Where a call of this operation is. */
function stageOfCall(opnum: number): Stage {
  if (opnum === 0 || opnum === 10) return "connect";
  return opnum === 1 ? "disconnect" : "rpc";
}

/** Whether something at a stage can be told by this field. */
function tells(field: MatchField["key"], stage: Stage): boolean {
  switch (field) {
    case "stage":
      return true;
    case "process":
    case "opnum":
      return isCall(stage);
    case "direction":
      return carriesBytes(stage);
    case "value":
      return stage === "registry";
    case "method":
    case "route":
      return stage === "api";
    case "client_id":
    case "group":
    case "origin":
    case "transport":
      return stage === "accept" || carriesBytes(stage);
  }
}

/** Where an effect can act that is typed so far; the operation says it too. */
export function stagesLeft(kind: EffectKind, typed: Typed): Stage[] {
  const stage = typed["stage"];
  return kind.stages.filter((one) => stage === undefined || stage === "" || stage === one);
}

/** The fields that make sense for an effect, each with what can be chosen. */
export function fieldsFor(kind: EffectKind, typed: Typed): MatchField[] {
  const left = stagesLeft(kind, typed);
  return MATCH_FIELDS.flatMap((field) => {
    // A choice of one is none.
    if (field.key === "stage") return kind.stages.length < 2 ? [] : [{ ...field, choices: stageChoices(kind) }];
    if (field.key === "direction" && kind.directions.length < 2) return [];
    if (!left.some((stage) => tells(field.key, stage))) return [];
    if (field.key === "direction") return [{ ...field, choices: directionChoices(kind) }];
    return [field];
  });
}

function stageChoices(kind: EffectKind): [string, string][] {
  return kind.stages.map((stage) => [stage, STAGE_WORDS[stage]]);
}

function directionChoices(kind: EffectKind): [string, string][] {
  return kind.directions.map((direction) => [direction, DIRECTION_WORDS[direction]]);
}

/** What was typed into the fields that make sense, as the server takes it. */
export function matchOf(kind: EffectKind, typed: Typed): Match {
  const given = fieldsFor(kind, typed).flatMap(({ key, kind: type }): [string, string | number][] => {
    const text = typed[key]?.trim() ?? "";
    return text === "" ? [] : [[key, type === "number" ? Number(text) : text]];
  });
  return Object.fromEntries(given) as Match;
}

/** What is left to say of where it acts, once the operation is known. */
export function stagesOf(kind: EffectKind, match: Match): Stage[] {
  const called = match.opnum == null ? null : stageOfCall(match.opnum);
  return kind.stages.filter(
    (stage) => (match.stage == null || match.stage === stage) && (called === null || called === stage),
  );
}

export interface ScheduleField {
  key: "next" | "every" | "probability" | "first" | "after" | "sequence" | "from" | "until";
  label: string;
  hint: string;
  kind: "number" | "fraction" | "time" | "answers";
  pointer: string;
}

/** Every field of a schedule; the first three are those that are wanted most. */
export const SCHEDULE_FIELDS: ScheduleField[] = [
  { key: "next", label: "Only the next", hint: "So many hits, then it is used up", kind: "number", pointer: "#/schedule/next" },
  { key: "every", label: "Every", hint: "So many opportunities", kind: "number", pointer: "#/schedule/every" },
  { key: "probability", label: "Probability", hint: "From 0, never, to 1, always", kind: "fraction", pointer: "#/schedule/probability" },
  { key: "after", label: "Not among the first", hint: "So many opportunities pass", kind: "number", pointer: "#/schedule/after" },
  { key: "first", label: "Only among the first", hint: "So many opportunities", kind: "number", pointer: "#/schedule/first" },
  { key: "sequence", label: "By a sequence", hint: "x hits and . passes, such as x.x", kind: "answers", pointer: "#/schedule/sequence" },
  { key: "from", label: "Only from", hint: "Store time, UTC", kind: "time", pointer: "#/schedule/between" },
  { key: "until", label: "Until", hint: "Without that instant itself", kind: "time", pointer: "#/schedule/between" },
];

/** What goes without a sequence. */
const WITHOUT_SEQUENCE = ["first", "every", "probability"];

export function isOff(key: string, typed: Typed): boolean {
  return WITHOUT_SEQUENCE.includes(key) && (typed["sequence"]?.trim() ?? "") !== "";
}

/** A sequence as it is typed; null when it is none. */
export function answersOf(text: string): boolean[] | null {
  const words = text.toLowerCase().match(/true|false|hit|pass|[x1.0-]|[^\s,]/g) ?? [];
  const answers = words.map((word) => (/^(true|hit|x|1)$/.test(word) ? true : /^(false|pass|[.0-])$/.test(word) ? false : null));
  return answers.some((answer) => answer === null) ? null : (answers as boolean[]);
}

/** A time of a form, which is UTC and may have no seconds. */
function timeOf(text: string): string {
  const whole = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00` : text;
  return /[Zz]|[+-]\d\d:\d\d$/.test(whole) ? whole : `${whole}Z`;
}

export interface ReadSchedule {
  schedule: FaultSchedule;
  /** What can't be sent, by the key of its field. */
  wrong: Record<string, string>;
}

/** What was typed, as the server takes it. */
export function scheduleOf(typed: Typed): ReadSchedule {
  const given = (key: string) => (isOff(key, typed) ? "" : (typed[key]?.trim() ?? ""));
  const schedule: FaultSchedule = {};
  const wrong: Record<string, string> = {};
  for (const key of ["next", "first", "after", "every", "probability"] as const) {
    const text = given(key);
    if (text === "") continue;
    if (Number.isNaN(Number(text))) wrong[key] = "it is no number";
    else schedule[key] = Number(text);
  }
  const [from, until] = [given("from"), given("until")];
  if (from !== "" && until !== "") schedule.between = [timeOf(from), timeOf(until)];
  else if (from !== "") wrong["until"] = "it is missing: a span has two ends";
  else if (until !== "") wrong["from"] = "it is missing: a span has two ends";
  const sequence = given("sequence");
  if (sequence !== "") {
    const answers = answersOf(sequence);
    if (answers) schedule.sequence = answers;
    else wrong["sequence"] = "x hits, a dot passes, and nothing else is known";
  }
  return { schedule, wrong };
}

/** A schedule as it would be typed. */
export function typedSchedule(schedule: FaultSchedule): Typed {
  const typed: Typed = {};
  for (const key of ["next", "first", "after", "every", "probability"] as const) {
    if (schedule[key] != null) typed[key] = String(schedule[key]);
  }
  if (schedule.sequence) typed["sequence"] = schedule.sequence.map((hits) => (hits ? "x" : ".")).join("");
  const [from, until] = schedule.between ?? [];
  if (from && until) Object.assign(typed, { from: from.replace(/Z$/, ""), until: until.replace(/Z$/, "") });
  return typed;
}

/** A rule without what says nothing. */
export function ruleOf(kind: EffectKind, parameters: Typed, match: Match, schedule: FaultSchedule): NewFault {
  return {
    effect: kind.body(parameters),
    ...(Object.keys(match).length === 0 ? {} : { match }),
    ...(Object.keys(schedule).length === 0 ? {} : { schedule }),
  };
}
