// The ledger of polls, newest first.
import { useMemo } from "preact/hooks";

import type { Poll } from "../api/types";
import type { Ledger } from "../model/polls";
import { grouped } from "../model/text";
import { dateTime, timeOfDay } from "../model/time";
import { visible } from "../model/visible";
import { at, href } from "../router";
import { Empty } from "../ui/empty";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable } from "../ui/table";

export type Read = Poll["reads"][number];

/** A poll that is over, or one whose values a fault holds back. */
type Row = { number: number; over: Poll | null };

/** How a length of store time is written. */
export function tookOf({ started, finished }: Pick<Poll, "started" | "finished">): string {
  const milliseconds = Date.parse(finished) - Date.parse(started);
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  return seconds < 120 ? `${Number(seconds.toFixed(1))} s` : `${Number((seconds / 60).toFixed(1))} min`;
}

/** What a reading is called. */
export const READINGS: Record<Read["reading"], string> = {
  text: "a text",
  not_found: "no value",
  invalid: "no text: as good as none",
  unreadable: "could not be read",
  not_watched: "not watched",
};

/** Characters of a list that the table shows. */
const SHOWN = 28;

function readOf(poll: Poll, list: Read["list"]): string {
  const read = poll.reads.find((one) => one.list === list);
  if (!read) return "–";
  if (read.reading !== "text" || read.data == null) return READINGS[read.reading];
  const text = [...visible(read.data)];
  if (text.length === 0) return "an empty text";
  return text.length <= SHOWN ? text.join("") : `${text.slice(0, SHOWN - 1).join("")}…`;
}

/** Lints by how bad they are, in words. */
function lintsOf({ reads }: Poll): string {
  const all = reads.flatMap(({ lints }) => lints);
  const words = ["error", "warning", "info"].flatMap((severity) => {
    const count = all.filter((lint) => lint.severity === severity).length;
    return count === 0 ? [] : [`${count} ${count === 1 || severity === "info" ? severity : `${severity}s`}`];
  });
  return words.join(", ") || "–";
}

const over = (cell: (poll: Poll) => string | number) => (row: Row) => (row.over ? cell(row.over) : "–");
const count = (number: number) => (number === 0 ? "–" : grouped(number));

const COLUMNS: Column<Row>[] = [
  { key: "number", title: "Poll", cell: ({ number }) => <a href={href(`clock/${number}`)}>{number}</a> },
  { key: "trigger", title: "Trigger", cell: (row) => row.over?.trigger ?? <span class="badge badge-warn">held</span> },
  { key: "due", title: "Due", cell: over(({ due }) => dateTime(due)) },
  { key: "started", title: "Started", cell: (row) => (row.over ? <span title={dateTime(row.over.started)}>{timeOfDay(row.over.started)}</span> : "–") },
  { key: "took", title: "Took", cell: over(tookOf), align: "end" },
  { key: "processes", title: "Programs read", cell: over((poll) => readOf(poll, "processes")) },
  { key: "versions", title: "Versions read", cell: over((poll) => readOf(poll, "versions")) },
  { key: "changed", title: "Changed", cell: ({ over }) => (over ? over.changed ? <strong>yes</strong> : "no" : "–") },
  { key: "disconnected", title: "Cut off", cell: over(({ disconnected }) => count(disconnected)), align: "end" },
  { key: "lints", title: "Lints", cell: over(lintsOf) },
  { key: "would_block", title: "Would block", cell: over(({ would_block }) => count(would_block)), align: "end" },
  { key: "faults", title: "Faults", cell: over(({ faults }) => faults.join(", ") || "–") },
  { key: "generation", title: "Policy", cell: over(({ generation }) => generation), align: "end" },
];

/** `newest` is the number of the newest poll that was over at the time that is looked at; null for now. */
export function LedgerTable({ ledger, held, open, newest }: { ledger: Ledger; held: number | null; open: number | null; newest: number | null }) {
  const { polls, error, isLoading } = ledger;
  const rows = useMemo(() => {
    const seen = newest === null ? polls : polls.filter(({ number }) => number <= newest);
    const known: Row[] = seen.map((poll) => ({ number: poll.number, over: poll }));
    const isHeld = held !== null && newest === null && !polls.some(({ number }) => number === held);
    return isHeld ? [{ number: held, over: null }, ...known] : known;
  }, [polls, held, newest]);
  return (
    <section class="clock-ledger" aria-labelledby="clock-ledger-title">
      <h2 id="clock-ledger-title">Ledger of polls</h2>
      {error !== null && <ProblemNote error={error} />}
      <DataTable
        caption="Polls, newest first"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ number }) => number}
        open={open}
        lines={12}
        empty={
          isLoading ? (
            <p class="soft">Reading the ledger…</p>
          ) : (
            <Empty title={at.value === null ? "No poll has run yet" : "No poll had run yet"} {...(at.value === null ? { command: { cli: ["poll", "now"] } } : {})}>
              <p>The store reads both lists from the registry when it starts, then at every poll.</p>
            </Empty>
          )
        }
      />
    </section>
  );
}
