// The two acts of KB 920185 as steps, each done by a control of the dashboard itself. How far somebody has come is a fold over
// the journal since the story began: nothing is kept beside it, so a page that is loaded again, or another browser, is as far.
import type { Event } from "../api/types";
import { VALUE_NAMES } from "../model/block_lists";

export const VALUE = VALUE_NAMES.processes;

/** Labels of the clients of each act. */
export const GROUPS = { one: "act-one", two: "act-two" };

export interface Step {
  act: 1 | 2;
  title: string;
  /** What the article says, and what is to be done. */
  text: string;
  /** Where its control is: a screen, and the control's id. */
  screen?: string;
  control?: string;
  /** Which of the story's own controls does it. */
  own?: "connect-one" | "again-one" | "connect-two" | "again-two";
  /** A text to be entered there. */
  enter?: string;
  /** Whether an entry of the journal shows that it was done. Without one the page itself sees it. */
  isDone?: (event: Event) => boolean;
  /** What came of it. */
  outcome: string;
}

/** The value as the article has it. */
export const ACT_ONE_LIST = "program1.exe; program2.exe";
export const ACT_TWO_LIST = "program1.exe; program2.exe; beta.exe";

export const STEPS: Step[] = [
  {
    act: 1,
    title: "Everybody works",
    text: "This is the information store of an Exchange Server 2003 with Service Pack 2. Outlook and two other programs that use MAPI connect to it. Nothing can tell them apart yet: let them connect.",
    own: "connect-one",
    isDone: (event) => event.type === "session.connected" && named(event.process, "program2.exe"),
    outcome: "Three sessions. The store knows which program is behind each, for each said so when it connected.",
  },
  {
    act: 1,
    title: "Apply the hotfix",
    text: "The article's hotfix teaches the store to read a list of programs that may not connect. Apply it: the service stops, and starts again.",
    screen: "policy",
    control: "policy-install-hotfix",
    isDone: (event) => event.type === "store.started",
    outcome: "Store.exe is 6.5.7651.19 now. Everybody lost the connection when the service stopped, and there is no list yet.",
  },
  {
    act: 1,
    title: "Create the value",
    text: `“${VALUE}” is a value of the registry: names of programs, with semicolons between them. Enter two of them, and apply it at the next poll.`,
    screen: "policy",
    control: "policy-processes-text",
    enter: ACT_ONE_LIST,
    isDone: (event) => isListed(event, "program1.exe"),
    outcome: "It is in the registry. The store has not looked at it yet.",
  },
  {
    act: 1,
    title: "Restart the service",
    text: "The procedure ends with a restart of the Information Store service. It reads the value before it lets anybody in.",
    screen: "policy",
    control: "policy-restart",
    isDone: (event) => event.type === "store.started",
    outcome: "The list is in force.",
  },
  {
    act: 1,
    title: "They try again",
    text: "The three programs connect as they did before.",
    own: "again-one",
    isDone: (event) => event.type === "session.refused" && named(event.process, "program2.exe"),
    outcome: "Outlook is in. program1.exe and program2.exe were refused with ecClientVerDisallowed: they are on the list.",
  },
  {
    act: 2,
    title: "A beta program arrives",
    text: "Some days later three people try a beta of a program. A fourth uses an old MAPI client, which has no way to say which program it is.",
    own: "connect-two",
    isDone: (event) => event.type === "session.connected" && event.process == null && event.group === GROUPS.two,
    outcome: "All four are in: no list names beta.exe, and the old client names nothing.",
  },
  {
    act: 2,
    title: "Put it on the list",
    text: "Add beta.exe to the list and apply it at the next poll. Before you do, see below the text whom it would cut off.",
    screen: "policy",
    control: "policy-processes-text",
    enter: ACT_TWO_LIST,
    isDone: (event) => isListed(event, "beta.exe"),
    outcome: "Still nothing happens: the store has not looked.",
  },
  {
    act: 2,
    title: "Fifteen minutes later",
    text: "Every 15 minutes the store queries the registry. This clock stands until it is moved: advance it to the next poll.",
    screen: "live",
    control: "time-advance",
    isDone: (event) => event.type === "session.disconnected" && named(event.process, "beta.exe"),
    outcome: "The change took effect at once: the three open connections of beta.exe were cut off, and no others. The old client is still there; a list of names can't see it.",
  },
  {
    act: 2,
    title: "Ask why",
    text: "Every decision can be explained. Open the newest one.",
    screen: "why",
    outcome: "Item by item: which entry of the list, in which text, found by which poll, and what was sent on the wire.",
  },
  {
    act: 2,
    title: "It tries again",
    text: "Programs that are cut off come back. Let the beta program try.",
    own: "again-two",
    isDone: (event) => event.type === "session.refused" && named(event.process, "beta.exe"),
    outcome: "Refused, and so will be every new connection of it, until the poll after it is taken off the list.",
  },
];

function named(process: string | null | undefined, name: string): boolean {
  return process?.toLowerCase() === name;
}

/** Whether somebody has put a program on the list. Where the value is, and that it is text, is the store's to judge. */
function isListed(event: Event, program: string): boolean {
  if (event.type !== "registry.changed" || event.name?.toLowerCase() !== VALUE.toLowerCase()) return false;
  const data = event.value?.data;
  if (typeof data !== "string") return false;
  return data.split(";").some((item) => item.trim().toLowerCase() === program);
}

/** How many steps are done after these entries. The one that the page sees itself is passed over when a later one is done. */
export function stepsDone(events: Iterable<Event>, from = 0, seen: (step: number) => boolean = () => false): number {
  let step = from;
  for (const event of events) {
    while (step < STEPS.length && !STEPS[step]?.isDone && seen(step)) step += 1;
    const waiting = STEPS[step]?.isDone ? step : step + 1;
    if (STEPS[waiting]?.isDone?.(event)) step = waiting + 1;
  }
  while (step < STEPS.length && !STEPS[step]?.isDone && seen(step)) step += 1;
  return step;
}
