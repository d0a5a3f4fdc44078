import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { addFault, rescheduleFault } from "../src/api/changes_faults";
import { EFFECTS, beginOf, effectNamed, readEffect } from "../src/faults/effects";
import { MATCH_FIELDS, SCHEDULE_FIELDS, answersOf, fieldsFor, matchOf, ruleOf, scheduleOf, typedSchedule } from "../src/faults/rule";
import { effectWords, scheduleWords, sentence, whereWords } from "../src/faults/words";

interface Schema {
  properties?: Record<string, unknown>;
  enum?: string[];
}

const GOLDEN = new URL(
  "../../../../tests/control/snapshots/exstore__control__openapi__the_document_is_the_golden_one.snap",
  import.meta.url,
);

function schema(name: string): Schema {
  const text = readFileSync(GOLDEN, "utf8");
  const document = JSON.parse(text.slice(text.indexOf("\n---\n") + 5));
  return document.components.schemas[name];
}

const properties = (name: string) => Object.keys(schema(name).properties ?? {}).toSorted();

function kindOf(name: string) {
  const kind = effectNamed(name);
  if (!kind) throw new Error(`no effect ${name}`);
  return kind;
}

describe("the table of what can go wrong holds all that the API has", () => {
  const bodies = EFFECTS.map((kind) => kind.body(beginOf(kind)));

  test("every effect, and what belongs to it", () => {
    const named = new Set(bodies.flatMap((body) => Object.keys(body)));
    expect([...named].toSorted()).toEqual(properties("FaultEffect"));
    const reads = bodies.flatMap(({ registry }) => registry ?? []);
    expect(reads.toSorted()).toEqual(schema("RegistryEffect").enum?.toSorted());
    const late = kindOf("late_aux").parameters[0]?.choices?.map(([value]) => value);
    expect(late?.toSorted()).toEqual(schema("LateAux").enum?.toSorted());
    expect(kindOf("corrupt").parameters.map(({ key }) => key).toSorted()).toEqual(properties("Corrupt"));
    expect(kindOf("slow_bytes").parameters.map(({ key }) => key).toSorted()).toEqual(properties("SlowBytes"));
  });

  test("every field of a match, each with an effect that it is offered for", () => {
    expect(MATCH_FIELDS.map(({ key }) => key).toSorted()).toEqual(properties("FaultMatch"));
    const offered = new Set(EFFECTS.flatMap((kind) => fieldsFor(kind, {}).map(({ key }) => key)));
    expect([...offered].toSorted()).toEqual(properties("FaultMatch"));
    const stages = new Set(EFFECTS.flatMap((kind) => kind.stages));
    expect([...stages].toSorted()).toEqual(schema("FaultStage").enum?.toSorted());
    const directions = new Set(EFFECTS.flatMap((kind) => kind.directions));
    expect([...directions].toSorted()).toEqual(schema("FaultDirection").enum?.toSorted());
  });

  test("every field of a schedule", () => {
    const keys = SCHEDULE_FIELDS.map(({ key }) => key.replace(/^(from|until)$/, "between"));
    expect([...new Set(keys)].toSorted()).toEqual(properties("FaultSchedule"));
  });

  test("what is written is read again", () => {
    for (const kind of EFFECTS) {
      const typed = beginOf(kind);
      expect(readEffect(kind.body(typed))).toEqual({ kind, typed });
    }
  });
});

describe("fields that make no sense are neither offered nor sent", () => {
  test.each([
    ["refuse", { stage: "accept", process: "mdl.exe", group: "g" }, { stage: "accept", group: "g" }],
    ["ec", { stage: "rpc", direction: "to_client", process: "mdl.exe", value: "x" }, { stage: "rpc", process: "mdl.exe" }],
    ["missing", { process: "mdl.exe", value: "Disable MAPI Clients" }, { value: "Disable MAPI Clients" }],
    ["latency", { stage: "accept", direction: "to_server", opnum: "11" }, { stage: "accept" }],
    ["skip_poll", { stage: "api", group: "g" }, {}],
    ["drop", { method: "GET", route: "/sessions", transport: "tcp" }, { method: "GET", route: "/sessions" }],
  ])("%s", (name, typed, match) => {
    const kind = kindOf(name);
    expect(matchOf(kind, typed as Record<string, string>)).toEqual(match);
  });
});

