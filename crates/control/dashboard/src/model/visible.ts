// Texts from clients as they may be shown: what would be invisible, or would turn the line around, is made to be seen.

/** What can't be seen, or has what stands beside it read otherwise: controls, marks of direction, blanks of no width, halves of pairs. */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** The text with pictures for control characters (␀, ␊) and `\u{202e}` for the rest that can't be seen. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? "␡" : `\\u{${code.toString(16)}}`;
  });
}
