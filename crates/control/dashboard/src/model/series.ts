// What happened over store time, in steps that widen as it grows, so that a year costs no more than a minute and no sum is
// lost.

/** Steps that are kept at the most; past it two become one. */
const MOST_STEPS = 600;

/** Lines of their own that the plot has: the programs with the most sessions. What is past it is counted together. */
export const MOST_PROCESSES = 6;

export interface Step {
  /** Store time of its beginning, in milliseconds. */
  at: number;
  connected: number;
  refused: number;
  disconnected: number;
  ended: number;
  /** Sessions by process at its end. */
  sessions: Map<string, number>;
}

export type Counted = "connected" | "refused" | "disconnected" | "ended";

export class Series {
  /** Store time that a step spans, in milliseconds. */
  width = 1000;
  steps: Step[] = [];

  /** Counts something that happened, and takes down who is there afterwards. */
  count(at: number, what: Counted | null, sessions: Map<string, number>): void {
    const step = this.stepAt(at);
    if (what) step[what] += 1;
    step.sessions = sessions;
  }

  /** Freezes the newest step: whoever counts hands over the map that it goes on to change. */
  private stepAt(at: number): Step {
    const begin = Math.floor(at / this.width) * this.width;
    const last = this.steps.at(-1);
    if (last && begin <= last.at) return last;
    if (last) last.sessions = new Map(last.sessions);
    const step = { at: begin, connected: 0, refused: 0, disconnected: 0, ended: 0, sessions: new Map<string, number>() };
    this.steps.push(step);
    if (MOST_STEPS < this.steps.length) this.widen();
    return this.steps.at(-1) ?? step;
  }

  private widen(): void {
    this.width *= 2;
    const merged: Step[] = [];
    for (const step of this.steps) {
      const begin = Math.floor(step.at / this.width) * this.width;
      const last = merged.at(-1);
      if (last?.at === begin) {
        last.connected += step.connected;
        last.refused += step.refused;
        last.disconnected += step.disconnected;
        last.ended += step.ended;
        last.sessions = step.sessions;
      } else {
        merged.push({ ...step, at: begin });
      }
    }
    this.steps = merged;
  }
}
