// An explanation: the verdict first, then what it rests on, down to the bytes.
import type { Decision, ExplainedItem, Explanation, Generation, Match, Page, Poll } from "../api/types";
import { VALUE_NAMES } from "../model/block_lists";
import { live } from "../model/current";
import { useExplanation } from "../model/explanation";
import { useResource } from "../model/resource";
import { pollOf } from "../model/sentence";
import { counted } from "../model/text";
import { dateTime } from "../model/time";
import { visible } from "../model/visible";
import { href } from "../router";
import { AsCommands } from "../ui/action";
import { Cause } from "../ui/cause";
import { ProblemNote } from "../ui/problem";
import { Said } from "../ui/said";
import { type Column, DataTable } from "../ui/table";
import { ActionBadge, ListText } from "./why_parts";
import { type Question, asked, bodyOf, titleOf } from "./why_question";
import { OnTheWire } from "./why_wire";

export function Answer({ question }: { question: Question }) {
  const { explanation, error, reload } = useExplanation(bodyOf(question));
  if (error !== null) return <ProblemNote error={error} onRetry={reload} />;
  if (!explanation) return <p class="soft">Asking the policy…</p>;
  const { recorded } = explanation;
  const isSame = recorded?.generation === explanation.generation;
  return (
    <>
      <Verdict question={question} explanation={explanation} />
      {recorded && <ThenAndNow recorded={recorded} explanation={explanation} />}
      <section class="card" aria-labelledby="why-items-title">
        <h2 id="why-items-title">Item by item, now</h2>
        <Items explanation={explanation} />
      </section>
      <section class="card" aria-labelledby="why-source-title">
        <h2 id="why-source-title">The text it came from</h2>
        {recorded?.generation != null && !isSame && (
          <Source title="Then" generation={recorded.generation} match={recorded.decision ?? null} />
        )}
        <Source title={isSame ? "Then and now" : "Now"} generation={explanation.generation} match={explanation.matched ?? null} />
      </section>
      {recorded && <FaultsInPlay faults={recorded.faults} />}
      {recorded && <OnTheWire decision={recorded} names={explanation.processes} />}
      <section class="card" aria-labelledby="why-asked-title">
        <h2 id="why-asked-title">The same from a script</h2>
        <AsCommands change={asked(live.value, question, explanation)} />
      </section>
    </>
  );
}

