// Small words that several screens need.

/** What stands between backticks, as a text of the server quotes it. A backtick within a word is one of the word's own. */
const QUOTED = /(?<![^\s(])`([^`]+)`(?![^\s.,;:?!)])/;

/** A sentence in parts: words, what is quoted, words, and so on; it begins and ends with words, which may be none. */
export function quotedParts(text: string): string[] {
  return text.split(QUOTED);
}

/** A number as it is read: `10,000`. */
export function grouped(number: number): string {
  return number.toLocaleString("en");
}

/** `1 poll`, `2 polls`. */
export function counted(number: number, one: string, many: string = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

/** The last part of a distinguished name, such as `alice` of `/o=Org/cn=Recipients/cn=alice`; all of what is none. */
export function lastPart(dn: string): string {
  return dn.slice(dn.lastIndexOf("=") + 1);
}
