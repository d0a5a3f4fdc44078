// One scenario: what it shows, its runs, its text, and playing it.
import { useState } from "preact/hooks";

import { type RunOptions, type Scenario, type ScenarioRun, deleteScenario, pathOf, runScenario } from "../api/changes_scenarios";
import type { Page } from "../api/types";
import { live } from "../model/current";
import { paced } from "../model/pace";
import { NOW_AND_THEN, useResource } from "../model/resource";
import { counted, grouped } from "../model/text";
import { dateTime } from "../model/time";
import { visible } from "../model/visible";
import { go, href } from "../router";
import { Action, Copyable } from "../ui/action";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable } from "../ui/table";
import { RunState } from "./scenarios_run";

export function ScenarioPart({ name }: { name: string }) {
  const path = pathOf(live.value, name);
  const { body, error, reload } = useResource<Scenario>(path);
  const runs = useResource<Page<ScenarioRun>>(`${path}/runs`, undefined, NOW_AND_THEN);
  return (
    <>
      <nav aria-label="Place">
        <a href={href("scenarios")}>All scenarios</a>
      </nav>
      {error !== null && <ProblemNote error={error} onRetry={reload} />}
      {body && (
        <>
          <section class="card" aria-labelledby="scenario-title">
            <div class="heading">
              <h2 id="scenario-title">{visible(body.name)}</h2>
              <p class="soft">
                {counted(body.steps, "step")}, from {dateTime(body.start)} on
              </p>
            </div>
            <p>{visible(body.about)}</p>
            <RunForm scenario={body} />
          </section>
          <section class="card" aria-labelledby="scenario-runs-title">
            <h2 id="scenario-runs-title">Runs</h2>
            {runs.error !== null && <ProblemNote error={runs.error} onRetry={runs.reload} />}
            {runs.body && (
              <DataTable
                caption={`Runs of ${visible(name)}`}
                columns={columnsOf(name)}
                rows={runs.body.items.toReversed()}
                rowKey={({ run }) => run}
                lines={8}
                empty={<p class="soft">It was not played yet. The last 20 runs are remembered.</p>}
              />
            )}
          </section>
          <details class="card">
            <summary>Its text</summary>
            <Copyable name={body.format === "application/toml" ? "TOML" : "JSON"} text={body.text} />
          </details>
          <p>
            <Action
              id="scenario-delete"
              kind="danger"
              change={deleteScenario(live.value, body.name)}
              confirm={`The store forgets ${body.name} and its runs. One that is under way is cancelled.`}
              onDone={() => {
                go(href("scenarios"));
                return `${body.name} is forgotten`;
              }}
            >
              Forget this scenario
            </Action>
          </p>
        </>
      )}
    </>
  );
}

function RunForm({ scenario }: { scenario: Scenario }) {
  const store = live.value;
  const [transport, setTransport] = useState("");
  const [keepGoing, setKeepGoing] = useState(false);
  const options: RunOptions = {
    ...(transport === "pipe" || transport === "tcp" ? { transport } : {}),
    ...(keepGoing ? { keep_going: true } : {}),
  };
  void paced.value;
  const lost = store.sessions.size;
  return (
    <>
      <p class="note">
        A run has the store <strong>start over</strong>: sessions end, clients and fault rules go, the journal begins a new epoch, and the clock is manual
        from then on. A <a href={href("scenarios", { store: store.name })}>snapshot</a> brings back what was before.
      </p>
      <div class="row row-end">
        <div class="field">
          <label for="scenario-transport">Clients connect</label>
          <select id="scenario-transport" value={transport} onChange={(event) => setTransport(event.currentTarget.value)}>
            <option value="">as the scenario says</option>
            <option value="pipe">over the pipe</option>
            <option value="tcp">over TCP</option>
          </select>
        </div>
        <label class="scenario-check">
          <input id="scenario-keep-going" type="checkbox" checked={keepGoing} onChange={(event) => setKeepGoing(event.currentTarget.checked)} /> Go on after what is not as
          expected
        </label>
        <Action<ScenarioRun>
          id="scenario-run"
          kind="primary"
          change={runScenario(store, scenario, options)}
          confirm={0 < lost ? `The store starts over, and ${lost === 1 ? "its session ends" : `its ${grouped(lost)} sessions end`}.` : undefined}
          onDone={({ body }) => {
            go(href(`scenarios/${encodeURIComponent(scenario.name)}/${body.run}`, { at: null }));
            return `Run ${body.run} is under way`;
          }}
        >
          Start over and run
        </Action>
      </div>
    </>
  );
}

function columnsOf(name: string): Column<ScenarioRun>[] {
  return [
    { key: "run", title: "Run", align: "end", cell: ({ run }) => <a href={href(`scenarios/${encodeURIComponent(name)}/${run}`)}>{run}</a> },
    { key: "state", title: "State", cell: (run) => <RunState run={run} /> },
    { key: "step", title: "Step", align: "end", cell: ({ step, steps }) => `${step} of ${steps}` },
    { key: "met", title: "As expected", align: "end", cell: ({ met, checks }) => `${met} of ${checks.length}` },
    { key: "now", title: "Store time", cell: ({ now }) => (now == null ? "" : dateTime(now)) },
  ];
}
