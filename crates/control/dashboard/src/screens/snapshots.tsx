// Snapshots of the store, and starting over.
import { useState } from "preact/hooks";

import { type Snapshot, deleteSnapshot, resetStore, restoreSnapshot, takeSnapshot } from "../api/changes_scenarios";
import type { Page } from "../api/types";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { counted } from "../model/text";
import { dateTime } from "../model/time";
import { visible } from "../model/visible";
import { setQuery } from "../router";
import { Action } from "../ui/action";
import { Empty } from "../ui/empty";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable } from "../ui/table";

export function Snapshots() {
  const store = live.value;
  const { body, error, reload } = useResource<Page<Snapshot>>(`${store.path}/snapshots?limit=1000`, /^snapshot\./);
  const [name, setName] = useState("");
  return (
    <section class="card" aria-labelledby="snapshots-title">
      <h2 id="snapshots-title">Snapshots</h2>
      <p class="soft">A snapshot holds everything that decides what the store does next. Resets leave snapshots; they are in memory only, and go with the store.</p>
      {error !== null && <ProblemNote error={error} onRetry={reload} />}
      <form class="row row-end" noValidate onSubmit={(event) => event.preventDefault()}>
        <div class="field">
          <label for="snapshot-name">Name (may be left out)</label>
          <input id="snapshot-name" maxLength={100} autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </div>
        <Action<Snapshot>
          id="snapshot-take"
          submits
          change={takeSnapshot(store, name.trim())}
          onDone={({ body: taken }) => {
            setName("");
            reload();
            return `Snapshot ${taken.id} is taken`;
          }}
        />
      </form>
      {body && (
        <DataTable
          caption="Snapshots of the store"
          columns={columnsOf(reload)}
          rows={body.items}
          rowKey={({ id }) => id}
          lines={8}
          empty={
            <Empty title="None was taken" command={{ cli: ["snapshot", "take", "--name", "arranged"] }} />
          }
        />
      )}
      <StartOver />
    </section>
  );
}

function columnsOf(reload: () => void): Column<Snapshot>[] {
  return [
    { key: "id", title: "Snapshot", align: "end", cell: ({ id }) => id },
    { key: "name", title: "Name", cell: (snapshot) => visible(snapshot.name ?? "") },
    { key: "now", title: "Store time", cell: ({ now }) => dateTime(now) },
    { key: "holds", title: "Holds", cell: (snapshot) => <span title={holds(snapshot)}>{holds(snapshot)}</span> },
    {
      key: "restore",
      title: "Restore",
      cell: (snapshot) => (
        <Action
          id={`snapshot-restore-${snapshot.id}`}
          change={restoreSnapshot(live.value, snapshot)}
          confirm={`The store goes back to ${dateTime(snapshot.now)}: the journal begins a new epoch, and connections over TCP are closed.`}
          onDone={() => {
            setQuery({ at: null });
            return `The store is as it was in snapshot ${snapshot.id}`;
          }}
        >
          Restore<span class="unseen"> snapshot {snapshot.id}</span>
        </Action>
      ),
    },
    {
      key: "delete",
      title: "Delete",
      cell: ({ id }) => (
        <Action
          id={`snapshot-delete-${id}`}
          kind="danger"
          change={deleteSnapshot(live.value, id)}
          confirm={`Snapshot ${id} can't be had back.`}
          onDone={() => {
            reload();
            document.getElementById("snapshot-name")?.focus();
            return `Snapshot ${id} is gone`;
          }}
        >
          Delete<span class="unseen"> snapshot {id}</span>
        </Action>
      ),
    },
  ];
}

function holds({ counts, registry }: Snapshot): string {
  const lost = counts.lost_sessions === 0 ? "" : ` (${counts.lost_sessions} more over TCP are lost)`;
  const words = [counted(counts.clients, "client"), counted(counts.sessions, "session") + lost, counted(counts.faults, "fault rule")];
  return words.join(", ") + (registry ? "" : ", without the registry: it is in a file");
}

function StartOver() {
  const store = live.value;
  const [now, setNow] = useState("");
  const time = now === "" ? "" : `${now.length === 16 ? `${now}:00` : now}Z`;
  const past = () => setQuery({ at: null });
  return (
    <>
      <h3>Start over</h3>
      <p class="soft">Sessions and clients go, and the journal begins a new epoch. The baseline is the store as it was started; an empty one has no value in its registry.</p>
      <div class="row row-end">
        <div class="field">
          <label for="reset-now">With a manual clock at</label>
          <input id="reset-now" type="datetime-local" step={1} value={now} aria-describedby="reset-now-hint" onInput={(event) => setNow(event.currentTarget.value)} />
        </div>
        <Action
          id="reset-baseline"
          kind="danger"
          change={resetStore(store, "baseline", time)}
          confirm="Sessions and clients go, and the store is as it was started."
          onDone={() => {
            past();
            return "The store starts over";
          }}
        >
          To the baseline
        </Action>
        <Action
          id="reset-empty"
          kind="danger"
          change={resetStore(store, "empty", time)}
          confirm="Sessions and clients go, and so does every value of the registry."
          onDone={() => {
            past();
            return "The store is empty";
          }}
        >
          To an empty store
        </Action>
      </div>
      <p class="hint" id="reset-now-hint">
        UTC. Without a time the clock is as at the start of the server.
      </p>
    </>
  );
}
