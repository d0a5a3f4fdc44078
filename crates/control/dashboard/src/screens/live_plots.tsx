// Live's plots over store time: who is there, and who comes, is refused and is cut off.
import { useMemo } from "preact/hooks";

import { live } from "../model/current";
import { shownName } from "../model/live";
import { marks, marksVersion } from "../model/marks";
import { paced } from "../model/pace";
import { linesOf, ratesOf, type Span, spanOf } from "../model/series";
import { counted } from "../model/text";
import { past } from "../model/view";
import { at, place, setQuery } from "../router";
import { Plot, type PlotMark } from "../ui/plot";

/** What can be looked at, by its name in the URL. In milliseconds; null is all that is kept. */
const SPANS: { name: string; title: string; length: number | null }[] = [
  { name: "", title: "all that the page knows", length: null },
  { name: "1d", title: "the last day", length: 86_400_000 },
  { name: "1h", title: "the last hour", length: 3_600_000 },
  { name: "15m", title: "the last 15 minutes", length: 900_000 },
  { name: "1m", title: "the last minute", length: 60_000 },
];

/** Polls are marked while they can be told apart. */
const MOST_POLLS = 60;

/** Store time that no entry says, of a clock that moves, is followed in steps of this, in milliseconds: else it would be drawn always. */
const STEP = 1000;

export function Plots() {
  const store = live.value;
  const beat = paced.value;
  const version = marksVersion.value;
  const chosen = SPANS.find(({ name }) => name === (place.value.query.get("span") ?? ""));
  const now = Math.floor(store.now() / STEP) * STEP;
  const here = at.value === null ? null : (past.value?.event?.at ?? null);
  const { sessions, rates, span } = useMemo(() => {
    const span = spanOf(store.series, now, chosen?.length ?? null);
    return { span, sessions: linesOf(store.series, span), rates: ratesOf(store.series, span) };
  }, [store, beat, now, chosen]);
  const shownMarks = useMemo(() => marksIn(span, here), [version, span.from, span.to, here]);
  const lines = useMemo(() => sessions.lines.map(({ label, values }) => ({ label: shownName(label), values })), [sessions]);
  const counts = useMemo(
    () => [
      { label: "connected", values: rates.connected },
      { label: "refused", values: rates.refused },
      { label: "cut off", values: rates.disconnected },
    ],
    [rates],
  );
  return (
    <section class="live-plots" aria-labelledby="live-plots-title">
      <div class="row live-plots-head">
        <h2 id="live-plots-title">Over store time</h2>
        <label class="row">
          <span>Show</span>
          <select id="live-span" value={chosen?.name ?? ""} onChange={(event) => setQuery({ span: event.currentTarget.value })}>
            {SPANS.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="columns">
        <Plot title="Sessions by program" times={sessions.times} end={sessions.end} lines={lines} marks={shownMarks} />
        <Plot title={`Connected, refused and cut off, in each ${widthInWords(rates.width)}`} times={rates.times} end={rates.end} lines={counts} marks={shownMarks} />
      </div>
    </section>
  );
}

function marksIn({ from, to }: Span, here: string | null): PlotMark[] {
  const within = marks.filter(({ at }) => from <= at && at <= to);
  const polls = within.filter(({ kind }) => kind === "poll");
  // The place that is looked at comes first: of labels that would stand on each other the first is written.
  const shown: PlotMark[] = here === null ? [] : [{ time: Date.parse(here), kind: "here", label: "looked at" }];
  if (polls.length <= MOST_POLLS) shown.push(...polls.map(({ at }): PlotMark => ({ time: at, kind: "poll" })));
  for (const { at, kind, generation } of within) {
    if (kind === "policy") shown.push({ time: at, kind, label: `policy ${generation}` });
  }
  return shown.toSorted((left, right) => left.time - right.time);
}

function widthInWords(width: number): string {
  const units: [number, string][] = [
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
    [1000, "second"],
  ];
  const [size, name] = units.find(([size]) => size <= width && width % size === 0) ?? [1000, "second"];
  const number = Math.round(width / size);
  return number === 1 ? name : counted(number, name);
}
