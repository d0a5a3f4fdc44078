// Small words that several screens need.

/** A list in words: `a, b and c`. */
export function joined(words: string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** A number as it is read: `10,000`. */
export function grouped(number: number): string {
  return number.toLocaleString("en");
}

/** `1 poll`, `2 polls`. */
export function counted(number: number, one: string, many: string = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}
