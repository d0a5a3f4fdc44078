// The one table of what can go wrong: every effect, what it asks for, where it acts, and which way.
import type { components } from "../api/schema";

type Schemas = components["schemas"];

// Of what is sent, everything may be left out.
export type Effect = Partial<Omit<Schemas["FaultEffect"], "corrupt">> & { corrupt?: Partial<Schemas["Corrupt"]> | null };
export type Match = Partial<Schemas["FaultMatch"]>;
export type FaultSchedule = Partial<Schemas["FaultSchedule"]>;
export type Stage = Schemas["FaultStage"];
export type Direction = Schemas["FaultDirection"];

export interface NewFault {
  effect: Effect;
  match?: Match;
  schedule?: FaultSchedule;
}

export const GROUPS = ["Connections", "Calls", "Registry", "Engine", "Control plane"] as const;

/** What an effect asks for beside its name. */
export interface Parameter {
  key: string;
  /** Where it is in the rule, as the server says it. */
  pointer: string;
  label: string;
  hint?: string;
  kind: "length" | "number" | "name" | "choice";
  /** Of a choice: value and words. Of a name: those that come to mind first. */
  choices?: [value: string, words: string][];
  /** What it begins with; it may be left out where that is nothing. */
  begin: string;
}

/** What was typed, by the key of a parameter. */
export type Typed = Record<string, string>;

export interface EffectKind {
  /** Its word on the command line, and in `fault.hit`. */
  name: string;
  group: (typeof GROUPS)[number];
  title: string;
  stages: readonly Stage[];
  /** The first is meant unless told. */
  directions: readonly Direction[];
  parameters: Parameter[];
  /** The effect as the server takes it. */
  body: (typed: Typed) => Effect;
  /** The words after its name on the command line. */
  words: (typed: Typed) => string[];
  /** What was typed for an effect that there is; null where it is another. */
  typed: (effect: Effect) => Typed | null;
}

const ANSWERED = ["bind", "connect", "rpc", "disconnect"] as const;
const CONNECTION = ["accept", ...ANSWERED] as const;
const CALLS = ["connect", "rpc", "disconnect"] as const;
const BOTH = ["to_client", "to_server"] as const;
const TO_CLIENT = ["to_client"] as const;

function numberOrName(text: string): string | number {
  const word = text.trim();
  return /^(0x[0-9a-f]+|\d+)$/i.test(word) ? Number(word) : word;
}

function numberOrNothing(text: string | undefined): number | undefined {
  return text === undefined || text.trim() === "" ? undefined : Number(text);
}

type Shape = Pick<EffectKind, "name" | "group" | "title" | "stages"> & { directions?: readonly Direction[] };
type Plain = "refuse" | "reset" | "hang" | "skip_poll" | "drop";
type Long = "latency" | "clock_jump" | "slow_answer";

function plain(shape: Shape & { name: Plain }): EffectKind {
  const { name } = shape;
  return {
    directions: [],
    ...shape,
    parameters: [],
    body: () => ({ [name]: true }),
    words: () => [],
    typed: (effect) => (effect[name] ? {} : null),
  };
}

function long(shape: Shape & { name: Long }, label: string, begin: string, hint: string): EffectKind {
  const { name } = shape;
  return {
    directions: [],
    ...shape,
    parameters: [{ key: name, pointer: `#/effect/${name}`, label, hint, kind: "length", begin }],
    body: (typed) => ({ [name]: typed[name] ?? "" }),
    words: (typed) => [typed[name] ?? ""],
    typed: (effect) => (effect[name] == null ? null : { [name]: effect[name] }),
  };
}

function code(shape: Shape & { name: "ec" | "rpc_fault" }, label: string, choices: string[]): EffectKind {
  const { name } = shape;
  const [begin = ""] = choices;
  return {
    directions: TO_CLIENT,
    ...shape,
    parameters: [
      {
        key: name,
        pointer: `#/effect/${name}`,
        label,
        hint: "A name or a number",
        kind: "name",
        choices: choices.map((choice) => [choice, choice]),
        begin,
      },
    ],
    body: (typed) => ({ [name]: numberOrName(typed[name] ?? "") }),
    words: (typed) => [String(numberOrName(typed[name] ?? ""))],
    typed: (effect) => (effect[name] == null ? null : { [name]: String(effect[name]) }),
  };
}

function read(name: Schemas["RegistryEffect"], title: string, more: Parameter[] = []): EffectKind {
  const given = (typed: Typed) => Object.fromEntries(more.map(({ key }) => [key, typed[key] ?? ""]));
  return {
    name,
    group: "Registry",
    title,
    stages: ["registry"],
    directions: [],
    parameters: more,
    body: (typed) => ({ registry: name, ...given(typed) }),
    words: (typed) => more.flatMap(({ key }) => [`--${key}`, typed[key] ?? ""]),
    typed: (effect) =>
      effect.registry === name
        ? Object.fromEntries(more.map(({ key }) => [key, String(effect[key as "type" | "delay"] ?? "")]))
        : null,
  };
}

const TYPES = ["REG_DWORD", "REG_BINARY", "REG_EXPAND_SZ", "REG_MULTI_SZ"];

