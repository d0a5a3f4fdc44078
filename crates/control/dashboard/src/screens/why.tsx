// Why? The answer for a session, a client, a decision, or a client that somebody describes.
import { useState } from "preact/hooks";

import { injectClients } from "../api/changes_sessions";
import { epochOf, seqOf } from "../api/journal";
import type { Decision, EventTotals } from "../api/types";
import { live } from "../model/current";
import { type ReadBack, readBack } from "../model/read_back";
import { useRereading } from "../model/rereading";
import { request } from "../api/request";
import { dateTime, timeOfDay } from "../model/time";
import { visible } from "../model/visible";
import { at, go, href, place, setQuery } from "../router";
import { Empty } from "../ui/empty";
import { Heading } from "../ui/heading";
import { ProblemNote } from "../ui/problem";
import { Said } from "../ui/said";
import { type Column, DataTable } from "../ui/table";
import { NOTHING_TOLD } from "./sessions_inject";
import { Answer } from "./why_answer";
import { ActionBadge } from "./why_parts";
import { type Kind, type Question, questionOf } from "./why_question";
import "./why.css";

export function WhyScreen() {
  const question = questionOf(place.value.query);
  const key = JSON.stringify(question);
  return (
    <>
      <Heading title="Why?">
        {question && (
          <a class="button" id="why-newest" href={href("why")}>
            The newest decisions
          </a>
        )}
      </Heading>
      {at.value !== null && <p class="note note-warn">This screen explains by the policy in force now, whatever time the others show.</p>}
      <Asker key={`asker ${key}`} question={question} />
      {question ? <Answer key={key} question={question} /> : <NewestDecisions />}
    </>
  );
}

const KINDS: [Kind, string][] = [
  ["session", "Session"],
  ["client", "Injected client"],
  ["decision", "Decision"],
  ["described", "A client that reports…"],
];

function Asker({ question }: { question: Question | null }) {
  const [kind, setKind] = useState<Kind>(question?.kind ?? "described");
  const [number, setNumber] = useState(question && question.kind !== "described" ? String(question.number) : "");
  const [process, setProcess] = useState(question?.processes[0] ?? "");
  const [version, setVersion] = useState(question?.version ?? "");
  const isDescribed = kind === "described";
  const ask = (event: Event) => {
    event.preventDefault();
    const described = process === "" ? { unnamed: 1, version } : { process, version };
    go(href("why", isDescribed ? described : { [kind]: number }));
  };
  return (
    <form class="card why-asker" onSubmit={ask}>
      <div class="field">
        <label for="why-kind">Explain</label>
        <select id="why-kind" value={kind} onChange={(event) => setKind(event.currentTarget.value as Kind)}>
          {KINDS.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
      </div>
      {isDescribed ? (
        <>
          <div class="field why-grows">
            <label for="why-process">Program</label>
            <input id="why-process" value={process} placeholder="none: it names no program" spellcheck={false} onInput={(event) => setProcess(event.currentTarget.value)} />
          </div>
          <div class="field">
            <label for="why-version">Version</label>
            <input id="why-version" value={version} placeholder="11.0.5608.0" spellcheck={false} onInput={(event) => setVersion(event.currentTarget.value)} />
          </div>
        </>
      ) : (
        <div class="field">
          <label for="why-number">Number</label>
          <input id="why-number" type="number" min={1} required value={number} onInput={(event) => setNumber(event.currentTarget.value)} />
        </div>
      )}
      <button type="submit" id="why-explain" class="primary">
        Why?
      </button>
    </form>
  );
}

const COLUMNS: Column<Decision>[] = [
  { key: "id", title: "Decision", cell: ({ id }) => <a href={href("why", { decision: id })}>{id}</a> },
  { key: "at", title: "Store time", cell: ({ at: when }) => <span title={dateTime(when)}>{timeOfDay(when)}</span> },
  { key: "action", title: "Outcome", cell: ({ action }) => <ActionBadge action={action} /> },
  { key: "process", title: "Program", cell: ({ process }) => (process == null ? <span class="soft">(no name)</span> : visible(process)) },
  { key: "version", title: "Version", cell: (row) => row.client_version },
  { key: "session", title: "Session", cell: ({ session }) => (session == null ? "none" : <a href={href(`sessions/${session}`)}>{session}</a>) },
  { key: "cause", title: "Cause", cell: ({ cause }) => cause },
  { key: "summary", title: "In a sentence", cell: ({ summary }) => <Said text={summary} /> },
];

/** Decisions that are shown when nothing is asked. */
const SHOWN = 200;

/** Least time between an answer and the next read while decisions are taken, and the rest of typing before one; in milliseconds. */
const REST = 1000;
const TYPING = 250;

function NewestDecisions() {
  const text = place.value.query.get("q") ?? "";
  const { rows, from, error, isReading } = useNewest(text);
  return (
    <>
      <div class="filter" role="search">
        <div class="field">
          <label for="why-filter">Filter the decisions</label>
          <input
            id="why-filter"
            type="search"
            value={text}
            placeholder="action:refused,disconnected process:mdl.exe"
            autocomplete="off"
            spellcheck={false}
            aria-invalid={error !== null}
            onInput={(event) => setQuery({ q: event.currentTarget.value })}
          />
        </div>
        {error !== null && <ProblemNote error={error} />}
      </div>
      <DataTable
        caption="The newest decisions"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ id }) => id}
        lines={18}
        empty={isReading ? <p class="soft">Reading the decisions…</p> : error === null && <NoDecisions isFiltered={text !== ""} />}
      />
      {SHOWN <= rows.length && 0 < from && <p class="hint">The newest {rows.length}. A filter finds older ones, as far as the journal goes back.</p>}
    </>
  );
}

