// How a run of a scenario goes: read once, then followed by its stream, over lost connections too.
import { RequestError, answerOf, request } from "./request";
import type { ScenarioRun } from "./changes_scenarios";

/** Lines of a run that are shown at the most, as many as the server keeps. */
const MOST_LINES = 1000;

/** Least time between two words on a run, and the waits before asking again. Milliseconds. */
const REST = 100;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5000;

const OVER: ScenarioRun["state"][] = ["met", "not_met", "failed", "cancelled"];

export function isOver({ state }: Pick<ScenarioRun, "state">): boolean {
  return OVER.includes(state);
}

/** A server-sent event. */
export interface Told {
  event: string;
  id: string;
  data: string;
}

/** Takes whole events off the beginning of a text; the rest waits for more. */
export function takeEvents(text: string): { events: Told[]; rest: string } {
  const parts = text.split("\n\n");
  const rest = parts.pop() ?? "";
  const events = parts.flatMap((part) => {
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(part)?.[1] ?? "";
    const told = { event: field("event") || "message", id: field("id"), data: field("data") };
    return told.data === "" ? [] : [told];
  });
  return { events, rest };
}

/** Where a run stands, without what it has shown. */
type Standing = Omit<ScenarioRun, "checks" | "lines" | "lines_before" | "error" | "run" | "scenario"> & { checks: number };

/** Applies an event. The answer says whether more was checked than is known, which has to be asked for. */
export function take(run: ScenarioRun, told: Told): { run: ScenarioRun; asks: boolean } {
  const data: unknown = JSON.parse(told.data);
  switch (told.event) {
    case "end":
      return { run: data as ScenarioRun, asks: false };
    case "line":
      return { run: withLine(run, (data as { line: string }).line, Number(told.id)), asks: false };
    case "progress": {
      const { checks, ...standing } = data as Standing;
      return { run: { ...run, ...standing }, asks: run.checks.length < checks };
    }
    default:
      return { run, asks: false };
  }
}

/** `number` is the line's place among all of the run's, from 1. A line that is there already is there once. */
function withLine(run: ScenarioRun, line: string, number: number): ScenarioRun {
  if (number <= run.lines_before + run.lines.length) return run;
  const lines = [...run.lines, line];
  const before = number - lines.length;
  const over = Math.max(0, lines.length - MOST_LINES);
  return { ...run, lines: lines.slice(over), lines_before: before + over };
}

/** Follows a run until it is over, or is stopped. */
export class RunWatch {
  private readonly stopped = new AbortController();
  private run: ScenarioRun | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asking = false;

  constructor(
    private readonly path: string,
    private readonly show: (run: ScenarioRun) => void,
    private readonly fail: (error: unknown) => void,
  ) {
    void this.follow();
  }

  stop(): void {
    this.stopped.abort();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private async follow(): Promise<void> {
    let wait = FIRST_WAIT;
    while (!this.stopped.signal.aborted) {
      try {
        await this.read();
        if (this.run && isOver(this.run)) return;
        if (await this.stream()) wait = FIRST_WAIT;
        if (this.run && isOver(this.run)) return;
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        this.fail(error);
        if (error instanceof RequestError && error.status === 404) return;
      }
      await new Promise((done) => setTimeout(done, wait));
      wait = Math.min(LONGEST_WAIT, 2 * wait);
    }
  }

  private async read(): Promise<void> {
    const { body } = await request<ScenarioRun>(this.path, { signal: this.stopped.signal });
    // What the stream has told since is newer.
    if (this.run && body.revision < this.run.revision) return;
    this.run = body;
    this.fail(null);
    this.tell();
  }

  /** The answer says whether anything was told before it ended. */
  private async stream(): Promise<boolean> {
    const known = this.run ? this.run.lines_before + this.run.lines.length : 0;
    const headers = { accept: "text/event-stream", "last-event-id": String(known) };
    const answer = await answerOf(`${this.path}/stream`, { headers, signal: this.stopped.signal });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let hasTold = false;
    while (reader) {
      const { value, done } = await reader.read();
      if (done) break;
      const { events, rest } = takeEvents(text + value);
      text = rest;
      for (const told of events) this.hear(told);
      hasTold ||= 0 < events.length;
    }
    return hasTold;
  }

  private hear(told: Told): void {
    if (!this.run) return;
    const { run, asks } = take(this.run, told);
    this.run = run;
    if (asks) void this.ask();
    this.tell();
  }

  /** What was checked is no part of the stream. */
  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      await this.read();
    } catch {
      // The stream notices.
    } finally {
      this.asking = false;
    }
  }

  private tell(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.run && !this.stopped.signal.aborted) this.show(this.run);
    }, REST);
  }
}
