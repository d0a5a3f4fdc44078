// Events: the journal, as far back as it is kept and as it grows.
import { useMemo, useState } from "preact/hooks";

import type { Event } from "../api/types";
import { type EventFeed, useEventFeed } from "../model/event_feed";
import { seqOf } from "../api/journal";
import { dateTime, timeOfDay } from "../model/time";
import { type Totals, useTotals } from "../model/totals";
import { visible } from "../model/visible";
import { at, href, place, setQuery } from "../router";
import { Empty } from "../ui/empty";
import { Heading } from "../ui/heading";
import { ProblemNote } from "../ui/problem";
import { Said } from "../ui/said";
import { type Column, DataTable } from "../ui/table";
import { EntryDetail, told } from "./events_entry";
import "./events.css";

/** An entry of the list, which keeps its filters. */
function entryHref(seq: number | null): string {
  const { query } = place.value;
  const kept = Object.fromEntries(["q", "type", "from", "order"].map((name) => [name, query.get(name)]));
  return href(seq === null ? "events" : `events/${seq}`, kept);
}

const COLUMNS: Column<Event>[] = [
  { key: "seq", title: "Entry", cell: ({ seq }) => <a href={entryHref(seq)}>{seq}</a> },
  { key: "at", title: "Store time", cell: (event) => <span title={dateTime(event.at)}>{timeOfDay(event.at)}</span> },
  { key: "type", title: "Type", cell: ({ type }) => type },
  {
    key: "session",
    title: "Session",
    cell: (event) => ("session" in event && event.session != null ? <a href={href(`sessions/${event.session}`)}>{event.session}</a> : "–"),
  },
  { key: "process", title: "Program", cell: (event) => ("process" in event && event.process != null ? visible(event.process) : "–") },
  { key: "cause", title: "Cause", cell: ({ cause }) => visible(cause) },
  { key: "told", title: "What happened", cell: (event) => <Said text={told(event)} /> },
];

export function EventsScreen() {
  const { query, parts } = place.value;
  const from = numberOf(query.get("from"));
  const type = query.get("type") ?? "";
  const isNewestFirst = query.get("order") !== "oldest";
  const open = numberOf(parts[0] ?? null);
  const { feed, version } = useEventFeed({ q: query.get("q") ?? "", type, from, at: at.value });
  const totals = useTotals();
  const rows = useMemo(() => {
    const items = feed?.entries.items ?? [];
    return isNewestFirst ? items.toReversed() : [...items];
  }, [version, feed, isNewestFirst]);
  return (
    <>
      <Heading title="Events">
        <p class="sessions-count">
          {totals && `${totals.total} entries`}
          {at.value !== null && `, shown up to ${seqOf(at.value)}`}
        </p>
      </Heading>
      <Filters error={feed?.error ?? null} />
      <Types totals={totals} chosen={type === "" ? [] : type.split(",")} />
      <Controls feed={feed} version={version} isNewestFirst={isNewestFirst} />
      <Ends feed={feed} version={version} totals={totals} />
      <DataTable
        caption="Entries of the journal"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ seq }) => seq}
        open={open}
        lines={open === null ? 18 : 8}
        followsEnd={!isNewestFirst && (feed?.entries.follows ?? false)}
        empty={!feed || feed.state === "reading" ? <p class="soft">Reading the journal…</p> : feed.error === null && <Nothing />}
      />
      {open !== null && <EntryDetail key={open} seq={open} held={feed?.entries.items.find(({ seq }) => seq === open) ?? null} closeHref={entryHref(null)} />}
    </>
  );
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function Nothing() {
  const { query } = place.value;
  if (!query.get("q") && !query.get("type")) return <Empty title="The journal is empty here" />;
  return (
    <Empty title="No entry passes these filters">
      <button type="button" onClick={() => setQuery({ q: null, type: null })}>
        Clear the filters
      </button>
    </Empty>
  );
}

function Filters({ error }: { error: unknown }) {
  const text = place.value.query.get("q") ?? "";
  return (
    <div class="filter" role="search">
      <div class="field">
        <label for="events-filter">Filter</label>
        <input
          id="events-filter"
          type="search"
          value={text}
          placeholder="session:17 cause:poll:2 is:blocked"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={error !== null}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
      </div>
      {error !== null && <ProblemNote error={error} />}
    </div>
  );
}

