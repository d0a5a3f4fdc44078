// Sessions: who is connected, filtered in the page, and all of one of them.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { injectClients } from "../api/changes_sessions";
import { seqOf } from "../api/journal";
import { request } from "../api/request";
import { useBlocked } from "../model/blocked";
import { visible } from "../model/visible";
import { live } from "../model/current";
import { FIELDS, type Filter, parseFilter, suggestions, timeKey, versionKey } from "../model/filter";
import { type SessionRow, UNNAMED, nameOf, shownName } from "../model/live";
import { useSessionsSlowly } from "../model/slow";
import { lastPart } from "../model/text";
import { dateTime } from "../model/time";
import { past, pastError } from "../model/view";
import { at, href, place, setQuery } from "../router";
import { Empty } from "../ui/empty";
import { Heading } from "../ui/heading";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable, type Sorting, sorted } from "../ui/table";
import { SessionDetail } from "./sessions_detail";
import { InjectForm, NOTHING_TOLD } from "./sessions_inject";
import "./sessions.css";

/** A user as people call it. */
export function userOf({ user_dn }: { user_dn: string }): string {
  return lastPart(user_dn);
}

export const COLUMNS: Column<SessionRow>[] = [
  { key: "id", title: "Session", cell: ({ id }) => <a href={sessionHref(id)}>{id}</a>, by: ({ id }) => id },
  { key: "process", title: "Program", cell: (row) => <ProcessName row={row} />, by: (row) => shownName(nameOf(row)) },
  { key: "version", title: "Version", cell: (row) => row.client_version, by: (row) => versionKey(row.client_version) },
  { key: "user", title: "User", cell: (row) => visible(userOf(row)) || "–", by: userOf },
  { key: "machine", title: "Machine", cell: (row) => visible(row.machine ?? "–"), by: (row) => row.machine ?? "" },
  { key: "mode", title: "Mode", cell: (row) => row.mode, by: (row) => row.mode },
  { key: "transport", title: "Via", cell: (row) => row.transport, by: (row) => row.transport },
  { key: "group", title: "Group", cell: (row) => visible(row.group ?? "–"), by: (row) => row.group ?? "" },
  { key: "client", title: "Client", cell: (row) => row.client_id ?? "foreign", by: (row) => row.client_id ?? 0 },
  { key: "at", title: "Opened", cell: (row) => dateTime(row.connected_at), by: (row) => timeKey(row.connected_at) ?? row.connected_at },
  { key: "generation", title: "Policy", cell: (row) => row.generation, by: (row) => row.generation, align: "end" },
];

function ProcessName({ row }: { row: SessionRow }) {
  if (row.process == null) return <span class="soft">{UNNAMED}</span>;
  const more = row.processes.length - 1;
  return (
    <>
      {visible(row.process)}
      {0 < more && <span class="soft"> and {more} more</span>}
    </>
  );
}

/** A session of the list, which keeps its filter and order. */
function sessionHref(id: number | null): string {
  const { query } = place.value;
  return href(id === null ? "sessions" : `sessions/${id}`, { q: query.get("q"), sort: query.get("sort") });
}

export function SessionsScreen() {
  const { query, parts } = place.value;
  const text = query.get("q") ?? "";
  const open = /^\d+$/.test(parts[0] ?? "") ? Number(parts[0]) : null;
  const { version, sessions: all, byProcess } = useSessionsSlowly();
  const { filter, isWrong } = useFilter(text);
  const blocked = useBlocked(filter.asksBlocked);
  const sorting = sortingOf(query.get("sort"));
  const rows = useMemo(() => {
    const passing = [...all.values()].filter((row) => filter.passes(row, blocked.ids));
    return sorted(passing, COLUMNS, sorting);
  }, [version, all, filter, blocked.ids, sorting?.key, sorting?.down]);
  const isReading = at.value === null ? live.value.loading.value === "loading" : past.value === null && pastError.value === null;
  return (
    <>
      <Heading title="Sessions">
        <p class="sessions-count">
          {isReading ? "Reading…" : text === "" ? `${all.size} live` : `${rows.length} of ${all.size}`}
          {at.value !== null && " then"}
        </p>
      </Heading>
      <InjectForm />
      <FilterBox text={text} isWrong={isWrong} programs={[...byProcess.keys()].filter((name) => name !== "")} />
      {filter.asksBlocked && <HowOld cursor={blocked.cursor} error={blocked.error} />}
      <DataTable
        caption="Sessions"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ id }) => id}
        open={open}
        sorting={sorting}
        onSort={(next) => setQuery({ sort: next && `${next.down ? "-" : ""}${next.key}` })}
        lines={open === null ? 18 : 8}
        empty={isReading ? <p class="soft">Reading the sessions…</p> : <NoSessions isFiltered={0 < all.size} />}
      />
      {open !== null && <SessionDetail key={open} id={open} row={all.get(open) ?? null} closeHref={sessionHref(null)} />}
    </>
  );
}

