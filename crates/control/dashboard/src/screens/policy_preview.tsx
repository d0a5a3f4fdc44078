// Whom a list would cut off, before anything is applied.
import type { BlockList, CutOff } from "../api/types";
import { seqOf } from "../api/journal";
import { UNNAMED } from "../model/live";
import { visible } from "../model/visible";
import { href } from "../router";
import { Empty } from "../ui/empty";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable } from "../ui/table";
import { VALUE_NAMES } from "../model/block_lists";
import { grouped, lastPart } from "../model/text";
import { MOST_SHOWN, type PreviewAsked } from "./policy_ask";

const COLUMNS: Column<CutOff>[] = [
  {
    key: "session",
    title: "Session",
    align: "end",
    cell: ({ session }) => (session == null ? "" : <a href={href(`sessions/${session}`)}>{session}</a>),
  },
  { key: "process", title: "Program", cell: ({ process }) => visible(process ?? UNNAMED) },
  { key: "item", title: "Because of", cell: ({ decision }) => <code>{visible(decision.item)}</code> },
  { key: "version", title: "Version", cell: ({ client_version }) => client_version },
  { key: "user", title: "User", cell: ({ user, user_dn }) => visible(user ?? lastPart(user_dn)) },
];

export function CutOffs({ id, preview, isDraft }: { id: string; preview: PreviewAsked; isDraft: boolean }) {
  const { body, error, isStale, again } = preview;
  if (!body) {
    return (
      <div class="policy-preview">
        {error !== null ? <ProblemNote error={error} onRetry={again} /> : <p class="soft">Asking who would be cut off…</p>}
      </div>
    );
  }
  const { count, kept, unidentified, by_item: byItem, disconnected, mode, truncated, lints } = body;
  const list: BlockList = id === "policy-versions" ? "versions" : "processes";
  const isUnwatched = lints[list] === null;
  return (
    <div class="policy-preview" role="group" aria-labelledby={`${id}-cut`} id={`${id}-preview`} data-stale={isStale} data-count={count}>
      <h3 id={`${id}-cut`}>{isDraft ? "If this were applied now" : "At the next poll, as the registry is"}</h3>
      <p class="policy-count">
        <strong>{grouped(count)}</strong> {count === 1 ? "session" : "sessions"} would be cut off
        {mode === "audit" && ", if the policy were enforced"}
      </p>
      <p class="soft">
        {kept.toLocaleString("en")} would stay
        {0 < unidentified && (
          <>
            , {unidentified.toLocaleString("en")} of them <strong>unidentified</strong>: they sent no name, so no list of programs can see them
          </>
        )}
        .
      </p>
      {isUnwatched && (
        <p class="note note-warn">
          {VALUE_NAMES[list]} was not there when the service started, and this store reads it only from a start on: restart the service first.
        </p>
      )}
      {error !== null && <ProblemNote error={error} onRetry={again} />}
      {0 < byItem.length && (
        <ul class="policy-by-item">
          {byItem.slice(0, 20).map(({ list: of, item, ordinal, count: sessions }) => (
            <li key={`${of} ${ordinal}`}>
              <code>{visible(item)}</code> <strong>{sessions.toLocaleString("en")}</strong>
              {of !== list && <span class="soft"> by the other list</span>}
            </li>
          ))}
          {20 < byItem.length && <li>and {byItem.length - 20} more items</li>}
        </ul>
      )}
      {0 < count && (
        <DataTable
          caption={`Sessions that would be cut off, by the list of ${list === "processes" ? "programs" : "versions"}`}
          columns={COLUMNS}
          rows={disconnected}
          rowKey={({ session }) => session ?? 0}
          lines={8}
        />
      )}
      {truncated && <p class="hint">The first {Math.min(MOST_SHOWN, disconnected.length)} are shown.</p>}
      {count === 0 && kept === 0 && list === "processes" && (
        <Empty title="Nobody is connected" command={{ cli: ["client", "add", "--process", "program1.exe", "--count", "3"] }}>
          <p>Clients that are connected are held against the text here.</p>
        </Empty>
      )}
      <p class="hint" data-part="place">
        As of entry {seqOf(body.cursor)}
        {isStale && <span class="policy-stale"> – out of date, asking again</span>}
      </p>
    </div>
  );
}
