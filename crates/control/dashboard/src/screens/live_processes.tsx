// Live's tables: programs, and the policies that sessions were judged under.
import { useMemo, useState } from "preact/hooks";

import { quotedValue } from "../model/filter";
import { shownName } from "../model/live";
import { useSessionsSlowly } from "../model/slow";
import { grouped } from "../model/text";
import { at, href } from "../router";
import { policyHref } from "../ui/cause";
import { type Column, DataTable, sorted, type Sorting } from "../ui/table";
import { byVersion, generationRows, processRows, type ProcessRow } from "./live_rows";

/** Versions that are named; more are counted. */
const NAMED = 3;

const COLUMNS: Column<ProcessRow>[] = [
  { key: "name", title: "Program", cell: ({ name }) => <a href={href("sessions", { q: name === "" ? "is:unidentified" : `process:${quotedValue(name)}` })}>{shownName(name)}</a>, by: ({ name }) => name.toLowerCase() },
  { key: "count", title: "Sessions", align: "end", cell: ({ count }) => grouped(count), by: ({ count }) => count },
  { key: "share", title: "Share", cell: ({ share }) => <Share share={share} />, by: ({ share }) => share },
  { key: "versions", title: "Versions", cell: ({ versions }) => versionsInWords(versions) },
];

export function Processes() {
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const { sessions, version } = useSessionsSlowly();
  const rows = useMemo(() => processRows(sessions.values()), [version]);
  const shown = useMemo(() => sorted(rows, COLUMNS, sorting), [rows, sorting]);
  return (
    <section class="live-table" aria-labelledby="live-processes-title">
      <h2 id="live-processes-title">Programs</h2>
      <DataTable
        caption="Programs that have sessions"
        columns={COLUMNS}
        rows={shown}
        rowKey={({ name }) => name}
        sorting={sorting}
        onSort={setSorting}
        lines={10}
        empty={<p class="soft">No session {at.value === null ? "is" : "was"} open.</p>}
      />
    </section>
  );
}

export function Generations() {
  const { sessions, version } = useSessionsSlowly();
  const rows = useMemo(() => generationRows(sessions.values()), [version]);
  if (rows.length === 0) return null;
  return (
    <section class="live-table" aria-labelledby="live-generations-title">
      <h2 id="live-generations-title">By policy</h2>
      <p class="hint">Under which policy each session was judged last.</p>
      <div class="table-box" tabIndex={0} role="region" aria-label="Sessions by policy">
        <table>
          <thead>
            <tr>
              <th scope="col">Policy</th>
              <th scope="col" class="end">
                Sessions
              </th>
              <th scope="col">Share</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ generation, count }) => (
              <tr key={generation}>
                <th scope="row">
                  <a href={policyHref(generation)}>Policy {generation}</a>
                </th>
                <td class="end">{grouped(count)}</td>
                <td>
                  <Share share={count / sessions.size} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Share({ share }: { share: number }) {
  const percent = 100 * share;
  return (
    <span class="share">
      <span class="share-bar" aria-hidden="true">
        <span style={{ inlineSize: `${percent}%` }} />
      </span>
      {percent < 0.1 ? "< 0.1" : percent.toFixed(percent < 10 && percent % 1 !== 0 ? 1 : 0)} %
    </span>
  );
}

function versionsInWords(versions: string[]): string {
  if (versions.length <= NAMED) return versions.join(", ");
  const ends = versions.toSorted(byVersion);
  return `${versions.length} from ${ends[0]} to ${ends.at(-1)}`;
}
