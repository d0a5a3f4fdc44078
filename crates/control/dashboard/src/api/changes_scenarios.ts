// What the page does with scenarios and snapshots, and how a store starts over.
import type { components } from "./schema";
import type { Change } from "./change";
import type { Of } from "./changes";
import { step } from "./toml";

type Schemas = components["schemas"];

export type ListedScenario = Schemas["ListedScenario"];
export type Scenario = Schemas["Scenario"];
export type ScenarioRun = Schemas["ScenarioRun"];
export type Snapshot = Schemas["Snapshot"];

export function pathOf({ path }: Of, name: string): string {
  return `${path}/scenarios/${encodeURIComponent(name)}`;
}

/** A text that begins an object is JSON; all else is TOML. */
export function formatOf(text: string): "application/json" | "application/toml" {
  return text.trimStart().startsWith("{") ? "application/json" : "application/toml";
}

export function keepScenario({ path }: Of, text: string): Change {
  // JSON is sent as it was written too, so that a place in it is one in what was written: with its charset it is a text.
  const type = formatOf(text) === "application/json" ? "application/json; charset=utf-8" : "application/toml";
  return { label: "Keep the scenario", method: "POST", path: `${path}/scenarios`, body: text, type, cli: null };
}

export interface RunOptions {
  transport?: "pipe" | "tcp";
  keep_going?: boolean;
}

/** The command line plays a text of its own, so it is handed this one. */
export function runScenario(of: Of, { name, text, format }: Pick<Scenario, "name" | "text" | "format">, options: RunOptions): Change {
  const change: Change = {
    label: `Run ${name}`,
    method: "POST",
    path: `${pathOf(of, name)}/runs`,
    body: options,
    cli: null,
  };
  // It reads TOML, and stops where something is not as expected.
  if (format !== "application/toml" || options.keep_going) return change;
  const transport = options.transport ? ["--transport", options.transport] : [];
  return { ...change, cli: ["scenario", "run", "/dev/stdin", ...transport], stdin: text, namesServer: true };
}

export function cancelRun(of: Of, { scenario, run }: Pick<ScenarioRun, "scenario" | "run">): Change {
  return { label: `Cancel run ${run}`, method: "DELETE", path: `${pathOf(of, scenario)}/runs/${run}`, cli: null };
}

export function deleteScenario(of: Of, name: string): Change {
  return { label: `Forget ${name}`, method: "DELETE", path: pathOf(of, name), cli: null };
}

export function takeSnapshot({ path }: Of, name: string): Change {
  const named = name === "" ? {} : { name };
  return {
    label: "Take a snapshot",
    method: "POST",
    path: `${path}/snapshots`,
    body: named,
    cli: ["snapshot", "take", ...(name === "" ? [] : [`--name=${name}`])],
    step: name === "" ? null : step("The store is kept as it is.", "snapshot", name),
  };
}

export function restoreSnapshot({ path }: Of, { id, name }: Pick<Snapshot, "id" | "name">): Change {
  return {
    label: `Restore snapshot ${id}`,
    method: "POST",
    path: `${path}/snapshots/${id}/restore`,
    cli: ["snapshot", "restore", String(id)],
    step: name ? step("The store goes back.", "restore", name) : null,
  };
}

export function deleteSnapshot({ path }: Of, id: number): Change {
  return { label: `Delete snapshot ${id}`, method: "DELETE", path: `${path}/snapshots/${id}`, cli: ["snapshot", "delete", String(id)] };
}

export function resetStore({ path }: Of, to: "baseline" | "empty", now: string): Change {
  return {
    label: to === "empty" ? "Empty the store" : "Start over",
    method: "POST",
    path: `${path}/reset`,
    body: { to, ...(now === "" ? {} : { now }) },
    cli: ["store", "reset", "--to", to, ...(now === "" ? [] : ["--now", now])],
  };
}
