// What Live reckons out of the sessions: programs and policies.
import { versionKey } from "../model/filter";
import { type SessionRow, nameOf } from "../model/live";

export interface ProcessRow {
  /** Empty for those that have none. */
  name: string;
  count: number;
  /** Of all sessions, from 0 to 1. */
  share: number;
  /** The versions, from the oldest. */
  versions: string[];
}

/** The programs with their versions, most sessions first. */
export function processRows(sessions: Iterable<SessionRow>): ProcessRow[] {
  const found = new Map<string, ProcessRow & { seen: Set<string> }>();
  let total = 0;
  for (const row of sessions) {
    const name = nameOf(row);
    let known = found.get(name);
    if (!known) found.set(name, (known = { name, count: 0, share: 0, versions: [], seen: new Set() }));
    known.count += 1;
    known.seen.add(row.client_version);
    total += 1;
  }
  return [...found.values()]
    .map(({ seen, ...row }) => ({ ...row, share: row.count / total, versions: [...seen].toSorted(byVersion) }))
    .toSorted((left, right) => right.count - left.count || left.name.localeCompare(right.name));
}

/** Versions by their numbers, and not by their letters: 9 comes before 11. */
export function byVersion(left: string, right: string): number {
  const [one, other] = [versionKey(left), versionKey(right)];
  return one < other ? -1 : one === other ? 0 : 1;
}

/** Sessions by the policy that they were judged under last, newest first. */
export function generationRows(sessions: Iterable<SessionRow>): { generation: number; count: number }[] {
  const counts = new Map<number, number>();
  for (const { generation } of sessions) counts.set(generation, (counts.get(generation) ?? 0) + 1);
  return [...counts]
    .map(([generation, count]) => ({ generation, count }))
    .toSorted((left, right) => right.generation - left.generation);
}