function NoDecisions({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No decision passes this filter" />;
  return (
    <Empty title="Nothing was decided yet" command={injectClients(live.value, { ...NOTHING_TOLD, process: "mdl.exe" })}>
      <p>Every client that connects is decided on, and every session again when the policy changes. A client that is described above is explained at once.</p>
    </Empty>
  );
}

interface Newest {
  rows: Decision[];
  from: number;
  error: unknown;
  isReading: boolean;
}

const NONE_READ: Newest = { rows: [], from: 0, error: null, isReading: true };

/** The newest decisions that a filter of the server lets through, newest first. */
function useNewest(text: string): Newest {
  const store = live.value;
  const [state, setState] = useState({ store, ...NONE_READ });
  const read = async (signal: AbortSignal) => {
    try {
      const { items, from } = await readNewest(text, signal);
      if (!signal.aborted) setState({ store, rows: items.slice(-SHOWN).reverse(), from, error: null, isReading: false });
    } catch (error) {
      // While a filter is typed, what passed the one before stays; what another store decided does not.
      if (!signal.aborted) setState((before) => ({ ...(before.store === store ? before : { store, ...NONE_READ }), error, isReading: false }));
    }
  };
  useRereading(store.generation.value === 0 ? null : read, [text], {
    first: TYPING,
    rest: REST,
    changedBy: (events) => events.some(({ type }) => type.startsWith("session.")),
  });
  return state.store === store ? state : NONE_READ;
}

async function readNewest(text: string, signal: AbortSignal): Promise<ReadBack<Decision>> {
  const { path } = live.peek();
  const { body, cursor } = await request<EventTotals>(`${path}/events/totals`, { signal });
  return readBack<Decision>(
    {
      path: `${path}/decisions`,
      query: text === "" ? {} : { q: text },
      epoch: epochOf(cursor),
      end: seqOf(cursor),
      oldest: seqOf(body.first_available),
      wanted: SHOWN,
    },
    ({ id }) => id,
    signal,
  );
}