/** Totals by type, each a filter. */
function Types({ totals, chosen }: { totals: Totals | null; chosen: string[] }) {
  const types = Object.entries(totals?.byType ?? {}).filter(([type, count]) => 0 < count || chosen.includes(type));
  const toggle = (type: string) => {
    const next = chosen.includes(type) ? chosen.filter((one) => one !== type) : [...chosen, type];
    setQuery({ type: next.join(",") });
  };
  return (
    <fieldset class="types">
      <legend>Types, and how many of each there were</legend>
      {types.map(([type, count]) => (
        <button key={type} type="button" class="type" aria-pressed={chosen.includes(type)} onClick={() => toggle(type)}>
          {type} <span class="soft">{count}</span>
        </button>
      ))}
      {chosen.length > 0 && (
        <button type="button" class="quiet" id="events-all-types" onClick={() => setQuery({ type: null })}>
          All types
        </button>
      )}
    </fieldset>
  );
}

interface FeedProps {
  feed: EventFeed | null;
  /** Moves when the feed has changed, which is changed in place: a part with the same properties is not drawn again. */
  version: number;
}

function Controls({ feed, isNewestFirst }: FeedProps & { isNewestFirst: boolean }) {
  const [jump, setJump] = useState("");
  const follows = feed?.entries.follows ?? true;
  const waiting = feed?.entries.waiting ?? 0;
  const isJump = place.value.query.get("from") !== null;
  const goOn = () => {
    if (isJump) setQuery({ from: null });
    else void feed?.resume();
  };
  return (
    <div class="row row-end events-controls">
      {at.value === null && (
        <button type="button" id="events-pause" aria-pressed={!follows} onClick={() => (follows ? feed?.pause() : goOn())}>
          {follows ? "Pause" : isJump ? "To the newest" : "Resume"}
        </button>
      )}
      <p class="events-waiting">
        <span role="status">{at.value !== null ? "as it was then" : follows ? "follows the store" : "stands still"}</span>
        {at.value === null && !follows && `: ${waiting} new`}
      </p>
      <label class="events-order">
        <input
          id="events-order"
          type="checkbox"
          checked={isNewestFirst}
          onChange={(event) => setQuery({ order: event.currentTarget.checked ? null : "oldest" })}
        />{" "}
        Newest first
      </label>
      <form
        class="row row-end"
        onSubmit={(event) => {
          event.preventDefault();
          const seq = numberOf(jump.trim().replace(/^\d+-/, ""));
          if (seq !== null) setQuery({ from: seq }, false);
        }}
      >
        <div class="field">
          <label for="events-jump">Entry or cursor</label>
          <input id="events-jump" value={jump} placeholder="1-42" size={10} onInput={(event) => setJump(event.currentTarget.value)} />
        </div>
        <button type="submit" id="events-jump-go">
          Go there
        </button>
      </form>
    </div>
  );
}

/** What lies before and after the entries that are held. */
function Ends({ feed, totals }: FeedProps & { totals: Totals | null }) {
  if (!feed) return null;
  const isReading = feed.state === "reading";
  const { entries } = feed;
  const first = feed.oldest + 1;
  return (
    <div class="row events-ends">
      {feed.hasOlder ? (
        <button type="button" id="events-older" aria-busy={isReading} disabled={isReading} onClick={() => void feed.loadOlder()}>
          Load older
        </button>
      ) : (
        <span class="soft" id="events-first">
          These go back to the first entry that is kept, {first}.
        </span>
      )}
      {!entries.follows && at.value === null && (
        <button type="button" id="events-newer" aria-busy={isReading} disabled={isReading} onClick={() => void feed.loadNewer()}>
          Load newer
        </button>
      )}
      {(feed.isGap || 0 < (totals?.evicted ?? 0)) && (
        <p class="note note-warn" id="events-gap">
          Entries before {Math.max(first, (totals?.firstAvailable ?? 0) + 1)} have left the journal.
        </p>
      )}
    </div>
  );
}