describe("a rule as a sentence", () => {
  test.each([
    [{ effect: { reset: true }, match: { stage: "connect", process: "mdl.exe" }, schedule: { next: 3 } }, "A connect of mdl.exe is done, and has its connection reset where the answer would come, the next 3 times."],
    [{ effect: { hang: true }, match: { direction: "to_server", opnum: 11, group: "beta" } }, "A call after the connect (operation 11) of the group beta does not reach the store until the rule is paused or deleted, each time."],
    [{ effect: { registry: "access_denied" }, match: { value: "Disable MAPI Clients" }, schedule: { every: 3, after: 10 } }, "A read of “Disable MAPI Clients” is denied, each 3rd time, not the first 10 times."],
    [{ effect: { registry: "slow", delay: "20m" } }, "A read of the registry has its values 20m later, each time."],
    [{ effect: { skip_poll: true }, schedule: { probability: 0.25, next: 1 } }, "A poll does nothing, with a chance of 25 %, 1 hit at the most."],
    [{ effect: { slow_answer: "2s" }, match: { method: "GET", route: "/sessions" } }, "A GET request to /sessions is done at once, and answered 2s later in real time, each time."],
    [{ effect: { corrupt: { mask: 5 } }, match: { stage: "bind", transport: "tcp" } }, "A bind over TCP gets its answer with the bits 00000101 of a byte that is drawn flipped, each time."],
    [{ effect: { refuse: true } }, "A connection that comes in or bind is turned away, each time."],
    [{ effect: { ec: "ecServerBusy" }, match: { stage: "rpc", process: "a\u202eb" } }, "A call after the connect of a\\u{202e}b is not made, and is answered with ecServerBusy, each time."],
  ])("%j", (rule, words) => {
    expect(sentence(rule as Parameters<typeof sentence>[0])).toBe(words);
  });

  test("in a row of the table", () => {
    expect(effectWords({ slow_bytes: { bytes: 16, per: "1s" } })).toBe("Have the answer trickle: 16 per 1s");
    expect(whereWords({ reset: true }, {})).toBe("anywhere it can");
    expect(whereWords({ reset: true }, { stage: "connect", direction: "to_server" })).toBe("at the connect, the request");
    expect(whereWords({ drop: true }, { method: "GET", route: "/events" })).toBe("GET /events");
  });
});

describe("a schedule", () => {
  test.each([
    [{}, "each time"],
    [{ next: 1 }, "the next time"],
    [{ every: 2 }, "each 2nd time"],
    [{ every: 11 }, "each 11th time"],
    [{ first: 10, next: 2 }, "only among the first 10, 2 hits at the most"],
    [{ sequence: [true, false, true] }, "in the order hit, pass, hit"],
    [{ between: ["2006-04-22T08:00:00Z", "2006-04-22T09:30:05Z"] }, "from 2006-04-22 08:00 until 2006-04-22 09:30:05"],
  ])("%j in words", (schedule, words) => {
    expect(scheduleWords(schedule)).toBe(words);
  });

  test("is read as it is typed, and written as it would be", () => {
    const typed = { next: "3", probability: "0.5", from: "2006-04-22T08:00", until: "2006-04-22T09:00:01" };
    const { schedule, wrong } = scheduleOf(typed);
    expect(wrong).toEqual({});
    expect(schedule).toEqual({ next: 3, probability: 0.5, between: ["2006-04-22T08:00:00Z", "2006-04-22T09:00:01Z"] });
    expect(scheduleOf(typedSchedule(schedule)).schedule).toEqual(schedule);
  });

  test("leaves out what goes without a sequence", () => {
    expect(scheduleOf({ sequence: "x.x", every: "2", after: "1" }).schedule).toEqual({ sequence: [true, false, true], after: 1 });
    expect(scheduleOf(typedSchedule({ sequence: [false, true] })).schedule).toEqual({ sequence: [false, true] });
  });

  test("says what can't be sent", () => {
    expect(scheduleOf({ from: "2006-04-22T08:00" }).wrong).toEqual({ until: "it is missing: a span has two ends" });
    expect(Object.keys(scheduleOf({ sequence: "x?" }).wrong)).toEqual(["sequence"]);
    expect(answersOf("true, false 1 0 hit pass x.")).toEqual([true, false, true, false, true, false, true, false]);
  });
});

describe("on the command line", () => {
  const of = { name: "default", path: "/v1/stores/default" };

  test("a rule is its flags", () => {
    const change = addFault(of, kindOf("slow_bytes"), { bytes: "8", per: "2s" }, { stage: "rpc", group: "-x" }, { sequence: [true, false] });
    expect(change.cli).toEqual(["fault", "add", "slow_bytes", "8", "--per", "2s", "--stage", "rpc", "--group=-x", "--sequence", "true,false"]);
    expect(change.body).toEqual(ruleOf(kindOf("slow_bytes"), { bytes: "8", per: "2s" }, { stage: "rpc", group: "-x" }, { sequence: [true, false] }));
  });

  test("a schedule that says nothing is sent as JSON: without flags there is none", () => {
    expect(rescheduleFault(of, 3, {})).toMatchObject({ cli: ["fault", "set", "3", "--json", "-"], stdin: '{"schedule":{}}' });
    expect(rescheduleFault(of, 3, { next: 2 })).toMatchObject({ cli: ["fault", "set", "3", "--next", "2"] });
  });
});
