// Texts from clients as they may be shown: what would be invisible, or would turn the line around, is made to be seen.

/**
 * What can't be seen, or has what stands beside it read otherwise: controls, marks of direction, blanks other than the space,
 * letters and marks of no width, halves of pairs.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Surrogate}\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]/gu;

/** The text with pictures for control characters (␀, ␊) and `\u{202e}` for the rest that can't be seen. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? "␡" : `\\u{${code.toString(16)}}`;
  });
}

/** The same of a text of several lines, which stay lines. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** JSON that says the same in characters that are all seen. */
export function visibleJson(json: string): string {
  // Between its strings JSON of ours has none of them.
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(UNSEEN, (character) => character.split("").map(escaped).join(""));
}

/** What of a text to be copied can't be seen in it, as it is shown elsewhere. Lines and tabs are seen. */
export function unseenIn(text: string): string[] {
  return [...new Set(text.match(UNSEEN) ?? [])].filter((character) => !"\t\n".includes(character)).map(visible);
}
