// One rule: what it does in a sentence, another schedule, and what it hit last.
import { useEffect, useState } from "preact/hooks";

import { rescheduleFault } from "../api/changes_faults";
import { epochOf, seqOf } from "../api/journal";
import { request } from "../api/request";
import type { Cursor, Event, EventOf, Fault, Page } from "../api/types";
import type { Typed } from "../faults/effects";
import { scheduleOf, typedSchedule } from "../faults/rule";
import { sentence } from "../faults/words";
import { live } from "../model/current";
import { timeOfDay } from "../model/time";
import { visible } from "../model/visible";
import { href } from "../router";
import { Action } from "../ui/action";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable } from "../ui/table";
import { ScheduleFields, fieldErrors } from "./faults_fields";
import { DeleteButton, FaultState } from "./faults";

type Hit = EventOf<"fault.hit">;

/** Hits that are shown: the newest. */
const MOST = 200;

/** How far back the journal is searched, in entries: further each time that it was not enough. */
const REACHES = [5_000, 100_000];

/** Least time between two drawings of hits that come, in milliseconds. */
const REST = 250;

export function FaultPart({ fault, onChanged }: { fault: Fault; onChanged: () => void }) {
  const { hits, error } = useHits(fault.id);
  return (
    <section class="card" aria-labelledby="fault-part-title">
      <div class="heading">
        <h2 id="fault-part-title">Rule {fault.id}</h2>
        <p class="row">
          <FaultState fault={fault} />
          <a href={href("faults")}>Close</a>
        </p>
      </div>
      <p class="fault-sentence">{sentence(fault)}</p>
      <dl class="pairs">
        <dt>Opportunities seen</dt>
        <dd>{fault.seen}</dd>
        <dt>Of them hit</dt>
        <dd>{fault.hits}</dd>
        <dt>Hits left</dt>
        <dd>{fault.hits_left ?? "no end to them"}</dd>
      </dl>
      <Reschedule fault={fault} onChanged={onChanged} />
      <DeleteButton id={fault.id} onDeleted={onChanged} />
      <h3 id="fault-hits-title">Newest hits</h3>
      {error !== null && <ProblemNote error={error} />}
      {hits?.length === 0 && <p class="soft">{fault.hits === 0 ? "It has hit nothing yet." : "The journal keeps none of them any more."}</p>}
      {hits && 0 < hits.length && (
        <DataTable caption={`Newest hits of rule ${fault.id}`} columns={HIT_COLUMNS} rows={hits} rowKey={({ seq }) => seq} lines={8} />
      )}
      {hits && hits.length < fault.hits && 0 < hits.length && <p class="hint">Those of {fault.hits} that are newest, and kept.</p>}
    </section>
  );
}

const HIT_COLUMNS: Column<Hit>[] = [
  { key: "seq", title: "Entry", align: "end", cell: ({ seq }) => <a href={href("events", { q: `seq:${seq}` })}>{seq}</a> },
  { key: "at", title: "Store time", cell: (hit) => timeOfDay(hit.at) },
  { key: "stage", title: "Where", cell: (hit) => hit.stage },
  { key: "effect", title: "What", cell: (hit) => hit.effect },
  {
    key: "session",
    title: "Session",
    align: "end",
    cell: ({ session }) => (session == null ? "" : <a href={href(`sessions/${session}`)}>{session}</a>),
  },
  { key: "process", title: "Program", cell: (hit) => visible(hit.process ?? "") },
  { key: "client", title: "Client", align: "end", cell: (hit) => hit.client_id ?? hit.origin ?? "" },
  { key: "group", title: "Group", cell: (hit) => visible(hit.group ?? "") },
  { key: "what", title: "Of what", cell: (hit) => visible(hit.value ?? ([hit.method, hit.route].filter(Boolean).join(" ") || (hit.opnum == null ? "" : `operation ${hit.opnum}`))) },
];

