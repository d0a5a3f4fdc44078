// Every change that the page can make, each with its words for the command line and for scenarios.
import type { LiveStore } from "../model/live";
import type { Change } from "./change";
import { step } from "./toml";

/** What makes a change: a store's name and path are enough. */
export type Of = Pick<LiveStore, "name" | "path">;

export function advanceToPoll({ path }: Of): Change {
  return {
    label: "Advance to the next poll",
    method: "POST",
    path: `${path}/clock/advance`,
    body: { next: "poll" },
    cli: ["clock", "advance", "--next", "poll"],
    step: step("Time goes on to the next poll.", "advance", { next: "poll" }),
  };
}

export function pollNow({ path }: Of): Change {
  return { label: "Poll now", method: "POST", path: `${path}/polls`, cli: ["poll", "now"], step: step("The store polls.", "poll", true) };
}