function sortingOf(text: string | null): Sorting | null {
  if (!text) return null;
  const key = text.replace(/^-/, "");
  return COLUMNS.some((column) => column.key === key) ? { key, down: text.startsWith("-") } : null;
}

/** The filter of a text; where the text is none, the last that was one. */
function useFilter(text: string): { filter: Filter; isWrong: boolean } {
  const last = useRef<Filter>(parseFilter(""));
  return useMemo(() => {
    try {
      last.current = parseFilter(text);
      return { filter: last.current, isWrong: false };
    } catch {
      return { filter: last.current, isWrong: true };
    }
  }, [text]);
}

/** Milliseconds that typing has to rest before the server is asked what is wrong. */
const REST = 250;

function FilterBox({ text, isWrong, programs }: { text: string; isWrong: boolean; programs: Iterable<string> }) {
  const [problem, setProblem] = useState<unknown>(null);
  const { path } = live.value;
  useEffect(() => {
    setProblem(null);
    if (!isWrong) return undefined;
    const asking = new AbortController();
    const timer = setTimeout(() => {
      const query = new URLSearchParams({ q: text, limit: "1" });
      request(`${path}/sessions?${query}`, { signal: asking.signal }).then(
        () => setProblem(new Error("the server takes this filter, and this page does not")),
        (error) => {
          if (!asking.signal.aborted) setProblem(error);
        },
      );
    }, REST);
    return () => {
      asking.abort();
      clearTimeout(timer);
    };
  }, [text, isWrong, path]);
  return (
    <div class="filter" role="search">
      <div class="field">
        <label for="sessions-filter">Filter</label>
        <input
          id="sessions-filter"
          type="search"
          list="sessions-filter-suggestions"
          value={text}
          placeholder="process:mdl.exe version:<11.0"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? "sessions-filter-problem" : undefined}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
        <datalist id="sessions-filter-suggestions">
          {suggestions(text, programs).map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </div>
      {isWrong && (
        <div id="sessions-filter-problem">
          {problem !== null && <ProblemNote error={problem} />}
          <p class="hint">The table still shows what passed before.</p>
        </div>
      )}
      <FilterHelp />
    </div>
  );
}

function FilterHelp() {
  return (
    <details class="filter-help">
      <summary>What a filter can say</summary>
      <div class="table-box" role="region" aria-label="What a filter can say" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Such as</th>
              <th scope="col">Is about</th>
            </tr>
          </thead>
          <tbody>
            {FIELDS.map(({ name, means, example }) => (
              <tr key={name}>
                <td>
                  <button type="button" class="quiet" onClick={() => addTerm(example)}>
                    <code>{example}</code>
                  </button>
                </td>
                <td>{means}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">All terms have to hold; a - before one turns it round; commas are an or; a * stands at the beginning or end of a text.</p>
    </details>
  );
}

function addTerm(term: string): void {
  const text = place.peek().query.get("q") ?? "";
  setQuery({ q: `${text} ${term}`.trim() });
}

function HowOld({ cursor, error }: { cursor: string; error: unknown }) {
  if (error !== null) return <ProblemNote error={error} />;
  if (cursor === "") return <p class="hint">Asking the store whom its policy forbids…</p>;
  const shown = seqOf(live.value.cursor || "1-0");
  const known = seqOf(cursor);
  const isOlder = at.value === null && known < shown;
  return (
    <p class="hint">
      {isOlder
        ? `Whom the policy forbids is as of entry ${known}, which is older than the table, of entry ${shown}.`
        : "Whom the policy in force forbids is as new as the table."}
    </p>
  );
}

function NoSessions({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No session passes this filter">
        <button type="button" onClick={() => setQuery({ q: null })}>
          Clear the filter
        </button>
      </Empty>
    );
  }
  if (at.value !== null) return <Empty title={pastError.value ? "That time can't be shown" : "Nobody was connected then"} />;
  const command = injectClients(live.value, { ...NOTHING_TOLD, process: "mdl.exe", count: 3 });
  return (
    <Empty title="Nobody is connected" command={command}>
      <p>Sessions appear here as clients connect, over TCP or injected. Inject some above, or with this command.</p>
    </Empty>
  );
}
