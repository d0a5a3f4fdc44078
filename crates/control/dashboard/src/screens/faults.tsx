// Faults: what goes wrong on purpose, and what came of it.
import { useState } from "preact/hooks";

import { deleteFault, pauseFault } from "../api/changes_faults";
import type { Event, Fault, Page } from "../api/types";
import { effectWords, scheduleWords, whereWords, whomWords } from "../faults/words";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { at, href, place } from "../router";
import { Action } from "../ui/action";
import { Empty } from "../ui/empty";
import { Heading } from "../ui/heading";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable, type Sorting, sorted } from "../ui/table";
import { FaultForm } from "./faults_form";
import { FaultPart } from "./faults_part";
import "./faults.css";

/** A rule sees more than it hits, and what it sees is in the journal under other names. */
function isSeen(event: Event): boolean {
  return !event.type.startsWith("registry.");
}

export function FaultsScreen() {
  const store = live.value;
  const path = `${store.path}/faults`;
  const { body, error, reload } = useResource<Page<Fault>>(`${path}?limit=1000`, isSeen);
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const chosen = place.value.parts[0];
  const rules = body?.items ?? [];
  const open = rules.find(({ id }) => String(id) === chosen);
  return (
    <>
      <Heading title="Faults">
        <p class="soft">What goes wrong on purpose. Without rules, nothing does.</p>
      </Heading>
      {at.value !== null && <p class="note">This screen shows the rules as they are now, not as they were.</p>}
      {error !== null && <ProblemNote error={error} onRetry={reload} />}
      {body && (
        <DataTable
          caption="Fault rules"
          columns={COLUMNS}
          rows={sorted(rules, COLUMNS, sorting)}
          rowKey={({ id }) => id}
          open={open?.id ?? null}
          sorting={sorting}
          onSort={setSorting}
          empty={<NoRules />}
        />
      )}
      {chosen !== undefined && body && !open && (
        <p class="note note-warn">
          There is no rule {chosen} any more. <a href={href("faults")}>All rules</a>
        </p>
      )}
      {open && <FaultPart key={open.id} fault={open} onChanged={reload} />}
      <FaultForm onAdded={reload} />
    </>
  );
}

function NoRules() {
  return (
    <Empty title="No rules: nothing goes wrong" command={{ cli: ["fault", "add", "access_denied", "--list", "processes", "--next", "1"] }}>
      <p>
        A rule makes a connection hang, a call fail, a poll read nothing, or an answer come late, exactly as often as it says. Choose one below, or
        have the next read of the list of programs denied:
      </p>
    </Empty>
  );
}

const COLUMNS: Column<Fault>[] = [
  { key: "id", title: "Rule", align: "end", by: ({ id }) => id, cell: ({ id }) => <a href={href(`faults/${id}`)}>{id}</a> },
  { key: "state", title: "State", cell: (fault) => <FaultState fault={fault} /> },
  { key: "what", title: "What goes wrong", by: ({ effect }) => effectWords(effect), cell: ({ effect }) => <Short text={effectWords(effect)} /> },
  { key: "seen", title: "Seen", align: "end", by: ({ seen }) => seen, cell: ({ seen }) => seen },
  { key: "hits", title: "Hit", align: "end", by: ({ hits }) => hits, cell: ({ hits }) => hits },
  { key: "left", title: "Left", align: "end", cell: ({ hits_left: left }) => left ?? "no end" },
  { key: "where", title: "Where", cell: ({ effect, match }) => <Short text={whereWords(effect, match)} /> },
  { key: "whom", title: "Whom", cell: ({ match }) => <Short text={whomWords(match) || "everybody"} /> },
  { key: "when", title: "How often", cell: ({ schedule }) => <Short text={scheduleWords(schedule)} /> },
];

/** A text that may be cut off in its cell; the rule itself has all of it. */
function Short({ text }: { text: string }) {
  return (
    <span class="fault-short" title={text}>
      {text}
    </span>
  );
}

export function FaultState({ fault }: { fault: Fault }) {
  if (fault.paused) return <span class="badge badge-warn">paused</span>;
  if (fault.hits_left === 0) return <span class="badge">used up</span>;
  return <span class="badge badge-good">at work</span>;
}

export function PauseButton({ fault, onChanged }: { fault: Fault; onChanged: () => void }) {
  return (
    <Action
      id={`fault-pause-${fault.id}`}
      change={pauseFault(live.value, fault)}
      onDone={() => {
        onChanged();
        return fault.paused ? `Rule ${fault.id} goes on` : `Rule ${fault.id} is paused: what it held goes on`;
      }}
    >
      {fault.paused ? "Resume" : "Pause"}
      <span class="unseen"> rule {fault.id}</span>
    </Action>
  );
}

export function DeleteButton({ id, onDeleted }: { id: number; onDeleted: () => void }) {
  return (
    <Action
      id={`fault-delete-${id}`}
      kind="danger"
      change={deleteFault(live.value, id)}
      onDone={() => {
        onDeleted();
        // The row goes with its button: the focus is where the list begins then.
        document.querySelector<HTMLElement>(".heading h1")?.focus();
        return `Rule ${id} is gone: what it held goes on`;
      }}
    >
      Delete<span class="unseen"> rule {id}</span>
    </Action>
  );
}