function Reschedule({ fault, onChanged }: { fault: Fault; onChanged: () => void }) {
  const [typed, setTyped] = useState<Typed>(() => typedSchedule(fault.schedule));
  const [refused, setRefused] = useState<unknown>(null);
  const { schedule, wrong } = scheduleOf(typed);
  const errors = { ...fieldErrors(refused), ...wrong };
  return (
    <details class="fault-reschedule">
      <summary>Another schedule</summary>
      <ScheduleFields name="fault-part" typed={typed} errors={errors} onChange={(key, value) => setTyped({ ...typed, [key]: value })} />
      <p class="hint">It counts from now on; what it has seen and hit stays.</p>
      <Action
        id="fault-reschedule"
        change={rescheduleFault(live.value, fault.id, schedule)}
        disabled={0 < Object.keys(wrong).length}
        onError={(error) => {
          setRefused(error);
          return 0 < Object.keys(fieldErrors(error)).length;
        }}
        onDone={() => {
          onChanged();
          return `Rule ${fault.id} has another schedule`;
        }}
      >
        Give it this schedule
      </Action>
    </details>
  );
}

/** The newest hits of a rule: those that the journal keeps, and those that come. */
function useHits(id: number): { hits: Hit[] | null; error: unknown } {
  const store = live.value;
  const epoch = store.generation.value;
  const [hits, setHits] = useState<Hit[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    // The store is read first; then there is a place to look back from.
    if (store.cursor === "") return undefined;
    const reading = new AbortController();
    let known: Hit[] | null = null;
    const coming: Hit[] = [];
    let timer = 0;
    const show = () => {
      timer = 0;
      if (known) setHits(merged(known, coming));
    };
    const isOurs = (event: Event): event is Hit => event.type === "fault.hit" && event.fault === id;
    const stop = store.listen((events) => {
      const ours = events.filter(isOurs);
      if (ours.length === 0) return;
      coming.push(...ours);
      if (2 * MOST < coming.length) coming.splice(0, coming.length - MOST);
      timer ||= window.setTimeout(show, REST);
    });
    readHits(store.path, store.cursor, isOurs, reading.signal).then(
      (read) => {
        known = read;
        setError(null);
        show();
      },
      (failure) => {
        if (!reading.signal.aborted) setError(failure);
      },
    );
    return () => {
      reading.abort();
      stop();
      clearTimeout(timer);
    };
  }, [store, id, epoch]);
  return { hits, error };
}

/** Newest first, and each once. */
function merged(known: Hit[], coming: Hit[]): Hit[] {
  const bySeq = new Map([...known, ...coming].map((hit) => [hit.seq, hit]));
  return [...bySeq.values()].toSorted((left, right) => right.seq - left.seq).slice(0, MOST);
}

async function readHits(path: string, cursor: Cursor, isOurs: (event: Event) => event is Hit, signal: AbortSignal): Promise<Hit[]> {
  const { body: totals } = await request<{ first_available: Cursor }>(`${path}/events/totals`, { signal });
  const oldest = seqOf(totals.first_available);
  let hits: Hit[] = [];
  for (const reach of REACHES) {
    const begin = Math.max(oldest, seqOf(cursor) - reach);
    hits = await hitsAfter(`${path}/events?type=fault.hit&limit=1000`, `${epochOf(cursor)}-${begin}`, isOurs, signal);
    if (MOST <= hits.length || begin === oldest) break;
  }
  return hits.slice(-MOST);
}

async function hitsAfter(path: string, begin: Cursor, isOurs: (event: Event) => event is Hit, signal: AbortSignal): Promise<Hit[]> {
  const hits: Hit[] = [];
  let after = begin;
  for (;;) {
    const { body } = await request<Page<Event, Cursor> & { more: boolean }>(`${path}&after=${after}`, { signal });
    hits.push(...body.items.filter(isOurs));
    if (2 * MOST < hits.length) hits.splice(0, hits.length - MOST);
    if (!body.more || !body.next) return hits;
    after = body.next;
  }
}
