import { afterEach, expect, test, vi } from "vitest";

import { type ScenarioRun, formatOf, resetStore, runScenario, takeSnapshot } from "../src/api/changes_scenarios";
import { RunWatch, take, takeEvents } from "../src/api/run_stream";

const BEGUN: ScenarioRun = {
  run: 1,
  scenario: "s",
  state: "running",
  revision: 1,
  step: 0,
  steps: 3,
  now: null,
  target: null,
  met: 0,
  checks: [],
  lines: ["a"],
  lines_before: 0,
  error: null,
};

const of = { name: "default", path: "/v1/stores/default" };

test("events are taken whole, whatever they come in", () => {
  const text = 'event: line\nid: 2\ndata: {"line":"b"}\n\nevent: progress\nid: 2\ndata: {"st';
  const { events, rest } = takeEvents(text);
  expect(events).toEqual([{ event: "line", id: "2", data: '{"line":"b"}' }]);
  expect(takeEvents(`${rest}ep":1}\n\n: still there\n\n`).events).toEqual([{ event: "progress", id: "2", data: '{"step":1}' }]);
});

test("a line is told once", () => {
  const told = { event: "line", id: "2", data: '{"line":"b"}' };
  const { run } = take(BEGUN, told);
  expect(run.lines).toEqual(["a", "b"]);
  expect(take(run, told).run.lines).toEqual(["a", "b"]);
});

test("lines that were not kept are counted", () => {
  const { run } = take(BEGUN, { event: "line", id: "5", data: '{"line":"e"}' });
  expect(run.lines_before + run.lines.length).toBe(5);
});

test("of many lines the last are shown", () => {
  let run = BEGUN;
  for (let number = 2; number <= 1200; number += 1) {
    run = take(run, { event: "line", id: String(number), data: JSON.stringify({ line: `${number}` }) }).run;
  }
  expect([run.lines.length, run.lines_before, run.lines[0], run.lines.at(-1)]).toEqual([1000, 200, "201", "1200"]);
});

test("what was checked is asked for when it is more than is known", () => {
  const progress = { state: "running", revision: 4, step: 2, steps: 3, now: "2006-04-22T08:00:00Z", target: null, met: 1, checks: 1 };
  const { run, asks } = take(BEGUN, { event: "progress", id: "1", data: JSON.stringify(progress) });
  expect(asks).toBe(true);
  expect([run.step, run.checks]).toEqual([2, []]);
  expect(take(BEGUN, { event: "progress", id: "1", data: JSON.stringify({ ...progress, checks: 0 }) }).asks).toBe(false);
});

test("the end is the run as it is then", () => {
  const end = { ...BEGUN, state: "met", step: 3 };
  expect(take(BEGUN, { event: "end", id: "1", data: JSON.stringify(end) }).run).toEqual(end);
});

test("the command line plays what it can play", () => {
  const scenario = { name: "s", text: "name = 's'", format: "application/toml" };
  expect(runScenario(of, scenario, { transport: "tcp" })).toMatchObject({
    cli: ["scenario", "run", "/dev/stdin", "--transport", "tcp"],
    stdin: "name = 's'",
    namesServer: true,
  });
  expect(runScenario(of, scenario, { keep_going: true }).cli).toBe(null);
  expect(runScenario(of, { ...scenario, format: "application/json" }, {}).cli).toBe(null);
  expect(formatOf(' {"name": "s"}')).toBe("application/json");
});

test("snapshots and resets", () => {
  expect(takeSnapshot(of, "").body).toEqual({});
  expect(takeSnapshot(of, "a").step).toContain('snapshot = "a"');
  expect(resetStore(of, "empty", "2006-04-22T08:00:00Z")).toMatchObject({
    body: { to: "empty", now: "2006-04-22T08:00:00Z" },
    cli: ["store", "reset", "--to", "empty", "--now", "2006-04-22T08:00:00Z"],
  });
});

afterEach(() => vi.unstubAllGlobals());

test("a stream that ends too early is resumed after its last line", async () => {
  const asked: string[] = [];
  const over = { ...BEGUN, state: "met", step: 3, revision: 9, lines: ["a", "b", "c"] };
  const streams = [
    'event: line\nid: 2\ndata: {"line":"b"}\n\nevent: line\nid: 3\ndata: {"li',
    `event: line\nid: 3\ndata: {"line":"c"}\n\nevent: end\nid: 3\ndata: ${JSON.stringify(over)}\n\n`,
  ];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const known = new Headers(init.headers).get("last-event-id");
    asked.push(known === null ? "run" : `stream after ${known}`);
    if (path.endsWith("/stream")) return new Response(streams.shift());
    // The server stands where the stream broke off.
    return Response.json(asked.length === 1 ? BEGUN : { ...BEGUN, revision: 5, lines: ["a", "b"] });
  });
  const errors: unknown[] = [];
  const run = await new Promise<ScenarioRun>((done) => {
    const watch = new RunWatch(
      "/v1/stores/default/scenarios/s/runs/1",
      (shown) => {
        if (shown.state === "met") done(shown);
      },
      (error) => errors.push(error),
    );
    void watch;
  });
  expect(asked).toEqual(["run", "stream after 1", "run", "stream after 2"]);
  expect(run.lines).toEqual(["a", "b", "c"]);
  expect(errors.filter((error) => error !== null)).toEqual([]);
});
