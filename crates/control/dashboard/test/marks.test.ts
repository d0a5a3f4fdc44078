import { describe, expect, test } from "vitest";

import type { Event } from "../src/api/types";
import { withoutBrowser } from "./dom";

withoutBrowser();
const { around, generationAt, markOf, pollAt } = await import("../src/model/marks");

const AT = "2006-04-22T08:00:00Z";
const entry = (seq: number, type: string, fields: Record<string, unknown>) =>
  markOf({ seq, at: AT, cause: "poll:1", type, ...fields } as unknown as Event);
const poll = (seq: number, number: number) => entry(seq, "poll.completed", { poll: { number }, generation: 9 });
const all = [
  entry(1, "store.started", {}),
  poll(2, 1),
  poll(10, 2),
  entry(12, "policy.changed", { generation: 4 }),
  entry(20, "enforcement.completed", { generation: 4 }),
  poll(30, 3),
].flatMap((mark) => mark ?? []);

describe("marks", () => {
  test("are polls, policies and what they did", () => {
    expect(all.map(({ label }) => label)).toEqual(["service started", "poll 1", "poll 2", "policy 4 in force", "policy 4 applied", "poll 3"]);
    expect(entry(3, "session.connected", {})).toBeNull();
  });

  test.each([
    [0, undefined, 1],
    [1, undefined, 2],
    [11, 10, 12],
    [12, 10, 20],
    [30, 20, undefined],
    [99, 30, undefined],
  ])("around entry %d", (seq, before, after) => {
    const found = around(all, seq);
    expect([found.before?.seq, found.after?.seq]).toEqual([before, after]);
  });

  test.each([
    [0, 3],
    [10, 3],
    [11, 3],
    [12, 4],
    [40, 4],
  ])("after entry %d a policy is in force", (seq, generation) => expect(generationAt(all, seq, 4)).toBe(generation));

  test("without a change, the policy is the one of now", () => expect(generationAt(all.slice(0, 2), 2, 7)).toBe(7));

  test.each([
    [0, 0],
    [2, 1],
    [29, 2],
    [31, 3],
  ])("after entry %d a poll is the newest", (seq, number) => expect(pollAt(all, seq)).toBe(number));
});
