// What happened over store time, in steps that widen as it grows, so that a year costs no more than a minute and no sum is
// lost.

/** Steps that are kept at the most; past it two become one. */
export const MOST_STEPS = 600;

/** Lines of their own that the plot has: the programs with the most sessions. What is past it is counted together. */
export const MOST_PROCESSES = 6;

/** Programs that a step knows by name: those with the most sessions at its end. More than have a line, as others may have the most later. */
export const MOST_NAMED = 4 * MOST_PROCESSES;

/** What the programs that have no line of their own are called together. */
export const OTHERS = "others";

export interface Step {
  /** Store time of its beginning, in milliseconds. */
  at: number;
  connected: number;
  refused: number;
  disconnected: number;
  ended: number;
  /** Sessions by process at its end; of a step that is over, those of the programs with the most. */
  sessions: ReadonlyMap<string, number>;
  /** Sessions of all other programs. */
  others: number;
}

/** Who is there, by name as far as that is kept. */
type Present = Pick<Step, "sessions" | "others">;

export type Counted = "connected" | "refused" | "disconnected" | "ended";

export class Series {
  /** Store time that a step spans, in milliseconds. */
  width = 1000;
  steps: Step[] = [];

  /** Who was there before the first step. */
  readonly before: Present;

  constructor(before: ReadonlyMap<string, number> = new Map()) {
    this.before = frozen(before);
  }

  /** Comes to an instant, before what happens then changes who is there: the step before keeps who was there until then. */
  reach(at: number): void {
    this.stepAt(at);
  }

  /** Counts something that happened at the instant that was reached last, and takes down who is there afterwards. */
  count(at: number, what: Counted | null, sessions: Map<string, number>): void {
    const step = this.stepAt(at);
    if (what) step[what] += 1;
    step.sessions = sessions;
  }

  /** Freezes the newest step: whoever counts hands over the map that it goes on to change. */
  private stepAt(at: number): Step {
    const begin = Math.floor(at / this.width) * this.width;
    const last = this.steps.at(-1);
    if (last && begin <= last.at) return last;
    if (last) Object.assign(last, frozen(last.sessions));
    const step = { at: begin, connected: 0, refused: 0, disconnected: 0, ended: 0, sessions: new Map<string, number>(), others: 0 };
    this.steps.push(step);
    while (MOST_STEPS < this.steps.length) this.widen();
    return this.steps.at(-1) ?? step;
  }

  private widen(): void {
    this.width *= 2;
    const merged: Step[] = [];
    for (const step of this.steps) {
      const begin = Math.floor(step.at / this.width) * this.width;
      const last = merged.at(-1);
      if (last?.at === begin) {
        last.connected += step.connected;
        last.refused += step.refused;
        last.disconnected += step.disconnected;
        last.ended += step.ended;
        last.sessions = step.sessions;
        last.others = step.others;
      } else {
        merged.push({ ...step, at: begin });
      }
    }
    this.steps = merged;
  }
}

/** A copy that keeps the programs with the most sessions by name: there may be ten thousand, and there are hundreds of steps. */
function frozen(counts: ReadonlyMap<string, number>): Present {
  if (counts.size <= MOST_NAMED) return { sessions: new Map(counts), others: 0 };
  // The most first.
  const named: [name: string, count: number][] = [];
  let others = 0;
  for (const [name, count] of counts) {
    others += count;
    let place = named.length;
    while (0 < place && (named[place - 1]?.[1] ?? count) < count) place -= 1;
    if (place === MOST_NAMED) continue;
    named.splice(place, 0, [name, count]);
    if (MOST_NAMED < named.length) named.pop();
  }
  for (const [, count] of named) others -= count;
  return { sessions: new Map(named), others };
}

/** A stretch of store time, in milliseconds. */
export interface Span {
  from: number;
  /** The newest moment that there is something to say about. */
  now: number;
  /** Where its plot ends: a little after that. */
  to: number;
}

/** Widths that people count in, in milliseconds. */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WIDTHS = [1, 2, 5, 10, 15, 30]
  .flatMap((number) => [number * SECOND, number * MINUTE])
  .concat([HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY])
  .toSorted((left, right) => left - right);

