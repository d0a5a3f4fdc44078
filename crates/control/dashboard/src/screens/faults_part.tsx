// One rule: what it does in a sentence, another schedule, and what it hit last.
import { useEffect, useState } from "preact/hooks";

import { rescheduleFault } from "../api/changes_faults";
import { epochOf, seqOf } from "../api/journal";
import { request } from "../api/request";
import type { Cursor, Event, EventOf, EventTotals, Fault } from "../api/types";
import type { Typed } from "../faults/effects";
import { scheduleOf, typedSchedule } from "../faults/rule";
import { sentence } from "../faults/words";
import { live } from "../model/current";
import { follow } from "../model/following";
import { readBack } from "../model/read_back";
import { timeOfDay } from "../model/time";
import { visible } from "../model/visible";
import { href } from "../router";
import { Action } from "../ui/action";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable } from "../ui/table";
import { ScheduleFields, fieldErrors } from "./faults_fields";
import { DeleteButton, FaultState, PauseButton } from "./faults";

type Hit = EventOf<"fault.hit">;

/** Hits that are shown: the newest. */
const MOST = 200;

/** How far back the journal is searched, in entries. */
const REACH = 100_000;

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
          <a class="button" href={href("faults")}>
            Close
          </a>
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
      <p class="row">
        <PauseButton fault={fault} onChanged={onChanged} />
        <DeleteButton id={fault.id} onDeleted={onChanged} />
      </p>
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
    if (epoch === 0) return undefined;
    let known: Hit[] = [];
    let timer = 0;
    const show = () => {
      timer = 0;
      setHits(known.slice(-MOST).reverse());
    };
    const isOurs = (event: Event): event is Hit => event.type === "fault.hit" && event.fault === id;
    const stop = follow(store, {
      read: async (signal) => {
        const { path, cursor } = store;
        const read = await readHits(path, cursor, isOurs, signal);
        if (!signal.aborted) {
          known = read;
          setError(null);
          show();
        }
        return seqOf(cursor);
      },
      take: (events) => {
        const ours = events.filter(isOurs);
        if (ours.length === 0) return;
        known.push(...ours);
        if (2 * MOST < known.length) known.splice(0, known.length - MOST);
        timer ||= window.setTimeout(show, REST);
      },
      failed: setError,
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [store, id, epoch]);
  return { hits, error };
}

/** The newest hits of a rule up to a place, oldest first. */
async function readHits(path: string, cursor: Cursor, isOurs: (event: Event) => event is Hit, signal: AbortSignal): Promise<Hit[]> {
  const { body: totals } = await request<EventTotals>(`${path}/events/totals`, { signal });
  const end = seqOf(cursor);
  const window = {
    path: `${path}/events`,
    query: { type: "fault.hit" },
    epoch: epochOf(cursor),
    end,
    oldest: Math.max(seqOf(totals.first_available), end - REACH),
    wanted: MOST,
  };
  const { items } = await readBack<Event>(window, ({ seq }) => seq, signal, isOurs);
  return items.filter(isOurs).slice(-MOST);
}
