// Bytes as people read them, texts of clients without what moves a cursor, and where a name stands in what was sent.

/** A stretch of bytes. */
export interface Stretch {
  start: number;
  end: number;
}

/** How a name stands in bytes. */
export interface Found extends Stretch {
  how: string;
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let place = 0; place < bytes.length; place += 1) bytes[place] = Number.parseInt(hex.slice(2 * place, 2 * place + 2), 16);
  return bytes;
}

/** What extended buffers are obfuscated with ([MS-OXCRPC] 3.1.4.11.1.3). */
const MAGIC = 0xa5;

/** The first place of a text in bytes: as ASCII or UTF-16, plain or obfuscated; null when it is in none of these. */
export function findText(bytes: Uint8Array, text: string): Found | null {
  if (text === "") return null;
  const wide = new Uint8Array(text.length * 2);
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    wide[2 * place] = unit & 0xff;
    wide[2 * place + 1] = unit >> 8;
  }
  const narrow = new TextEncoder().encode(text);
  for (const [wanted, encoding] of [[wide, "UTF-16"], [narrow, "ASCII"]] as const) {
    for (const [mask, how] of [[0, ""], [MAGIC, ", each byte XOR 0xA5"]] as const) {
      const start = indexOf(bytes, wanted, mask);
      if (0 <= start) return { start, end: start + wanted.length, how: encoding + how };
    }
  }
  return null;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, mask: number): number {
  for (let start = 0; start + wanted.length <= bytes.length; start += 1) {
    let length = 0;
    while (length < wanted.length && bytes[start + length] === ((wanted[length] ?? 0) ^ mask)) length += 1;
    if (length === wanted.length) return start;
  }
  return -1;
}

export interface HexLine {
  offset: string;
  hex: string[];
  text: string[];
}

/** Lines of sixteen bytes, as a dump has them. */
export function hexLines(bytes: Uint8Array): HexLine[] {
  const lines: HexLine[] = [];
  for (let start = 0; start < bytes.length; start += 16) {
    const part = [...bytes.slice(start, start + 16)];
    lines.push({
      offset: start.toString(16).padStart(4, "0"),
      hex: part.map((byte) => byte.toString(16).padStart(2, "0")),
      text: part.map((byte) => (0x20 <= byte && byte < 0x7f ? String.fromCharCode(byte) : ".")),
    });
  }
  return lines;
}
