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

/** A stretch of bytes as a stretch of the text's own units, for what cuts it or selects in it. */
export function unitsOf(text: string, { start, end }: ByteSpan): ByteSpan {
  let [bytes, unit] = [0, 0];
  const found = { start: text.length, end: text.length };
  for (const character of text) {
    if (bytes === start) found.start = unit;
    if (bytes === end) found.end = unit;
    if (end <= bytes) break;
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    unit += character.length;
  }
  return found;
}

/** A text before, in and after a stretch of its bytes. */
export function around(text: string, span: ByteSpan): [before: string, marked: string, after: string] {
  const { start, end } = unitsOf(text, span);
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

/** Cuts a text. An empty span is an empty stretch of its own. */
export function stretches(text: string, spans: readonly ByteSpan[]): Stretch[] {
  const placed = spans.map((span) => unitsOf(text, span));
  const places = [...new Set([0, text.length, ...placed.flatMap(({ start, end }) => [start, end])])].toSorted((left, right) => left - right);
  const found: Stretch[] = [];
  const numbersOf = (covers: (span: ByteSpan) => boolean) => placed.flatMap((span, place) => (covers(span) ? [place] : []));
  places.forEach((from, place) => {
    const empty = numbersOf(({ start, end }) => start === from && end === from);
    if (0 < empty.length) found.push({ text: "", spans: empty });
    const until = places[place + 1];
    if (until === undefined) return;
    found.push({ text: text.slice(from, until), spans: numbersOf(({ start, end }) => start <= from && until <= end) });
  });
  return found;
}