export const EFFECTS: EffectKind[] = [
  plain({ name: "refuse", group: "Connections", title: "Turn it away", stages: ["accept", "bind"] }),
  plain({ name: "reset", group: "Connections", title: "Reset the connection", stages: ANSWERED, directions: BOTH }),
  {
    name: "close_after",
    group: "Connections",
    title: "Close it in the middle of an answer",
    stages: ANSWERED,
    directions: TO_CLIENT,
    parameters: [
      { key: "bytes", pointer: "#/effect/close_after", label: "Bytes of the answer", kind: "number", begin: "16" },
    ],
    body: (typed) => ({ close_after: Number(typed["bytes"]) }),
    words: (typed) => [typed["bytes"] ?? ""],
    typed: (effect) => (effect.close_after == null ? null : { bytes: String(effect.close_after) }),
  },
  plain({ name: "hang", group: "Connections", title: "Let it hang", stages: CONNECTION, directions: BOTH }),
  long(
    { name: "latency", group: "Connections", title: "Have it come late", stages: CONNECTION, directions: BOTH },
    "How much later",
    "30s",
    "Store time, such as 30s or 1m30s",
  ),
  {
    name: "slow_bytes",
    group: "Connections",
    title: "Have the answer trickle",
    stages: ANSWERED,
    directions: TO_CLIENT,
    parameters: [
      { key: "bytes", pointer: "#/effect/slow_bytes/bytes", label: "Bytes at a time", kind: "number", begin: "16" },
      { key: "per", pointer: "#/effect/slow_bytes/per", label: "In each", hint: "Store time", kind: "length", begin: "1s" },
    ],
    body: (typed) => ({ slow_bytes: { bytes: Number(typed["bytes"]), per: typed["per"] ?? "" } }),
    words: (typed) => [typed["bytes"] ?? "", "--per", typed["per"] ?? ""],
    typed: ({ slow_bytes: slow }) => (slow ? { bytes: String(slow.bytes), per: slow.per } : null),
  },
  {
    name: "corrupt",
    group: "Connections",
    title: "Flip bits of the answer",
    stages: ANSWERED,
    directions: TO_CLIENT,
    parameters: [
      { key: "byte", pointer: "#/effect/corrupt/byte", label: "Byte", hint: "From 0; drawn unless told", kind: "number", begin: "" },
      { key: "mask", pointer: "#/effect/corrupt/mask", label: "Bits", hint: "1 to 255; one is drawn unless told", kind: "number", begin: "" },
    ],
    body: (typed) => {
      const [byte, mask] = [numberOrNothing(typed["byte"]), numberOrNothing(typed["mask"])];
      return { corrupt: { ...(byte === undefined ? {} : { byte }), ...(mask === undefined ? {} : { mask }) } };
    },
    words: (typed) => ["byte", "mask"].flatMap((key) => (typed[key] ? [`--${key}`, typed[key]] : [])),
    typed: ({ corrupt }) =>
      corrupt ? { byte: String(corrupt.byte ?? ""), mask: String(corrupt.mask ?? "") } : null,
  },
  code({ name: "rpc_fault", group: "Calls", title: "Answer with an RPC fault", stages: CALLS }, "RPC fault", [
    "nca_s_server_too_busy",
    "nca_s_fault_ndr",
    "nca_s_fault_context_mismatch",
    "nca_s_op_rng_error",
    "nca_s_fault_remote_no_memory",
  ]),
  code({ name: "ec", group: "Calls", title: "Answer with an error code", stages: CALLS }, "Code", [
    "ecServerBusy",
    "ecClientVerDisallowed",
    "ecLoginFailure",
    "ecUnknownUser",
    "ecRpcFailed",
  ]),
  {
    name: "late_aux",
    group: "Calls",
    title: "Keep the program's name back",
    stages: ["connect"],
    directions: ["to_server"],
    parameters: [
      {
        key: "late_aux",
        pointer: "#/effect/late_aux",
        label: "The name comes",
        kind: "choice",
        choices: [
          ["next_call", "with the next call"],
          ["dropped", "never"],
        ],
        begin: "next_call",
      },
    ],
    body: (typed) => ({ late_aux: typed["late_aux"] === "dropped" ? "dropped" : "next_call" }),
    words: (typed) => [typed["late_aux"] ?? ""],
    typed: (effect) => (effect.late_aux == null ? null : { late_aux: effect.late_aux }),
  },
  read("missing", "The value is not there"),
  read("wrong_type", "The value has another type", [
    {
      key: "type",
      pointer: "#/effect/type",
      label: "Type",
      kind: "choice",
      choices: TYPES.map((type) => [type, type]),
      begin: "REG_DWORD",
    },
  ]),
  read("access_denied", "Access is denied"),
  read("torn", "The hive is half written"),
  read("busy", "The hive is in use by somebody else"),
  read("slow", "The values come late", [
    { key: "delay", pointer: "#/effect/delay", label: "How much later", hint: "Store time, such as 20m", kind: "length", begin: "20m" },
  ]),
  read("stale", "The values of an earlier read come"),
  plain({ name: "skip_poll", group: "Engine", title: "Skip a poll", stages: ["poll"] }),
  long(
    { name: "clock_jump", group: "Engine", title: "Have the clock jump ahead", stages: [...CONNECTION, "poll"] },
    "How far",
    "1h",
    "Store time; what lies between is due at once",
  ),
  long(
    { name: "slow_answer", group: "Control plane", title: "Answer late", stages: ["api"] },
    "How much later",
    "2s",
    "Real time, 30s at the most",
  ),
  plain({ name: "drop", group: "Control plane", title: "Break the answer off", stages: ["api"] }),
];

export function effectNamed(name: string): EffectKind | undefined {
  return EFFECTS.find((kind) => kind.name === name);
}

/** Which effect of the table a rule has, and what was typed for it. */
export function readEffect(effect: Effect): { kind: EffectKind; typed: Typed } | null {
  for (const kind of EFFECTS) {
    const typed = kind.typed(effect);
    if (typed) return { kind, typed };
  }
  return null;
}

/** What the parameters of an effect begin with. */
export function beginOf(kind: EffectKind): Typed {
  return Object.fromEntries(kind.parameters.map(({ key, begin }) => [key, begin]));
}
