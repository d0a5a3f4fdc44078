// Live's feed: the newest decisions, one sentence each.
import { useMemo, useRef, useState } from "preact/hooks";

import { epochOf, seqOf } from "../api/journal";
import type { Cursor, Event, Page } from "../api/types";
import { live } from "../model/current";
import { paced } from "../model/pace";
import { useResource } from "../model/resource";
import { isAgainst, newestSentences, type Part, type Sentence } from "../model/sentence";
import { grouped } from "../model/text";
import { timeOfDay } from "../model/time";
import { at, href, place, setQuery } from "../router";

/** Sentences that are shown. */
const ROWS = 40;

/** Entries of the past that sentences are looked for in. */
const BEFORE = 500;

export function Feed() {
  const [isPaused, setIsPaused] = useState(false);
  const [isInUse, setIsInUse] = useState(false);
  const wantsAll = place.value.query.get("feed") !== "against";
  const cursor = at.value;
  const isHeld = cursor === null && (isPaused || isInUse);
  const { shown, waiting } = useFeed(cursor, wantsAll, isHeld);
  return (
    <section class="card live-feed" aria-labelledby="live-feed-title">
      <div class="heading">
        <h2 id="live-feed-title">Decisions</h2>
        <div class="heading-side">
          <label class="row">
            <input
              type="checkbox"
              id="live-feed-against"
              checked={!wantsAll}
              onChange={(event) => setQuery({ feed: event.currentTarget.checked ? "against" : null })}
            />
            <span>Without those admitted</span>
          </label>
          <button type="button" id="live-feed-pause" aria-pressed={isPaused} disabled={cursor !== null} onClick={() => setIsPaused(!isPaused)}>
            Pause
          </button>
        </div>
      </div>
      {isHeld && (
        <p class="hint">
          {isPaused ? "Paused" : "Held while you are in it"}
          {0 < waiting && `: ${waiting < ROWS ? grouped(waiting) : `${ROWS} or more`} newer`}.
        </p>
      )}
      {shown.length === 0 ? (
        <p class="soft">{wantsAll ? "Nothing was decided yet." : "Nobody was refused or cut off among the newest entries."}</p>
      ) : (
        <ol
          class="feed"
          aria-label="Decisions, newest first"
          onFocusCapture={() => setIsInUse(true)}
          onBlurCapture={(event) => setIsInUse(event.currentTarget.contains(event.relatedTarget as Node | null))}
          onPointerEnter={() => setIsInUse(true)}
          onPointerLeave={(event) => setIsInUse(event.currentTarget.contains(document.activeElement))}
        >
          {shown.map((sentence) => (
            <Row key={sentence.seq} sentence={sentence} />
          ))}
        </ol>
      )}
      <p class="hint">
        The newest {ROWS} at the most. <a href={href("events")}>Events</a> has them all.
      </p>
    </section>
  );
}

/** The sentences of now, or those until a place in the past; and how many newer ones wait while the feed is held. */
export function useFeed(cursor: Cursor | null, wantsAll: boolean, isHeld: boolean): { shown: Sentence[]; waiting: number } {
  const store = live.value;
  const beat = cursor === null ? paced.value : 0;
  const epoch = store.generation.value;
  const begin = cursor === null ? 0 : Math.max(0, seqOf(cursor) - BEFORE);
  const query = cursor === null ? "" : `?after=${epochOf(cursor)}-${begin}&limit=${seqOf(cursor) - begin}`;
  // The bar above says what is wrong with a place that is gone.
  const read = useResource<Page<Event, Cursor>>(cursor === null || seqOf(cursor) === 0 ? null : `${store.path}/events${query}`);
  const now = useMemo(() => {
    const events = cursor === null ? store.recent : (read.body?.items ?? []);
    return { events, newest: events.at(-1)?.seq ?? 0 };
  }, [store, epoch, beat, cursor, read.body]);
  // The entries are held, so that they can still be shown otherwise. A new epoch has entries of its own.
  const held = useRef<{ store: unknown; epoch: number; events: Event[] } | null>(null);
  const isSame = held.current?.store === store && held.current.epoch === epoch;
  if (!isHeld) held.current = null;
  else if (!isSame) held.current = { store, epoch, events: now.events.filter(({ seq }) => seq <= now.newest) };
  const events = held.current?.events ?? null;
  return useMemo(() => {
    const wanted = wantsAll ? () => true : isAgainst;
    const sentences = newestSentences(now.events, ROWS, wanted);
    if (!events) return { shown: sentences, waiting: 0 };
    const newest = events.at(-1)?.seq ?? 0;
    return { shown: newestSentences(events, ROWS, wanted), waiting: sentences.filter(({ seq }) => newest < seq).length };
  }, [now, events, wantsAll]);
}

const BADGES: Record<Sentence["kind"], string> = {
  admitted: "badge badge-good",
  refused: "badge badge-bad",
  cut_off: "badge badge-bad",
  would_block: "badge badge-warn",
  policy: "badge",
};

function Row({ sentence }: { sentence: Sentence }) {
  const { seq, at, kind, word, who, parts, session, poll } = sentence;
  return (
    <li data-kind={kind} data-seq={seq}>
      <time dateTime={at}>{timeOfDay(at)}</time>
      <span class={BADGES[kind]}>{word}</span>
      <p>
        {session !== null ? <a href={href(`sessions/${session}`)}>{who}</a> : who} {parts.map(shownPart)}
        {poll !== null && (
          <>
            {" "}
            <a href={href(`clock/${poll}`)}>Poll {poll}</a>
          </>
        )}
        {kind !== "policy" && (
          <>
            {" "}
            <a href={href("why", { decision: seq })} aria-label={`Why? Decision ${seq}`}>
              Why?
            </a>
          </>
        )}
      </p>
    </li>
  );
}

function shownPart(part: Part, place: number) {
  return typeof part === "string" ? part : <code key={place}>{part.code}</code>;
}
