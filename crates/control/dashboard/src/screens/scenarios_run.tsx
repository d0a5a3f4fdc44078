// One run: how far it is, what was expected and found, and what happens, line by line as it comes.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { type ScenarioRun, cancelRun, pathOf } from "../api/changes_scenarios";
import { RunWatch, isOver } from "../api/run_stream";
import { live } from "../model/current";
import { dateTime } from "../model/time";
import { visible } from "../model/visible";
import { href } from "../router";
import { Action } from "../ui/action";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable } from "../ui/table";

type Check = ScenarioRun["checks"][number];

const WORDS: Record<ScenarioRun["state"], [words: string, kind: string]> = {
  starting: ["starting over", ""],
  running: ["under way", ""],
  met: ["✓ as expected", "badge-good"],
  not_met: ["✗ not as expected", "badge-bad"],
  failed: ["✗ failed", "badge-bad"],
  cancelled: ["cancelled", "badge-warn"],
};

export function RunState({ run }: { run: Pick<ScenarioRun, "state"> }) {
  const [words, kind] = WORDS[run.state];
  return <span class={`badge ${kind}`}>{words}</span>;
}

export function ScenarioRunPart({ name, run: number }: { name: string; run: string }) {
  const path = `${pathOf(live.value, name)}/runs/${encodeURIComponent(number)}`;
  const [run, setRun] = useState<ScenarioRun | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const watch = new RunWatch(path, setRun, setError);
    return () => watch.stop();
  }, [path]);
  return (
    <>
      <nav aria-label="Place" class="row">
        <a href={href("scenarios")}>All scenarios</a>
        <a href={href(`scenarios/${encodeURIComponent(name)}`)}>{visible(name)}</a>
      </nav>
      {error !== null && <ProblemNote error={error} />}
      {run && <Shown run={run} />}
    </>
  );
}

function Shown({ run }: { run: ScenarioRun }) {
  const unmet = run.checks.filter(({ met }) => !met);
  return (
    <>
      <section class="card" aria-labelledby="run-title">
        <div class="heading">
          <h2 id="run-title">
            Run {run.run} of {visible(run.scenario)}
          </h2>
          <p role="status" id="run-state">
            <RunState run={run} />
          </p>
        </div>
        <Progress run={run} />
        {run.error != null && <p class="note note-error">{visible(run.error)}</p>}
        {unmet.map((check) => (
          <p key={`${check.step}${check.expected}`} class="note note-error">
            <strong>Step {check.step}</strong>: expected {visible(check.expected)}; found {visible(check.found)}
          </p>
        ))}
        <div class="row">
          {!isOver(run) && <Action id="run-cancel" kind="danger" change={cancelRun(live.value, run)} onDone={() => "The run is cancelled: the store stays as it is"} />}
          <a href={href("events")}>What happened, as events</a>
        </div>
      </section>
      <section class="card" aria-labelledby="run-lines-title">
        <h2 id="run-lines-title">What happens</h2>
        <Lines run={run} />
      </section>
      {0 < run.checks.length && (
        <DataTable caption="What was expected, and what was found" columns={CHECKS} rows={run.checks} rowKey={(check) => `${check.step} ${check.expected}`} lines={10} />
      )}
    </>
  );
}

function Progress({ run }: { run: ScenarioRun }) {
  return (
    <div class="run-progress">
      <label for="run-progress">
        Step {run.step} of {run.steps}
      </label>
      <progress id="run-progress" max={Math.max(1, run.steps)} value={isOver(run) && run.state === "met" ? Math.max(1, run.steps) : run.step} />
      <p class="hint">
        {run.now == null ? "The store starts over" : `Store time ${dateTime(run.now)}`}
        {run.target != null && `, moving to ${dateTime(run.target)}`}. {run.met} of {run.checks.length} expectations met.
      </p>
    </div>
  );
}

const CHECKS: Column<Check>[] = [
  { key: "step", title: "Step", align: "end", cell: ({ step }) => step },
  { key: "met", title: "Outcome", cell: ({ met }) => <span class={`badge ${met ? "badge-good" : "badge-bad"}`}>{met ? "✓ met" : "✗ not met"}</span> },
  { key: "expected", title: "Expected", cell: ({ expected }) => visible(expected) },
  { key: "found", title: "Found", cell: ({ found }) => visible(found) },
];

/** A line that begins a step has its number behind the time. */
const STEP = /^\S+ {1,2} ?\d+\. /;

/** Pixels from the end in which the newest line counts as looked at. */
const AT_END = 24;

function Lines({ run }: { run: ScenarioRun }) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (follows.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [run]);
  return (
    <div
      ref={box}
      class="run-lines"
      role="log"
      aria-live="off"
      aria-label="What happens"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        follows.current = scrollHeight - clientHeight - scrollTop < AT_END;
      }}
    >
      {0 < run.lines_before && <p class="soft">{run.lines_before} lines before these</p>}
      {run.lines.map((line, place) => (
        <p key={run.lines_before + place} class={STEP.test(line) ? "run-step" : undefined}>
          {visible(line)}
        </p>
      ))}
    </div>
  );
}
