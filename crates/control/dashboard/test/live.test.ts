import { describe, expect, test } from "vitest";

import type { Event } from "../src/api/types";
import { withoutBrowser } from "./dom";

withoutBrowser();
const { apply, countByProcess, seriesOf, nameOf, shownName, totalsAt } = await import("../src/model/live");
type Rows = Parameters<typeof apply>[1];

const AT = "2006-04-22T08:00:00Z";
const event = (seq: number, type: string, fields: Record<string, unknown> = {}): Event =>
  ({ seq, at: AT, cause: "client", type, ...fields }) as unknown as Event;
const client = (session: number, process: string | null) => ({ session, process, processes: process === null ? [] : [process], generation: 1 });
const connected = (seq: number, session: number, process: string | null) => event(seq, "session.connected", client(session, process));
const ended = (seq: number, session: number, process: string | null) => event(seq, "session.ended", { ...client(session, process), reason: "policy" });
const named = (seq: number, session: number, process: string) => event(seq, "session.identified", { ...client(session, process), kept: true });

function applied(events: Event[]): { sessions: Rows; byProcess: Map<string, number> } {
  const sessions: Rows = new Map();
  const byProcess = new Map<string, number>();
  for (const one of events) apply(one, sessions, byProcess);
  return { sessions, byProcess };
}

const STORY = [
  connected(1, 1, "mdl.exe"),
  connected(2, 2, "outlook.exe"),
  connected(3, 3, null),
  named(4, 3, "beta.exe"),
  ended(5, 1, "mdl.exe"),
  event(6, "enforcement.completed", { generation: 2 }),
];

describe("entries on the sessions", () => {
  test("leave those that are there, judged under the newest policy", () => {
    const { sessions, byProcess } = applied(STORY);
    expect([...sessions.values()].map(({ id, process, generation }) => [id, process, generation])).toEqual([
      [2, "outlook.exe", 2],
      [3, "beta.exe", 2],
    ]);
    expect(byProcess).toEqual(countByProcess(sessions.values()));
  });

  test("have the same effect when they are told twice", () => {
    // Of a list that was read while the store went on, entries after its cursor may be in it.
    for (let read = 0; read <= STORY.length; read += 1) {
      for (let begin = 0; begin <= read; begin += 1) {
        const { sessions, byProcess } = applied(STORY.slice(0, read));
        for (const one of STORY.slice(begin)) apply(one, sessions, byProcess);
        expect([...sessions.keys()].toSorted()).toEqual([2, 3]);
        expect(byProcess).toEqual(new Map([["outlook.exe", 1], ["beta.exe", 1]]));
      }
    }
  });

  test("of sessions that are not there have none", () => {
    const { sessions, byProcess } = applied([ended(1, 9, "a.exe"), named(2, 9, "a.exe"), event(3, "session.refused", client(0, "a.exe"))]);
    expect([sessions.size, byProcess.size]).toEqual([0, 0]);
  });
});

describe("the series of a history", () => {
  const now = Date.parse(AT);

  test("counts back to who was there before it", () => {
    const { byProcess } = applied(STORY);
    for (let begin = 0; begin <= STORY.length; begin += 1) {
      const before = applied(STORY.slice(0, begin)).byProcess;
      const series = seriesOf(STORY.slice(begin), byProcess, now);
      expect(new Map(series.before.sessions)).toEqual(before);
      expect(series.steps.at(-1)?.sessions).toEqual(byProcess);
    }
  });

  test("knows that a name came late", () => {
    const { byProcess } = applied(STORY.slice(0, 4));
    expect(seriesOf([named(4, 3, "beta.exe")], byProcess, now).before.sessions.get("")).toBe(1);
  });
});

describe("what was counted at an entry", () => {
  const totals = { admitted: 3, refused: 1, disconnected: 1, would_block: 0 };
  const recent = [...STORY, event(7, "session.refused"), event(8, "session.disconnected")];

  test("is counted back from now", () => {
    expect(totalsAt(totals, recent, 8)).toEqual(totals);
    expect(totalsAt(totals, recent, 6)).toEqual({ admitted: 3, refused: 0, disconnected: 0, would_block: 0 });
    expect(totalsAt(totals, recent, 0)).toEqual({ admitted: 0, refused: 0, disconnected: 0, would_block: 0 });
  });

  test("is not known where entries are missing", () => {
    expect(totalsAt(totals, recent.slice(4), 4)).not.toBeNull();
    expect(totalsAt(totals, recent.slice(4), 3)).toBeNull();
    expect(totalsAt(totals, [], 3)).toBeNull();
  });
});

test("sessions are counted under a name that the policy can compare, or under none", () => {
  expect(nameOf({ process: "C:\\tools\\mdl.exe" })).toBe("C:\\tools\\mdl.exe");
  // As `is:unidentified` has it: a path alone is no name.
  for (const process of [null, "", "C:\\dir\\", '"c:/"', '""']) expect(nameOf({ process, processes: process === null ? [] : [process] }), String(process)).toBe("");
  expect(nameOf({ process: "C:\\dir\\", processes: ["C:\\dir\\", "mdl.exe"] })).toBe("mdl.exe");
  // A program may be called as those without a name are shown.
  expect(nameOf({ process: "(no name)" })).toBe("(no name)");
  expect([shownName(""), shownName("(no name)"), shownName("a\u202e")]).toEqual(["(no name)", "(no name)", "a\\u{202e}"]);
});
