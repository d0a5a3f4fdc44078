// What went over the wire, PDU by PDU: what each says as a tree, and its bytes when they are asked for.
import { useEffect, useState } from "preact/hooks";

import { RequestError, request } from "../api/request";
import type { Packet, Packets } from "../api/types";
import { type Found, bytesOf, findText, hexLines } from "../model/bytes";
import { counted } from "../model/text";
import { visible } from "../model/visible";
import { timeOfDay } from "../model/time";
import { ProblemNote } from "./problem";
import "./transcript.css";

/** PDUs that are read at a time. */
const PAGE = 50;

interface TranscriptProps {
  /** The list that has it, with its query if it has one. */
  path: string;
  /** Names that are marked in the bytes. */
  names?: string[];
  /** Moves when there may be more. */
  turn?: unknown;
}

export function Transcript({ path, names = [], turn }: TranscriptProps) {
  const [items, setItems] = useState<Packet[]>([]);
  const [next, setNext] = useState<number | null>(null);
  const [dropped, setDropped] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const [state, setState] = useState<"reading" | "read">("reading");
  const read = async (after: number | null, signal?: AbortSignal) => {
    setState("reading");
    try {
      const asked = withQuery(path, { limit: PAGE, after });
      const { body } = await request<Packets>(asked, signal ? { signal } : {});
      setItems((before) => (after === null ? body.items : [...before, ...body.items]));
      setNext(body.next ?? null);
      setDropped(body.dropped);
      setError(null);
    } catch (failure) {
      if (signal?.aborted) return;
      setError(failure);
    }
    setState("read");
  };
  useEffect(() => {
    const reading = new AbortController();
    void read(null, reading.signal);
    return () => reading.abort();
  }, [path, turn]);
  const isGone = error instanceof RequestError && error.status === 404;
  if (error !== null && !isGone) return <ProblemNote error={error} onRetry={() => void read(null)} />;
  if (items.length === 0) return <p class="soft">{state === "reading" ? "Reading the transcript…" : "Nothing of it is kept any more."}</p>;
  return (
    <div class="transcript">
      {0 < dropped && <p class="hint">{dropped} older reads and writes of the store have left the transcript.</p>}
      <ol class="packets">
        {items.map((packet) => (
          <PacketItem key={packet.id} path={path} packet={packet} names={names} />
        ))}
      </ol>
      <p class="row">
        {next !== null && (
          <button type="button" class="transcript-more" aria-busy={state === "reading"} onClick={() => void read(next)}>
            Show more
          </button>
        )}
        <button type="button" class="quiet" aria-busy={state === "reading"} onClick={() => void read(null)}>
          Read the transcript again
        </button>
      </p>
    </div>
  );
}

function withQuery(path: string, query: Record<string, string | number | null>): string {
  const whole = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) whole.searchParams.set(name, String(value));
  }
  return whole.pathname + whole.search;
}

interface PacketProps {
  path: string;
  packet: Packet;
  names: string[];
  /** Shown with its tree and its bytes open. */
  isOpen?: boolean;
}

function PacketItem(props: PacketProps) {
  const { packet, isOpen = false } = props;
  const [open, setOpen] = useState(isOpen);
  const told = tellsOf(packet.decoded);
  return (
    <li>
      <details class="packet" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span class="packet-way">{packet.direction === "received" ? "client → store" : "store → client"}</span>{" "}
          <strong>{packet.operation ?? packet.type}</strong> {packet.operation && <span class="soft">{packet.type}</span>}{" "}
          <span class="soft">{packet.length} bytes</span> {told && <code class="packet-told">{visible(told)}</code>}
          {packet.problem && <span class="badge badge-warn">can't be read</span>}
        </summary>
        {open && <PacketBody {...props} />}
      </details>
    </li>
  );
}

/** A PDU with all that is known of it. */
export function PacketBody({ path, packet, names, isOpen = false }: PacketProps) {
  return (
    <div class="packet-body">
      <p class="soft">
        {timeOfDay(packet.at)}, connection {packet.connection}, call {packet.call_id ?? "–"}
        {packet.flags.length > 0 && `, ${packet.flags.join(", ")}`}
        {packet.sealed && ", sealed on the wire and shown in clear"}
      </p>
      {packet.verifier && (
        <p class="soft">
          authenticated: type {packet.verifier.auth_type}, level {packet.verifier.auth_level}
        </p>
      )}
      {packet.problem && <p class="note note-warn">{visible(packet.problem)}</p>}
      {packet.decoded && <Tree value={packet.decoded} />}
      <Bytes path={path} packet={packet} names={names} isOpen={isOpen} />
    </div>
  );
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** What an observer looks for first in what a PDU says. */
function tellsOf(decoded: unknown): string {
  const told: string[] = [];
  const look = (value: Json, depth: number) => {
    if (value === null || typeof value !== "object" || 6 < depth || 3 < told.length) return;
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === "string" && /^(ProcessName|ReturnValue|rop|status)$/.test(name)) told.push(inner);
      else look(inner, depth + 1);
    }
  };
  look((decoded ?? null) as Json, 0);
  return [...new Set(told)].join(" · ");
}

