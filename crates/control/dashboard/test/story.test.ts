import { describe, expect, test } from "vitest";

import type { Event } from "../src/api/types";
import { STEPS, VALUE, stepsDone } from "../src/story/steps";

/** Entries as the journal has them, as far as the story looks at them. */
function entries(...some: Record<string, unknown>[]): Event[] {
  return some.map((fields, place) => ({ seq: place + 1, at: "2006-04-22T08:00:00Z", cause: "control", ...fields }) as unknown as Event);
}

const connected = (process: string | null, group = "act-one") => ({ type: "session.connected", process, group });
const listed = (data: string) => ({ type: "registry.changed", name: VALUE, value: { type: "REG_SZ", data } });
const refused = (process: string) => ({ type: "session.refused", process });

const ACT_ONE = [
  connected("OUTLOOK.EXE"),
  connected("program1.exe"),
  connected("program2.exe"),
  { type: "store.started" },
  listed("program1.exe; program2.exe"),
  { type: "store.started" },
  connected("OUTLOOK.EXE"),
  refused("program1.exe"),
  refused("program2.exe"),
];

const ACT_TWO = [
  connected("beta.exe", "act-two"),
  connected(null, "act-two"),
  listed("program1.exe;Beta.EXE"),
  { type: "session.disconnected", process: "beta.exe" },
  refused("beta.exe"),
];

describe("the story", () => {
  test("is as far as the journal says", () => {
    expect(stepsDone([])).toBe(0);
    expect(stepsDone(entries(...ACT_ONE.slice(0, 2)))).toBe(0);
    expect(stepsDone(entries(...ACT_ONE.slice(0, 3)))).toBe(1);
    expect(stepsDone(entries(...ACT_ONE))).toBe(5);
    expect(stepsDone(entries(...ACT_ONE, ...ACT_TWO.slice(0, 4)))).toBe(8);
  });

  test("counts part by part as it counts the whole", () => {
    const whole = entries(...ACT_ONE, ...ACT_TWO);
    let done = 0;
    for (const event of whole) done = stepsDone([event], done);
    expect(done).toBe(stepsDone(whole));
    expect(done).toBe(STEPS.length);
  });

  test("passes over what the page alone sees when a later step is done", () => {
    const cut = entries(...ACT_ONE, ...ACT_TWO.slice(0, 4));
    expect(STEPS[8]?.isDone).toBeUndefined();
    expect(stepsDone(cut, 0, () => true)).toBe(9);
    expect(stepsDone(entries(...ACT_ONE, ...ACT_TWO))).toBe(10);
  });

  test("is not moved by what belongs to no step", () => {
    expect(stepsDone(entries(listed("program1.exe"), refused("program2.exe"), { type: "poll.completed" }))).toBe(0);
    expect(stepsDone(entries({ ...listed("beta.exe"), name: "Disable MAPI Clients" }), 6)).toBe(6);
    expect(stepsDone(entries({ ...listed("beta.exe"), value: { type: "REG_DWORD", data: 1 } }), 6)).toBe(6);
  });
});
