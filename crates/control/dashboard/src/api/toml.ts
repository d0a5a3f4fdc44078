// Steps of scenarios, as they are written in TOML.

/** A step: what it says, and its one action; null where TOML can't say it. */
export function step(say: string, action: string, value: unknown): string | null {
  if (!isSayable(say) || !isSayable(value)) return null;
  return `[[steps]]\nsay = ${inline(say)}\n${key(action)} = ${inline(value)}`;
}

/** A value on one line. What is undefined or null is left out, as TOML has neither. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const given = Object.entries(value).filter(([, one]) => one !== undefined && one !== null);
    return given.length === 0 ? "{}" : `{ ${given.map(([name, one]) => `${key(name)} = ${inline(one)}`).join(", ")} }`;
  }
  // Strings are written as JSON writes them, but for one character that JSON lets stand.
  return typeof value === "string" ? JSON.stringify(value).replaceAll("\u007f", "\\u007f") : String(value);
}

/** TOML has no way to write half of a character, which texts of a page may have. */
function isSayable(value: unknown): boolean {
  if (typeof value === "string") return !/\p{Surrogate}/u.test(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, one]) => isSayable(name) && isSayable(one));
}

function key(name: string): string {
  return /^[\w-]+$/.test(name) ? name : inline(name);
}