/** Counts of a plot: about so many. */
const COUNTS = 60;

/** The width that a plot of a span counts in. */
export function widthFor(length: number, least: number): number {
  const wanted = Math.max(length / COUNTS, least);
  return WIDTHS.find((width) => wanted <= width) ?? Math.ceil(wanted / DAY) * DAY;
}

/** The shortest span that is plotted. */
const SHORTEST = MINUTE;

/**
 * What a plot shows: from the first step, or `length` before now, until a little after now, so that what happened at this moment is
 * to be seen.
 */
export function spanOf(series: Series, now: number, length: number | null): Span {
  const newest = Math.max(now, series.steps.at(-1)?.at ?? now);
  const first = Math.min(series.steps[0]?.at ?? newest, newest - SHORTEST);
  const from = length === null ? first : Math.max(first, newest - Math.max(length, SHORTEST));
  return { from, now: newest, to: newest + widthFor(newest - from, series.width) };
}

export interface Rates {
  /** Store time that each is counted over, in milliseconds. */
  width: number;
  /** Their beginnings. */
  times: number[];
  /** Where the last of them ends. */
  end: number;
  connected: number[];
  refused: number[];
  disconnected: number[];
}

/** What happened in each equal part of a span until the one that holds its newest moment; zero where nothing did. */
export function ratesOf(series: Series, { from, now, to }: Span): Rates {
  const width = widthFor(to - from, series.width);
  const first = Math.floor(from / width);
  const parts = Math.max(1, Math.floor(now / width) - first + 1);
  const zeros = () => new Array<number>(parts).fill(0);
  const rates: Rates = { width, times: zeros(), end: (first + parts) * width, connected: zeros(), refused: zeros(), disconnected: zeros() };
  rates.times.forEach((_, place) => {
    rates.times[place] = (first + place) * width;
  });
  for (const step of series.steps) {
    const place = Math.floor(step.at / width) - first;
    if (place < 0 || parts <= place) continue;
    for (const what of ["connected", "refused", "disconnected"] as const) {
      rates[what][place] = (rates[what][place] ?? 0) + step[what];
    }
  }
  return rates;
}

export interface Lines {
  times: number[];
  /** How long what they say last holds. */
  end: number;
  lines: { label: string; values: number[] }[];
}

/** Sessions by program over a span: the programs that had the most, then the others together. */
export function linesOf(series: Series, { from, to }: Span): Lines {
  const held = series.steps.filter(({ at }) => from < at && at <= to);
  const before = series.steps.findLast(({ at }) => at <= from) ?? series.before;
  // The newest step has them all by name.
  const present = [before, ...held].map((one) => (MOST_NAMED < one.sessions.size ? frozen(one.sessions) : one));
  const times = [from, ...held.map(({ at }) => at)];
  const shown = mostOf(present);
  const lines = shown.map((label) => ({ label, values: present.map(({ sessions }) => sessions.get(label) ?? 0) }));
  const named = new Set(shown);
  const rest = present.map((one) => sumBut(one, named));
  if (rest.some((number) => 0 < number)) lines.push({ label: OTHERS, values: rest });
  return { times, end: to, lines };
}

/** The names that had the most at any time, in the order of the alphabet: a line keeps its colour while others come and go. */
function mostOf(present: readonly Present[]): string[] {
  const most = new Map<string, number>();
  for (const { sessions } of present) {
    for (const [name, number] of sessions) if ((most.get(name) ?? 0) < number) most.set(name, number);
  }
  // Thousands of names may have as many: the alphabet of people is for those that are left.
  return [...most]
    .toSorted(([left, one], [right, other]) => other - one || (left < right ? -1 : 1))
    .slice(0, MOST_PROCESSES)
    .map(([name]) => name)
    .toSorted((left, right) => left.localeCompare(right));
}

function sumBut({ sessions, others }: Present, named: Set<string>): number {
  let sum = others;
  for (const [name, number] of sessions) if (!named.has(name)) sum += number;
  return sum;
}
