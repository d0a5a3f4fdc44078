// Live's figures: how many there are, what came of the others, and what decides about them.
import type { ComponentChildren } from "preact";

import { seqOf } from "../api/journal";
import type { PolicyInForce } from "../api/types";
import { live, storeNow } from "../model/current";
import { totalsAt } from "../model/live";
import { generationAt, marks, marksVersion } from "../model/marks";
import { useResource } from "../model/resource";
import { useSessionsSlowly } from "../model/slow";
import { counted, grouped } from "../model/text";
import { at, href } from "../router";
import { untilPoll } from "../ui/time_bar";

/** What is said where the past has nothing to say. */
const UNKNOWN = "–";

export function Figures() {
  const store = live.value;
  const policy = useResource<PolicyInForce>(`${store.path}/policy`, /^(policy|build|store|cluster|checkpoint)\./);
  void marksVersion.value;
  const seq = at.value === null ? null : seqOf(at.value);
  const totals = seq === null ? store.totals : totalsAt(store.totals, store.recent, seq);
  const generation = seq === null ? (policy.body?.generation ?? null) : generationAt(marks, seq, policy.body?.generation ?? null);
  // What the journal does not say of the past is told only where nothing has changed it since.
  const isKnown = seq === null || isUnchanged(seq);
  const { sessions, byProcess } = useSessionsSlowly();
  const unidentified = byProcess.get("") ?? 0;
  const figure = (number: number | undefined) => (number === undefined ? UNKNOWN : grouped(number));
  return (
    <dl class="figures live-figures">
      <Figure name="Sessions" id="live-sessions">
        <a href={href("sessions")}>{grouped(sessions.size)}</a>
      </Figure>
      <Figure name="Unidentified" id="live-unidentified" hint="no program name to list">
        {0 < unidentified ? <a href={href("sessions", { q: "is:unidentified" })}>{grouped(unidentified)}</a> : "0"}
      </Figure>
      <Figure name="Refused" id="live-refused" hint={totals ? "since the start" : "too long ago to tell"}>
        {figure(totals?.refused)}
      </Figure>
      <Figure name="Cut off" id="live-cut-off" hint={totals ? "by the store, since the start" : "too long ago to tell"}>
        {figure(totals?.disconnected)}
      </Figure>
      {0 < (totals?.would_block ?? 0) && (
        <Figure name="Would block" id="live-would-block" hint="had it been enforced">
          {figure(totals?.would_block)}
        </Figure>
      )}
      <Figure name="Policy" id="live-policy" hint={isKnown && policy.body ? rulesOf(policy.body, seq !== null) : "its mode then is not known"}>
        <a href={href("policy")}>{generation === null ? UNKNOWN : generation}</a>
      </Figure>
      <Figure name="Build" id="live-build" hint={isKnown && policy.body ? honours(policy.body) : "which one ran then is not known"}>
        <span class="figure-text">{isKnown && policy.body ? policy.body.build : UNKNOWN}</span>
      </Figure>
      {seq === null && <NextPoll />}
    </dl>
  );
}

/** By itself, since it alone changes with the clock. */
function NextPoll() {
  const body = live.value.store.value;
  if (!body) return null;
  return (
    <Figure name="Next poll" id="live-next-poll" hint={`every ${body.settings.poll_interval}`}>
      <a class="figure-text" href={href("clock")}>
        {untilPoll(body, storeNow.value)}
      </a>
    </Figure>
  );
}

function Figure({ name, id, hint, children }: { name: string; id: string; hint?: string; children: ComponentChildren }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd id={id}>{children}</dd>
      {hint && <dd class="figure-hint">{hint}</dd>}
    </div>
  );
}

/** Whether no entry since then changed the policy's mode or the build. */
function isUnchanged(seq: number): boolean {
  return !marks.some((mark) => seq < mark.seq && (mark.kind === "service" || mark.label.startsWith("policy mode")));
}

function rulesOf({ mode, off, processes, versions }: PolicyInForce, isPast: boolean): string {
  const word = mode === "audit" ? "audit: nobody is cut off" : "enforced";
  if (isPast) return word;
  if (off) return `${word}; blocks nobody`;
  const rules = [
    0 < processes.items.length && counted(processes.items.length, "program"),
    0 < versions.items.length && counted(versions.items.length, "version range"),
  ];
  return `${word}; ${rules.filter(Boolean).join(", ")}`;
}

function honours({ processes }: PolicyInForce): string {
  return processes.honoured ? "reads the list of programs" : "ignores the list of programs";
}
