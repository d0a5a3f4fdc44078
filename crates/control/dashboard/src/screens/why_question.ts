// What is asked of the policy: a session, an injected client, a decision, or a client that somebody describes; and how a script would.
import type { Change } from "../api/change";
import { flag, programFlag } from "../api/changes_sessions";
import type { Of } from "../api/changes";
import { step } from "../api/toml";
import type { Decision, ExplainRequest, Explanation } from "../api/types";

export type Kind = "session" | "client" | "decision" | "described";

export interface Question {
  kind: Kind;
  /** Of a session, a client or a decision. */
  number: number;
  /** Of a client that is described: what it reports, none where it names nothing. */
  processes: string[];
  version: string;
}

/** The question of a place; null when it has none. */
export function questionOf(query: URLSearchParams): Question | null {
  for (const kind of ["session", "client", "decision"] as const) {
    const text = query.get(kind);
    if (text !== null && /^\d{1,15}$/.test(text)) return { kind, number: Number(text), processes: [], version: "" };
  }
  const processes = query.getAll("process");
  if (processes.length === 0 && query.get("unnamed") === null) return null;
  return { kind: "described", number: 0, processes, version: query.get("version") ?? "" };
}

export function bodyOf({ kind, number, processes, version }: Question): ExplainRequest {
  if (kind !== "described") return { [kind]: number };
  return { processes, ...(version === "" ? {} : { client_version: version }) };
}

/** The question as a heading. */
export function titleOf({ kind, number, processes, version }: Question): string {
  if (kind !== "described") return `${kind[0]?.toUpperCase()}${kind.slice(1)} ${number}`;
  return `A client that ${processes.length === 0 ? "names no program" : `reports ${processes.join(", ")}`}${version && `, version ${version}`}`;
}

/** The question as a request, with what a scenario would expect. It changes nothing. */
export function asked({ path }: Of, question: Question, explanation: Explanation): Change {
  const { kind, number, processes, version } = question;
  const names = processes.length === 0 ? programFlag(null) : processes.flatMap((name) => programFlag(name));
  const words = kind === "described" ? [...names, ...(version === "" ? [] : flag("client-version", version))] : [`--${kind}`, String(number)];
  return {
    label: "Explain",
    method: "POST",
    path: `${path}/policy/explain`,
    body: bodyOf(question),
    cli: ["policy", "explain", ...words],
    step: expectation(explanation),
  };
}

const EVENTS: Record<Decision["action"], string> = {
  admitted: "session.connected",
  refused: "session.refused",
  disconnected: "session.disconnected",
  would_block: "session.would_block",
};

/** What a scenario would expect; null where it can't inject such a client. */
export function expectation(explanation: Explanation): string | null {
  const { recorded, decision, mode, processes, client_version, code } = explanation;
  if (recorded) {
    const { action, process, group } = recorded;
    const event = { type: EVENTS[action], process, group, client_version: recorded.client_version, code: recorded.code?.name };
    return step(recorded.summary, "expect", { events: [event] });
  }
  const [process, ...more] = processes;
  if (more.length > 0) return null;
  const group = "why";
  const isRefused = decision === "forbidden" && mode === "enforce";
  const client = isRefused ? { group, state: "refused", outcome: code?.name } : { group, state: "connected" };
  const arrives = step("A client connects.", "inject", [{ process, client_version, group }]);
  return `${arrives}\n\n${step(isRefused ? "It is refused." : "It is let in.", "expect", { clients: [client] })}`;
}