function Tree({ value }: { value: unknown }) {
  const entries = Object.entries((value ?? {}) as Record<string, Json>);
  return (
    <dl class="tree">
      {entries.map(([name, inner]) => (
        <div key={name} class={name === "ProcessName" ? "tree-name" : undefined}>
          <dt>{visible(name)}</dt>
          <dd>
            <Leaf value={inner} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Leaf({ value }: { value: Json }) {
  if (value === null) return <span class="soft">none</span>;
  if (typeof value !== "object") return <code>{visible(String(value))}</code>;
  const size = Object.keys(value).length;
  if (size === 0) return <span class="soft">empty</span>;
  const head = Array.isArray(value) ? counted(size, "item") : titleOf(value);
  return (
    <details open>
      <summary>{head}</summary>
      <Tree value={value} />
    </details>
  );
}

function titleOf(value: Record<string, Json>): string {
  const named = value["block"] ?? value["rop"];
  return typeof named === "string" ? visible(named) : "fields";
}

/** The bytes of a PDU, read when they are asked for, with names marked in them. */
function Bytes({ path, packet, names, isOpen }: Required<PacketProps>) {
  const [hex, setHex] = useState<string | null>(packet.hex ?? null);
  const [error, setError] = useState<unknown>(null);
  const [open, setOpen] = useState(isOpen);
  useEffect(() => {
    if (!open || hex !== null) return undefined;
    const reading = new AbortController();
    const asked = withQuery(path, { hex: "true", after: packet.id - 1, limit: 1 });
    request<Packets>(asked, { signal: reading.signal }).then(
      ({ body }) => setHex(body.items[0]?.id === packet.id ? (body.items[0].hex ?? "") : ""),
      (failure) => {
        if (!reading.signal.aborted) setError(failure);
      },
    );
    return () => reading.abort();
  }, [open]);
  return (
    <details class="packet-bytes" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Bytes</summary>
      {error !== null && <ProblemNote error={error} />}
      {open && hex !== null && (hex === "" ? <p class="soft">They have left the transcript.</p> : <Dump hex={hex} names={names} />)}
    </details>
  );
}

function Dump({ hex, names }: { hex: string; names: string[] }) {
  const bytes = bytesOf(hex);
  const found = names.map((name) => ({ name, at: findText(bytes, name) })).filter(({ at }) => at !== null);
  const isMarked = (place: number) => found.some(({ at }) => at && at.start <= place && place < at.end);
  return (
    <>
      {found.map(({ name, at }) => (
        <p key={name}>
          <code>{visible(name)}</code> is marked: bytes {at?.start} to {(at as Found).end - 1}, {at?.how}.
        </p>
      ))}
      <pre class="dump" tabIndex={0} aria-label="Bytes">
        {hexLines(bytes).map(({ offset, hex: pairs, text }, line) => (
          <>
            {offset}{"  "}
            {pairs.map((pair, place) => (
              <>
                {isMarked(16 * line + place) ? <mark>{pair}</mark> : pair}{" "}
              </>
            ))}
            {"   ".repeat(16 - pairs.length)} {text.join("")}
            {"\n"}
          </>
        ))}
      </pre>
    </>
  );
}