function Verdict({ question, explanation }: { question: Question; explanation: Explanation }) {
  const { decision, mode, summary, processes, client_version, identified, build, honoured, code, generation } = explanation;
  const isForbidden = decision === "forbidden";
  const kind = !isForbidden ? "note-good" : mode === "audit" ? "note-warn" : "note-error";
  return (
    <section class={`note ${kind} why-verdict`} aria-labelledby="why-title">
      <h2 id="why-title">{visible(titleOf(question))}</h2>
      <p id="why-summary">
        <strong>{isForbidden ? "Forbidden now." : "Permitted now."}</strong> <Said text={summary} />
      </p>
      {isForbidden && mode === "audit" && <p>The policy is in audit mode: this is written down, and nobody is cut off.</p>}
      {!identified && <p>It names no program, so that no list of programs can reach it.</p>}
      <dl class="pairs why-facts">
        <div>
          <dt>Programs</dt>
          <dd>{processes.map(visible).join(", ") || "none"}</dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>{client_version}</dd>
        </div>
        <div>
          <dt>Policy</dt>
          <dd>
            policy {generation}, {mode === "audit" ? "audit" : "enforced"}
          </dd>
        </div>
        <div>
          <dt>Build {build} reads</dt>
          <dd>{readsOf(honoured)}</dd>
        </div>
        {code && (
          <div>
            <dt>Answered with</dt>
            <dd>
              {code.name} ({code.value})
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

function readsOf({ processes, versions }: Explanation["honoured"]): string {
  if (processes && versions) return "both lists";
  if (processes) return "the list of programs alone";
  return versions ? "the list of versions alone: the hotfix is not there" : "neither list";
}

function ThenAndNow({ recorded, explanation }: { recorded: Decision; explanation: Explanation }) {
  const isBlocked = explanation.decision === "forbidden";
  return (
    <div class="columns">
      <section class="card" aria-labelledby="why-then-title">
        <h2 id="why-then-title">
          Then: <a href={href("why", { decision: recorded.id })}>decision {recorded.id}</a> <ActionBadge action={recorded.action} />
        </h2>
        <p>
          <Said text={recorded.summary} />
        </p>
        <dl class="pairs">
          <dt>When</dt>
          <dd>{dateTime(recorded.at)}</dd>
          <dt>About</dt>
          <dd>{TRIGGERS[recorded.trigger]}</dd>
          <dt>Caused by</dt>
          <dd>
            <Cause cause={recorded.cause} />, <a href={href(`events/${recorded.id}`)}>entry {recorded.id}</a>
          </dd>
          {recorded.session != null && (
            <>
              <dt>Session</dt>
              <dd>
                <a href={href(`sessions/${recorded.session}`)}>{recorded.session}</a>
              </dd>
            </>
          )}
          {recorded.client_id != null && (
            <>
              <dt>Client</dt>
              <dd>
                <a href={href("why", { client: recorded.client_id })}>{recorded.client_id}</a>
              </dd>
            </>
          )}
          <dt>Policy</dt>
          <dd>{recorded.generation == null ? "the journal does not say" : `policy ${recorded.generation}`}</dd>
          {recorded.refusal != null && (
            <>
              <dt>Refused by</dt>
              <dd>{recorded.refusal.replaceAll("_", " ")}</dd>
            </>
          )}
          {recorded.code && (
            <>
              <dt>Answered with</dt>
              <dd>
                {recorded.code.name} ({recorded.code.value})
              </dd>
            </>
          )}
        </dl>
      </section>
      <section class="card" aria-labelledby="why-now-title">
        <h2 id="why-now-title">
          Now: <span class={`badge ${isBlocked ? "badge-bad" : "badge-good"}`}>{isBlocked ? "Forbidden" : "Permitted"}</span>
        </h2>
        <p id="why-differs">{differs(recorded, isBlocked)}</p>
        {explanation.matched ? (
          <p>
            <code>{visible(explanation.matched.matched)}</code> matches item {explanation.matched.ordinal},{" "}
            <code>{visible(explanation.matched.item)}</code>, of {VALUE_NAMES[explanation.matched.list]}.
          </p>
        ) : (
          <p>No item of policy {explanation.generation} matches.</p>
        )}
      </section>
    </div>
  );
}

/** Whether it would be decided so again. */
function differs({ action, refusal }: Decision, isBlocked: boolean): string {
  const others = refusal != null && refusal !== "policy";
  if (others) return `The policy had no part in it: it was refused for another reason, ${refusal.replaceAll("_", " ")}.`;
  const wasBlocked = action !== "admitted";
  if (wasBlocked === isBlocked) return "It would be decided alike now.";
  return "It would be decided otherwise now: the policy, its mode or the build has changed since.";
}

const TRIGGERS: Record<Decision["trigger"], string> = {
  connect: "a connect",
  late_name: "a name that came late",
  policy_change: "a change of the policy",
  mode_change: "a change of its mode",
};

const ITEM_COLUMNS: Column<ExplainedItem>[] = [
  { key: "outcome", title: "Outcome", cell: (item) => <Outcome item={item} /> },
  { key: "list", title: "List", cell: ({ list }) => list },
  { key: "ordinal", title: "Item", cell: ({ ordinal }) => ordinal, align: "end" },
  { key: "item", title: "As written", cell: ({ item }) => <code>{visible(item)}</code> },
  { key: "span", title: "Column", cell: ({ span }) => span.column, align: "end" },
  { key: "near", title: "What is near", cell: ({ near_miss }) => (near_miss ? <Said text={near_miss.message} /> : "–") },
];

function Outcome({ item }: { item: ExplainedItem }) {
  if (item.matches) return <span class="badge badge-bad">Matches</span>;
  if (item.near_miss) return <span class="badge badge-warn">Near miss</span>;
  return <span class="badge">No match</span>;
}

/** Items, matches first and near misses after them. */
function Items({ explanation }: { explanation: Explanation }) {
  const rank = (item: ExplainedItem) => (item.matches ? 0 : item.near_miss ? 1 : 2);
  const items = explanation.items.toSorted((left, right) => rank(left) - rank(right));
  if (items.length === 0) return <p class="soft">Both lists are empty: the policy is off, and blocks nobody.</p>;
  const [hits, near] = [items.filter(({ matches }) => matches).length, items.filter(({ near_miss }) => near_miss).length];
  return (
    <>
      <p>
        {counted(items.length, "item")}: {counted(hits, "match", "matches")}, {counted(near, "near miss", "near misses")}.
      </p>
      <DataTable
        caption="Items of both lists, held against the client"
        columns={ITEM_COLUMNS}
        rows={items}
        rowKey={({ list, ordinal }) => `${list} ${ordinal}`}
        lines={10}
      />
    </>
  );
}

interface SourceProps {
  title: string;
  generation: number;
  match: Match | null;
}

/** The poll that brought a generation, and what it read. */
function Source({ title, generation, match }: SourceProps) {
  const { path } = live.value;
  const brought = useResource<Page<Generation>>(generation === 0 ? null : `${path}/policy/generations?after=${generation - 1}&limit=1`);
  const one = brought.body?.items.find((item) => item.generation === generation);
  const number = one ? pollOf(one.cause) : null;
  const poll = useResource<Poll>(number !== null ? `${path}/polls/${number}` : null);
  const error = brought.error ?? poll.error;
  if (generation === 0) {
    return (
      <div class="why-source">
        <h3>{title}: policy 0</h3>
        <p class="soft">The empty policy before the first: no text was read yet, or none that blocks anybody.</p>
      </div>
    );
  }
  return (
    <div class="why-source">
      <h3>
        {title}: policy {generation}
        {one && (
          <>
            , by <Cause cause={one.cause} /> at {dateTime(one.at)}
          </>
        )}
      </h3>
      {error !== null && <ProblemNote error={error} />}
      {brought.body && !one && <p class="soft">It is so long ago that it is forgotten which poll brought it.</p>}
      {poll.body?.reads.map((read) => (
        <div key={read.list} class="why-read">
          <p>
            <strong>{VALUE_NAMES[read.list]}</strong> {read.reading !== "text" && <span class="badge">{read.reading.replaceAll("_", " ")}</span>}
            {read.error != null && ` ${visible(read.error)}`}
          </p>
          {read.data != null && <ListText text={read.data} span={match?.list === read.list ? match.span : null} />}
        </div>
      ))}
      {poll.body && 0 < poll.body.faults.length && <FaultLinks words="Disturbed by" faults={poll.body.faults} />}
    </div>
  );
}

function FaultsInPlay({ faults }: { faults: number[] }) {
  return (
    <section class="card" aria-labelledby="why-faults-title">
      <h2 id="why-faults-title">Fault rules in play</h2>
      {faults.length === 0 ? (
        <p class="soft">None: what was sent is what came, and what was read is what was written.</p>
      ) : (
        <FaultLinks words="What was sent or read may have been disturbed by" faults={faults} />
      )}
    </section>
  );
}

function FaultLinks({ words, faults }: { words: string; faults: number[] }) {
  return (
    <p>
      {words}{" "}
      {faults.map((fault, place) => (
        <span key={fault}>
          {0 < place && ", "}
          <a href={href(`faults/${fault}`)}>fault rule {fault}</a>
        </span>
      ))}
      .
    </p>
  );
}
