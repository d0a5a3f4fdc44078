// Changes that the policy studio makes: lists, the mode, the build, and the service.
import type { Change } from "./change";
import type { Of } from "./changes";
import { step } from "./toml";
import type { BlockList, Cursor } from "./types";

export type Apply = "now" | "next_poll";

/** When a change takes effect, and the place that the store has to be at for it. */
export interface When {
  apply: Apply;
  cursor: Cursor | null;
}

const LABELS: Record<Apply, string> = { now: "Apply now", next_poll: "Apply at the next poll" };

const NAMES: Record<BlockList, string> = { processes: "the list of programs", versions: "the list of versions" };

export function writeList({ path }: Of, list: BlockList, text: string, when: When): Change {
  return {
    label: LABELS[when.apply],
    method: "PUT",
    path: `${path}/block-lists/${list}?${query(when)}`,
    body: { data: text },
    // `-` has the command read its stdin.
    cli: ["block-list", "set", list, ...words(when)],
    rest: [text],
    ...(text === "-" ? { stdin: text } : {}),
    step: step(`Somebody writes ${NAMES[list]}.`, "block", { [list]: text, ...soon(when) }),
  };
}

export function clearList({ path }: Of, list: BlockList, when: When): Change {
  return {
    label: "Delete the value",
    method: "DELETE",
    path: `${path}/block-lists/${list}?${query(when)}`,
    cli: ["block-list", "clear", list, ...words(when)],
    step: step(`Somebody deletes ${NAMES[list]}.`, "unblock", { lists: [list], ...soon(when) }),
  };
}

function query({ apply, cursor }: When): URLSearchParams {
  return new URLSearchParams({ apply, ...(cursor === null ? {} : { if_cursor: cursor }) });
}

function words({ apply, cursor }: When): string[] {
  const applied = ["--apply", apply === "now" ? "now" : "next-poll"];
  return cursor === null ? applied : [...applied, "--if-cursor", cursor];
}

function soon({ apply }: When): { apply?: "now" } {
  return apply === "now" ? { apply } : {};
}

export function setMode({ path }: Of, mode: "enforce" | "audit"): Change {
  return {
    label: mode === "enforce" ? "Enforce the policy" : "Audit only",
    method: "PATCH",
    path: `${path}/policy/mode`,
    body: { mode },
    cli: ["policy", "mode", mode],
    step: step(mode === "enforce" ? "The policy is acted on." : "The policy is only watched.", "policy_mode", mode),
  };
}

export function installHotfix({ path }: Of): Change {
  return {
    label: "Install the hotfix and restart",
    method: "POST",
    path: `${path}/build/install-hotfix`,
    cli: ["store", "install-hotfix"],
    step: step("The hotfix of KB 920185 is installed.", "install_hotfix", true),
  };
}

export function restartService({ path }: Of): Change {
  return {
    label: "Restart the service",
    method: "POST",
    path: `${path}/restart`,
    cli: ["store", "restart"],
    step: step("The service stops and starts.", "restart", true),
  };
}
