// A text cut where spans begin and end, so that what is said about stretches of it can be shown in it.

/** A stretch in bytes of the text's UTF-8: the first, and the one after the last. */
export interface ByteSpan {
  start: number;
  end: number;
}

/** A stretch of the text, and the places in the list of those spans that cover it. */
export interface Stretch {
  text: string;
  spans: number[];
}

/** Cuts a text. An empty span is an empty stretch of its own. */
export function stretches(text: string, spans: readonly ByteSpan[]): Stretch[] {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const within = (place: number) => Math.max(0, Math.min(bytes.length, place));
  const cuts = new Set([0, bytes.length]);
  for (const { start, end } of spans) cuts.add(within(start)).add(within(end));
  const places = [...cuts].toSorted((left, right) => left - right);
  const found: Stretch[] = [];
  const numbersOf = (covers: (span: ByteSpan) => boolean) => spans.flatMap((span, place) => (covers(span) ? [place] : []));
  places.forEach((from, place) => {
    const empty = numbersOf(({ start, end }) => within(start) === from && within(end) === from);
    if (0 < empty.length) found.push({ text: "", spans: empty });
    const until = places[place + 1];
    if (until === undefined) return;
    found.push({ text: decoder.decode(bytes.slice(from, until)), spans: numbersOf(({ start, end }) => start <= from && until <= end) });
  });
  return found;
}
