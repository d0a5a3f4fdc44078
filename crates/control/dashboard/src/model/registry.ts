// Keys and typed values of the registry, as they are written and read by people.
import type { RegistryValue } from "../api/types";

/** The predefined keys, in the order of a registry editor. */
export const ROOTS = ["HKEY_CLASSES_ROOT", "HKEY_CURRENT_USER", "HKEY_LOCAL_MACHINE", "HKEY_USERS", "HKEY_CURRENT_CONFIG"];

export const TYPES = ["REG_SZ", "REG_EXPAND_SZ", "REG_DWORD", "REG_QWORD", "REG_MULTI_SZ", "REG_BINARY", "REG_NONE"];

/** How a number is written. */
export type Radix = 10 | 16;

/** A value as it is edited. */
export interface Edited {
  type: string;
  /** Its data: of REG_MULTI_SZ a line for each text. */
  text: string;
  /** Whether the text is the bytes as the registry holds them, in hexadecimal. */
  isHex: boolean;
  radix: Radix;
}

export function isText(type: string): boolean {
  return type === "REG_SZ" || type === "REG_EXPAND_SZ";
}

export function isNumber(type: string): boolean {
  return type === "REG_DWORD" || type === "REG_QWORD";
}

/** A value as text to be edited. */
export function editedOf(value: RegistryValue, radix: Radix = 10): Edited {
  const { type, data, hex } = value;
  if (hex != null) return { type, text: hex, isHex: true, radix };
  if (isNumber(type)) return { type, text: numberText(String(data ?? 0), radix), isHex: false, radix };
  if (Array.isArray(data)) return { type, text: data.join("\n"), isHex: false, radix };
  return { type, text: String(data ?? ""), isHex: false, radix };
}

/** The value that an edited one is. What does not fit its type is sent as it is, for the server to say what is wrong. */
export function valueOf({ type, text, isHex, radix }: Edited): RegistryValue {
  if (isHex) return { type, hex: text.replace(/\s+/g, "") };
  if (type === "REG_MULTI_SZ") return { type, data: text === "" ? [] : text.split("\n") };
  if (isText(type)) return { type, data: text };
  if (!isNumber(type)) return { type, data: text.replace(/\s+/g, "") };
  const number = numberOf(text, radix);
  if (number === null) return { type, data: text };
  return { type, data: number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : String(number) };
}

/** A number that somebody has written; null when it is none. `0x` is hexadecimal whatever is chosen. */
export function numberOf(text: string, radix: Radix): bigint | null {
  const bare = text.trim();
  if (/^0x[0-9a-f]+$/i.test(bare)) return BigInt(bare);
  if (radix === 16) return /^[0-9a-f]+$/i.test(bare) ? BigInt(`0x${bare}`) : null;
  return /^[0-9]+$/.test(bare) ? BigInt(bare) : null;
}

/** A number in another way to write it; what is none stays. */
export function rewritten(text: string, from: Radix, to: Radix): string {
  const number = numberOf(text, from);
  return number === null ? text : numberText(String(number), to);
}

function numberText(decimal: string, radix: Radix): string {
  if (!/^[0-9]+$/.test(decimal)) return decimal;
  return radix === 16 ? `0x${BigInt(decimal).toString(16)}` : decimal;
}

/** Bytes of a text as the registry has them: UTF-16, low byte first, with the NUL that ends it. */
export function bytesOfText(text: string): string {
  const units = [...Array(text.length).keys()].map((place) => text.charCodeAt(place));
  return [...units, 0].map((unit) => hexByte(unit & 0xff) + hexByte(unit >> 8)).join("");
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** Characters of a value that a table shows. */
const MOST = 80;

/** A value in one line. */
export function lineOf(value: RegistryValue): string {
  const { type, data, hex } = value;
  if (hex != null) return `bytes ${spaced(hex)}`;
  if (isNumber(type)) return `${String(data)} (${numberText(String(data), 16)})`;
  if (Array.isArray(data)) return cut(data.map(String).join(" ⏎ "));
  if (isText(type)) return cut(String(data ?? ""));
  return spaced(String(data ?? ""));
}

function cut(text: string): string {
  const characters = [...text.slice(0, 2 * MOST)];
  return MOST < characters.length ? `${characters.slice(0, MOST).join("")}…` : text;
}

function spaced(hex: string): string {
  return cut(hex.slice(0, 2 * MOST).replace(/(..)(?=.)/g, "$1 "));
}

/** The key above; null of a predefined key. */
export function parentOf(key: string): string | null {
  const end = key.lastIndexOf("\\");
  return end === -1 ? null : key.slice(0, end);
}

/** A key and those above it, from the top. */
export function lineage(key: string): string[] {
  const parts = key.split("\\");
  return parts.map((_, place) => parts.slice(0, place + 1).join("\\"));
}

/** Whether two paths are of one key. */
export function isSameKey(left: string, right: string): boolean {
  return left.toUpperCase() === right.toUpperCase();
}

/** Whether a key is another or below it. */
export function isBelow(key: string, above: string): boolean {
  return isSameKey(key, above) || key.toUpperCase().startsWith(`${above.toUpperCase()}\\`);
}

/** The short names of predefined keys spelt out. */
export function spelledOut(key: string): string {
  const short: Record<string, string> = {
    HKCR: "HKEY_CLASSES_ROOT",
    HKCU: "HKEY_CURRENT_USER",
    HKLM: "HKEY_LOCAL_MACHINE",
    HKU: "HKEY_USERS",
    HKCC: "HKEY_CURRENT_CONFIG",
  };
  const [root = "", ...rest] = key.split("\\");
  return [short[root.toUpperCase()] ?? root, ...rest].join("\\");
}
