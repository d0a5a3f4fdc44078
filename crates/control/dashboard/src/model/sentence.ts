// Decisions in one plain sentence each, out of the entries of the journal.
import type { Event, EventOf, SessionFields } from "../api/types";
import { counted, lastPart } from "./text";
import { visible } from "./visible";

/** A stretch of a sentence: words, or a text as somebody wrote it. */
export type Part = string | { code: string };

export interface Sentence {
  seq: number;
  /** Store time, as the entry has it. */
  at: string;
  kind: "admitted" | "refused" | "cut_off" | "would_block" | "policy";
  /** What came of it, in a word or two. */
  word: string;
  /** Whom it is about, such as `mdl.exe of alice@WKS1`; empty of a policy. */
  who: string;
  /** What happened to them, and why. */
  parts: Part[];
  session: number | null;
  /** The poll that caused it. */
  poll: number | null;
  /** The policy that came into force; null of decisions. */
  generation: number | null;
}

type Match = NonNullable<EventOf<"session.refused">["decision"]>;

/** What the entry says as a sentence; null when it is no decision, and no change of the policy. */
export function sentenceOf(event: Event): Sentence | null {
  switch (event.type) {
    case "session.connected":
      // Of one that a list forbids, and that is only watched, the entry that follows is the decision.
      return event.listed ? null : about(event, "admitted", "Admitted", admittedWhy(event, "was admitted"));
    case "session.identified":
      // When it may not stay, or would not, another entry is the decision.
      return event.kept && !event.listed ? about(event, "admitted", "Admitted", admittedWhy(event, "named its program late, and may stay")) : null;
    case "session.refused":
      return about(event, "refused", "Refused", ["was refused: ", ...(event.decision ? matched(event.decision) : [refusedWhy(event.refusal)])]);
    case "session.disconnected":
      return about(event, "cut_off", "Cut off", ["was cut off: ", ...(event.decision ? matched(event.decision) : [endedWhy(event.reason)])]);
    case "session.would_block": {
      const would = event.trigger === "connect" ? "would be refused: " : "would be cut off: ";
      return about(event, "would_block", "Would block", [would, ...matched(event.decision)]);
    }
    case "policy.changed":
      return { ...blank(event), word: "Policy", parts: changed(event), generation: event.generation };
    case "policy.mode_changed": {
      const parts = [event.mode === "enforce" ? "The policy is enforced from here on." : "The policy is only watched from here on: nobody is cut off."];
      return { ...blank(event), word: "Policy", parts, generation: event.generation };
    }
    default:
      return null;
  }
}

/** Whether it is against a client, or about the policy: not that somebody was admitted. */
export function isAgainst(sentence: Sentence): boolean {
  return sentence.kind !== "admitted";
}

/** The newest sentences of entries, newest first. */
export function newestSentences(events: readonly Event[], most: number, wanted: (sentence: Sentence) => boolean): Sentence[] {
  const found: Sentence[] = [];
  for (let place = events.length - 1; 0 <= place && found.length < most; place -= 1) {
    const event = events[place];
    const sentence = event && sentenceOf(event);
    if (sentence && wanted(sentence)) found.push(sentence);
  }
  return found;
}

/** The number of the poll that caused something; null when none did. */
export function pollOf(cause: string): number | null {
  const number = /^poll:(\d+)$/.exec(cause)?.[1];
  return number === undefined ? null : Number(number);
}

/** Who it is, such as `mdl.exe of alice@WKS1`. */
export function whoOf(client: Pick<SessionFields, "process" | "user" | "user_dn" | "machine">): string {
  const program = client.process == null ? "A program without a name" : visible(client.process);
  const user = client.user ?? lastPart(client.user_dn);
  const machine = client.machine ?? "";
  if (user && machine) return `${program} of ${visible(user)}@${visible(machine)}`;
  if (user) return `${program} of ${visible(user)}`;
  return machine ? `${program} on ${visible(machine)}` : program;
}

function blank(event: Event): Sentence {
  const { seq, at, cause } = event;
  return { seq, at, kind: "policy", word: "", who: "", parts: [], session: null, poll: pollOf(cause), generation: null };
}

function about(event: Event & SessionFields, kind: Sentence["kind"], word: string, parts: Part[]): Sentence {
  return { ...blank(event), kind, word, who: whoOf(event), parts: [...parts, "."], session: event.session ?? null };
}

function admittedWhy(client: SessionFields, what: string): Part[] {
  return client.process == null
    ? [`${what}: without a name, no list of processes can hit it`]
    : [`${what}: no item matched`];
}

/** `mdl.exe` is item 1 of the list of processes. */
function matched({ list, item, ordinal, matched: reported }: Match): Part[] {
  if (list === "versions") {
    return ["its version ", code(reported), " is in ", code(item), `, item ${ordinal} of the list of versions`];
  }
  if (reported.toLowerCase() === item.toLowerCase()) return [code(item), ` is item ${ordinal} of the list of processes`];
  return [code(reported), " is ", code(item), `, item ${ordinal} of the list of processes`];
}

function code(text: string): Part {
  return { code: visible(text) };
}

const REFUSALS: Record<string, string> = {
  version_too_old: "its version is too old for the store",
  too_many_names: "it named more programs than a session may",
  session_limit: "the store has as many sessions as it takes",
  class_limit: "the store has as many kinds of clients as it takes",
  not_running: "the service is stopped",
  fault: "a fault rule has it so",
  not_encrypted: "its connection is not encrypted",
  level_too_low: "its connection is not protected well enough",
  anonymous: "it did not say who it is",
  account_gone: "its account is gone",
  unknown_user: "its user is not known",
  other_user: "it is not the user that it says",
  not_admin: "it is no administrator",
};

function refusedWhy(refusal: string): string {
  return REFUSALS[refusal] ?? refusal.replaceAll("_", " ");
}

const ENDS: Record<string, string> = {
  admin: "somebody disconnected it",
  limit: "it went beyond a limit of the store",
  shutdown: "the service was stopped",
  restart: "the service was started again",
};

function endedWhy(reason: string): string {
  return ENDS[reason] ?? reason.replaceAll("_", " ");
}

/** Items that are named; more are counted. */
const NAMED = 4;

function changed({ generation, processes, versions }: EventOf<"policy.changed">): Part[] {
  const added = [...processes.added, ...versions.added];
  const removed = [...processes.removed, ...versions.removed];
  const parts: Part[] = [`Policy ${generation} came into force: `];
  if (0 < added.length) parts.push(...named(added), added.length === 1 ? " was added" : " were added");
  if (0 < added.length && 0 < removed.length) parts.push("; ");
  if (0 < removed.length) parts.push(...named(removed), removed.length === 1 ? " was removed" : " were removed");
  if (added.length + removed.length === 0) parts.push("the same items in another order");
  return [...parts, "."];
}

function named(items: string[]): Part[] {
  if (NAMED < items.length) return [counted(items.length, "item")];
  return items.flatMap((item, place): Part[] => (place === 0 ? [code(item)] : [place === items.length - 1 ? " and " : ", ", code(item)]));
}
