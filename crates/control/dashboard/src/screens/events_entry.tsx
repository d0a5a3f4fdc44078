// An entry of the journal: what it says in a clause, and all of it with links.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { seqOf } from "../api/journal";
import type { Event, Events } from "../api/types";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { lastPart } from "../model/text";
import { dateTime } from "../model/time";
import { visible } from "../model/visible";
import { href } from "../router";
import { causeHref, policyHref } from "../ui/cause";
import { ProblemNote } from "../ui/problem";
import { Said } from "../ui/said";

/** What happened, in a clause. */
export function told(event: Event): string {
  switch (event.type) {
    case "session.connected":
    case "session.identified":
      return visible(`${event.client_version}, ${lastPart(event.user_dn) || "nobody"} on ${event.machine ?? "an unnamed machine"}`);
    case "session.refused":
      return visible(`${event.refusal.replaceAll("_", " ")}: ${event.code.name ?? event.code.value}${item(event.decision)}`);
    case "session.disconnected":
      return visible(`${event.reason}: ${event.code.name ?? event.code.value}${item(event.decision)}`);
    case "session.would_block":
      return visible(`${event.trigger.replaceAll("_", " ")}${item(event.decision)}`);
    case "session.ended":
      return event.reason;
    case "policy.changed":
      return visible(`generation ${event.generation}: programs${changed(event.processes)}; versions${changed(event.versions)}`);
    case "enforcement.completed":
      return `${event.disconnected} disconnected, ${event.kept} kept, ${event.would_block} would be blocked`;
    case "poll.completed":
      return `poll ${event.poll.number}, ${event.poll.trigger}: ${event.changed ? "another policy" : "no change"}, generation ${event.generation}`;
    case "poll.failed":
      return visible(`poll ${event.poll.number}: ${event.value}: ${event.error}`);
    case "registry.changed":
      return visible(`${event.action.replaceAll("_", " ")} ${event.name ?? event.key}${event.value ? ` = ${JSON.stringify(event.value.data)}` : ""}`);
    case "registry.invalid":
      return visible(`${event.value}: ${event.problem}`);
    case "fault.hit":
      return visible(`fault rule ${event.fault}, ${event.stage}: ${event.effect}`);
    default:
      return visible(rest(event));
  }
}

function item(match: { ordinal: number; item: string } | null | undefined): string {
  return match ? `, item ${match.ordinal} \`${match.item}\`` : "";
}

function changed({ added, removed }: { added: string[]; removed: string[] }): string {
  const parts = [...added.map((one) => ` +${one}`), ...removed.map((one) => ` −${one}`)];
  return parts.length === 0 ? " as before" : parts.join("");
}

const HEAD = ["seq", "at", "cause", "type"];

/** The plain fields of an entry that has no clause of its own. */
function rest(event: Event): string {
  const fields = Object.entries(event).filter(([name, value]) => !HEAD.includes(name) && value !== null && typeof value !== "object");
  return fields.map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ");
}

interface EntryProps {
  seq: number;
  /** The entry, where the list has it. */
  held: Event | null;
  closeHref: string;
}

export function EntryDetail({ seq, held, closeHref }: EntryProps) {
  const path = `${live.value.path}/events?after=${seq - 1}&limit=1`;
  // The server knows no entries that lie ahead.
  const isAhead = seqOf(live.value.cursor || "1-0") < seq;
  const read = useResource<Events>(held || isAhead ? null : path);
  const event = held ?? read.body?.items.find((one) => one.seq === seq) ?? null;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement?.closest(".table-box")) head.current?.focus();
  }, []);
  return (
    <section class="card entry" aria-labelledby="entry-title">
      <div class="heading">
        <h2 id="entry-title" ref={head} tabIndex={-1}>
          Entry {seq} {event && <span class="soft">{event.type}</span>}
        </h2>
        <a class="button" id="entry-close" href={closeHref}>
          Close
        </a>
      </div>
      {read.error !== null && <ProblemNote error={read.error} />}
      {!event && isAhead && <p class="note note-warn">There is no entry {seq} yet.</p>}
      {!event && read.body && <p class="note note-warn">Entry {seq} is no longer kept.</p>}
      {event && (
        <>
          <p>
            {dateTime(event.at)}: <Said text={told(event)} />
          </p>
          <p class="row">
            {isDecision(event) && <a href={href("why", { decision: seq })}>Why was it decided so?</a>}
            <a href={href("sessions", { at: `${live.value.cursor.split("-")[0]}-${seq}` })}>The sessions after it</a>
            <a href={href("events", { from: seq })}>What came next</a>
          </p>
          <pre class="entry-json" tabIndex={0} aria-label="The entry as JSON">
            <Json value={event as unknown as Value} name="" depth={0} />
          </pre>
        </>
      )}
    </section>
  );
}

/** Whether an entry is a decision about a client: of one that is listed and only watched, another entry is. */
function isDecision(event: Event): boolean {
  switch (event.type) {
    case "session.refused":
    case "session.would_block":
      return true;
    case "session.disconnected":
      return event.decision !== null;
    case "session.connected":
      return !event.listed;
    case "session.identified":
      return event.kept && !event.listed;
    default:
      return false;
  }
}

type Value = string | number | boolean | null | Value[] | { [name: string]: Value };

/** JSON over lines, in which what there is to see has a link. */
function Json({ value, name, depth }: { value: Value; name: string; depth: number }) {
  if (value === null || typeof value !== "object") return <Plain value={value} name={name} />;
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return <>{open + close}</>;
  const indent = "  ".repeat(depth + 1);
  return (
    <>
      {open}
      {entries.map(([key, inner], place) => (
        <>
          {`\n${indent}`}
          {!Array.isArray(value) && <span class="json-key">{`${quoted(key)}: `}</span>}
          <Json value={inner} name={Array.isArray(value) ? name : nested(name, key)} depth={depth + 1} />
          {place + 1 < entries.length && ","}
        </>
      ))}
      {`\n${"  ".repeat(depth)}${close}`}
    </>
  );
}

/** The name of a field that means something only within another. */
function nested(outer: string, name: string): string {
  return outer === "poll" && name === "number" ? "poll.number" : name;
}

function quoted(text: string): string {
  return visible(JSON.stringify(text));
}

function Plain({ value, name }: { value: string | number | boolean | null; name: string }): ComponentChildren {
  const text = typeof value === "string" ? quoted(value) : String(value);
  const link = linkOf(name, value);
  return link ? <a href={link}>{text}</a> : text;
}

const PLACES: Record<string, (value: number) => string> = {
  session: (id) => href(`sessions/${id}`),
  linked_to: (id) => href(`sessions/${id}`),
  client_id: (id) => href("why", { client: id }),
  generation: policyHref,
  fault: (id) => href(`faults/${id}`),
  "poll.number": (id) => href(`clock/${id}`),
};

function linkOf(name: string, value: string | number | boolean | null): string | null {
  if (typeof value === "number") return PLACES[name]?.(value) ?? null;
  return name === "cause" && typeof value === "string" ? causeHref(value) : null;
}
