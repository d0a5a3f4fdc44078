// Small words that several screens need.

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
