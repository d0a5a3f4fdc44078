// What the story does by itself: its store, and clients that come and try again.
import { ACT_ONE_LIST, GROUPS } from "../story/steps";
import type { Change } from "./change";
import type { Of } from "./changes";

/** Exchange Server 2003 with Service Pack 2, and without the hotfix. */
export const SP2 = "6.5.7638";

const BEGINS = "2006-04-22T08:00:00Z";

/** A store for the story, on a clock that stands. */
export function makeStoryStore(name: string): Change {
  return {
    label: "Make a store for the story",
    method: "POST",
    path: "/v1/stores",
    body: { name, build: SP2, clock: { mode: "manual", now: BEGINS } },
    cli: ["store", "create", name, "--build", SP2, "--clock", "manual", "--now", BEGINS],
  };
}

interface Arrival {
  process: string | null;
  client_version: string;
  user: string;
  machine: string;
  group: string;
}

const OUTLOOK_2003 = "11.0.5608.0";
/** Outlook 2000: it has no field for the name of a program. */
const OUTLOOK_2000 = "9.0.0.2416";

const ACT_ONE: Arrival[] = ["OUTLOOK.EXE", ...ACT_ONE_LIST.split("; ")].map((process, place) => ({
  process,
  client_version: OUTLOOK_2003,
  user: ["alice", "bob", "carol"][place] ?? "",
  machine: `WKS${place + 1}`,
  group: GROUPS.one,
}));

const ACT_TWO: Arrival[] = ["dave", "erin", "frank", "grace"].map((user, place) => ({
  process: place === 3 ? null : "beta.exe",
  client_version: place === 3 ? OUTLOOK_2000 : OUTLOOK_2003,
  user,
  machine: `WKS${place + 4}`,
  group: GROUPS.two,
}));

export function connectFirst({ path }: Of, act: 1 | 2): Change {
  const clients = act === 1 ? ACT_ONE : ACT_TWO;
  return {
    label: "Let them connect",
    method: "POST",
    path: `${path}/clients/batch`,
    body: clients,
    cli: ["client", "add", "--file", "-"],
    stdin: clients.map((client) => JSON.stringify(client)).join("\n"),
  };
}

export function connectAgain({ path }: Of, ids: number[]): Change {
  return {
    label: "Let them try again",
    method: "POST",
    path: `${path}/clients/batch/connect`,
    body: ids,
    cli: ["client", "connect", ...ids.map(String)],
  };
}
