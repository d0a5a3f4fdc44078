// Scenarios: stories that prove a policy, played on the store; and going back by snapshots.
import type { ListedScenario } from "../api/changes_scenarios";
import type { Page } from "../api/types";
import { live } from "../model/current";
import { NOW_AND_THEN, useResource } from "../model/resource";
import { dateTime } from "../model/time";
import { visible } from "../model/visible";
import { at, href, place } from "../router";
import { CommandLine, Copyable } from "../ui/action";
import { Empty } from "../ui/empty";
import { Heading } from "../ui/heading";
import { ProblemNote } from "../ui/problem";
import { type Column, DataTable } from "../ui/table";
import { NewScenario } from "./scenarios_new";
import { ScenarioPart } from "./scenarios_part";
import { ScenarioRunPart } from "./scenarios_run";
import { Snapshots } from "./snapshots";
import "./scenarios.css";

export function ScenariosScreen() {
  const [name, run] = place.value.parts;
  return (
    <>
      <Heading title="Scenarios">
        <p class="soft">Stories that prove a policy, played on this store.</p>
      </Heading>
      {at.value !== null && <p class="note">This screen shows scenarios and snapshots as they are now, not as they were.</p>}
      {name === undefined ? <All /> : run === undefined ? <ScenarioPart key={name} name={name} /> : <ScenarioRunPart key={`${name}/${run}`} name={name} run={run} />}
    </>
  );
}

function All() {
  const store = live.value;
  const { body, error, reload } = useResource<Page<ListedScenario, string>>(`${store.path}/scenarios?limit=1000`, undefined, NOW_AND_THEN);
  return (
    <>
      {error !== null && <ProblemNote error={error} onRetry={reload} />}
      {body && (
        <DataTable
          caption="Scenarios that are kept with the store"
          columns={COLUMNS}
          rows={body.items}
          rowKey={({ name }) => name}
          empty={<NoScenarios />}
        />
      )}
      <NewScenario />
      {body && 0 < body.items.length && (
        <details class="card">
          <summary>Scenarios that are built into the program</summary>
          <BuiltIn />
        </details>
      )}
      <Snapshots />
    </>
  );
}

const COLUMNS: Column<ListedScenario>[] = [
  { key: "name", title: "Scenario", cell: ({ name }) => <a href={href(`scenarios/${encodeURIComponent(name)}`)}>{visible(name)}</a> },
  { key: "steps", title: "Steps", align: "end", cell: ({ steps }) => steps },
  { key: "runs", title: "Runs", align: "end", cell: ({ runs }) => runs },
  { key: "start", title: "Starts at", cell: ({ start }) => dateTime(start) },
  {
    key: "about",
    title: "About",
    cell: ({ about }) => (
      <span class="scenario-about" title={visible(about)}>
        {visible(about)}
      </span>
    ),
  },
];

function NoScenarios() {
  return (
    <Empty title="No scenario is kept with this store">
      <p>Choose a file below, or paste one. More than twenty are built into the program:</p>
      <BuiltIn />
    </Empty>
  );
}

function BuiltIn() {
  return (
    <div class="scenario-commands">
      <p class="soft">The command line lists them, and plays one on this store, which starts over for it.</p>
      <Copyable name="List" text="exstore scenario list" />
      <CommandLine name="Play" command={{ cli: ["scenario", "run", "kb-920185-note"], namesServer: true }} />
    </div>
  );
}
