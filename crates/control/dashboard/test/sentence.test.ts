import { describe, expect, test } from "vitest";

import type { Event } from "../src/api/types";
import { isAgainst, newestSentences, sentenceOf } from "../src/model/sentence";

const CLIENT = { session: 3, process: "mdl.exe", user: null, user_dn: "/o=First/ou=Group/cn=Recipients/cn=alice", machine: "WKS1", client_version: "11.0.5608.0" };
const ITEM = { list: "processes", item: "mdl.exe", ordinal: 1, matched: "mdl.exe", span: { start: 0, end: 7 } };
const entry = (type: string, fields: Record<string, unknown> = {}): Event =>
  ({ seq: 1, at: "2006-04-22T08:00:00Z", cause: "client", type, ...CLIENT, ...fields }) as unknown as Event;

function said(event: Event): string | null {
  const sentence = sentenceOf(event);
  if (!sentence) return null;
  const words = sentence.parts.map((part) => (typeof part === "string" ? part : `[${part.code}]`)).join("");
  return sentence.who ? `${sentence.who} ${words}` : words;
}

describe("a decision in one sentence", () => {
  test.each([
    ["session.connected", {}, "mdl.exe of alice@WKS1 was admitted: no item matched."],
    ["session.connected", { process: null }, "A program without a name of alice@WKS1 was admitted: without a name, no list of processes can hit it."],
    ["session.connected", { user: "bob", machine: null }, "mdl.exe of bob was admitted: no item matched."],
    ["session.connected", { user_dn: "", machine: "A\u202eB" }, "mdl.exe on A\\u{202e}B was admitted: no item matched."],
    ["session.identified", { kept: true }, "mdl.exe of alice@WKS1 named its program late, and may stay: no item matched."],
    ["session.identified", { kept: false }, null],
    // A list forbids them, and it is only watched: the entry that says so is the decision.
    ["session.connected", { listed: true }, null],
    ["session.identified", { kept: true, listed: true }, null],
    ["session.refused", { refusal: "policy", decision: ITEM }, "mdl.exe of alice@WKS1 was refused: [mdl.exe] is item 1 of the list of processes."],
    ["session.refused", { refusal: "not_running", decision: null }, "mdl.exe of alice@WKS1 was refused: the service is stopped."],
    ["session.refused", { refusal: "of_tomorrow", decision: null }, "mdl.exe of alice@WKS1 was refused: of tomorrow."],
    ["session.disconnected", { reason: "policy", decision: ITEM }, "mdl.exe of alice@WKS1 was cut off: [mdl.exe] is item 1 of the list of processes."],
    [
      "session.disconnected",
      { reason: "policy", decision: { ...ITEM, matched: "C:\\MDL.EXE" } },
      "mdl.exe of alice@WKS1 was cut off: [C:\\MDL.EXE] is [mdl.exe], item 1 of the list of processes.",
    ],
    ["session.disconnected", { reason: "admin", decision: null }, "mdl.exe of alice@WKS1 was cut off: somebody disconnected it."],
    [
      "session.would_block",
      { trigger: "connect", decision: { ...ITEM, list: "versions", item: "-11.0", ordinal: 2, matched: "11.0.5608.0" } },
      "mdl.exe of alice@WKS1 would be refused: its version [11.0.5608.0] is in [-11.0], item 2 of the list of versions.",
    ],
    [
      "policy.changed",
      { generation: 2, processes: { added: ["a.exe", "b.exe"], removed: ["c.exe"] }, versions: { added: [], removed: [] } },
      "Policy 2 came into force: [a.exe] and [b.exe] were added; [c.exe] was removed.",
    ],
    [
      "policy.changed",
      { generation: 3, processes: { added: [], removed: [] }, versions: { added: [], removed: ["1", "2", "3", "4", "5"] } },
      "Policy 3 came into force: 5 items were removed.",
    ],
    ["session.ended", { reason: "policy" }, null],
    ["poll.completed", {}, null],
  ])("%s %j", (type, fields, words) => expect(said(entry(type, fields))).toBe(words));

  test("names the poll that caused it", () => {
    expect(sentenceOf(entry("session.disconnected", { reason: "policy", decision: ITEM, cause: "poll:3" }))?.poll).toBe(3);
    expect(sentenceOf(entry("session.connected"))?.poll).toBeNull();
  });

  test("the newest come first, and no more than are wanted", () => {
    const events = ["session.connected", "session.refused", "session.ended", "session.connected"].map((type, place) =>
      entry(type, { seq: place + 1, refusal: "policy", decision: ITEM }),
    );
    expect(newestSentences(events, 2, () => true).map(({ seq }) => seq)).toEqual([4, 2]);
    expect(newestSentences(events, 9, isAgainst).map(({ seq }) => seq)).toEqual([2]);
  });
});
