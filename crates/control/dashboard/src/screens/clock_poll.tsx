// One poll: what it read, what was wrong with that, and what came of it.
import type { Generation, Lint, Page, Poll } from "../api/types";
import { VALUE_NAMES } from "../model/block_lists";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { stretches } from "../model/spans";
import { counted } from "../model/text";
import { dateTime } from "../model/time";
import { visible } from "../model/visible";
import { href } from "../router";
import { policyHref } from "../ui/cause";
import { ProblemNote } from "../ui/problem";
import { Said } from "../ui/said";
import { type Read, READINGS, tookOf } from "./clock_ledger";

/** What the server says of a poll whose values are not in. */
type Answer = Poll | { number: number; finished?: null };

const TRIGGERS: Record<string, string> = {
  start: "the service started",
  tick: "it was due",
  request: "somebody asked for it",
};

export function PollDetail({ number }: { number: number }) {
  const store = live.value;
  const read = useResource<Answer>(`${store.path}/polls/${number}`, ({ type, cause }) =>
    cause === `poll:${number}` && (type.startsWith("poll.") || type === "enforcement.completed"),
  );
  const poll = read.body;
  // The policy that a poll brought is the one in force after it.
  const brought = poll && isOver(poll) && poll.changed ? poll.generation : null;
  const generations = useResource<Page<Generation>>(
    brought === null ? null : `${store.path}/policy/generations?after=${brought - 1}&limit=1`,
    /^(policy\.changed|enforcement\.completed)$/,
  );
  return (
    <section class="card clock-poll" id="clock-poll" aria-labelledby="clock-poll-title">
      <div class="heading">
        <h2 id="clock-poll-title">Poll {number}</h2>
        <div class="heading-side">
          <a class="button" href={href("clock")}>
            Close
          </a>
        </div>
      </div>
      {read.error !== null && <ProblemNote error={read.error} onRetry={read.reload} />}
      {poll && !isOver(poll) && (
        <p class="note note-warn">
          Poll {number} is held: a fault holds its values back, and it ends when store time gets there. Until then the policy before it stays in force.
        </p>
      )}
      {poll && isOver(poll) && <Over poll={poll} change={generations.body?.items.find(({ cause }) => cause === `poll:${number}`) ?? null} />}
    </section>
  );
}

function isOver(poll: Answer): poll is Poll {
  return "reads" in poll;
}

function Over({ poll, change }: { poll: Poll; change: Generation | null }) {
  const { trigger, due, started, faults, generation, changed, disconnected, would_block } = poll;
  return (
    <>
      <dl class="pairs">
        <dt>Trigger</dt>
        <dd>
          {trigger}: {TRIGGERS[trigger] ?? trigger}
        </dd>
        <dt>Due</dt>
        <dd>{dateTime(due)}</dd>
        <dt>Started</dt>
        <dd>
          {dateTime(started)}, and took {tookOf(poll)}
        </dd>
        <dt>Faults</dt>
        <dd>
          {faults.length === 0
            ? "none"
            : faults.map((fault) => (
                <a key={fault} class="clock-fault" href={href(`faults/${fault}`)}>
                  Fault {fault}
                </a>
              ))}
        </dd>
        <dt>What changed</dt>
        <dd id="clock-poll-changed">{changed ? <Changed change={change} /> : "nothing"}</dd>
        <dt>Policy after it</dt>
        <dd>
          <a href={policyHref(generation)}>Policy {generation}</a>
        </dd>
        <dt>Sessions</dt>
        <dd>
          {counted(disconnected, "session")} cut off{0 < would_block && `; ${counted(would_block, "session")} would be, had it been enforced`}
        </dd>
      </dl>
      {poll.reads.map((read) => (
        <ListRead key={read.list} read={read} />
      ))}
    </>
  );
}

function Changed({ change }: { change: Generation | null }) {
  if (!change) return <>another policy; what was different has left the journal</>;
  const { processes, versions } = change;
  return (
    <ul class="clock-changes">
      <Items word="added" list="processes" items={processes.added} />
      <Items word="removed" list="processes" items={processes.removed} />
      <Items word="added" list="versions" items={versions.added} />
      <Items word="removed" list="versions" items={versions.removed} />
    </ul>
  );
}

function Items({ word, list, items }: { word: "added" | "removed"; list: string; items: string[] }) {
  return (
    <>
      {items.map((item, place) => (
        // A list may have an item twice.
        <li key={place}>
          <span aria-hidden="true">{word === "added" ? "+" : "−"}</span> <code>{visible(item)}</code> {word} ({list})
        </li>
      ))}
    </>
  );
}

function ListRead({ read }: { read: Read }) {
  const { list, reading, data, error, lints } = read;
  return (
    <section class="clock-read" aria-labelledby={`clock-read-${list}`}>
      <h3 id={`clock-read-${list}`}>{VALUE_NAMES[list]}</h3>
      {data == null ? (
        <p>
          {READINGS[reading]}
          {error != null && `: ${visible(error)}`}.
        </p>
      ) : (
        <MarkedText text={data} lints={lints} label={VALUE_NAMES[list]} />
      )}
      {0 < lints.length && (
        <ol class="lints">
          {lints.map((lint, place) => (
            <li key={place} data-lint={lint.code}>
              <span class={`badge ${BADGES[lint.severity] ?? ""}`}>{lint.severity}</span> <Said text={lint.message} />
              {lint.hint && <span class="hint">
                  {" "}
                  <Said text={lint.hint} />.
                </span>}
            </li>
          ))}
        </ol>
      )}
      {data != null && lints.length === 0 && <p class="hint">There is nothing to say about it.</p>}
    </section>
  );
}

const BADGES: Record<string, string> = { error: "badge-bad", warning: "badge-warn" };

/** A text with the stretches underlined that lints are about, and each lint's number behind its last. */
function MarkedText({ text, lints, label }: { text: string; lints: Lint[]; label: string }) {
  const cut = stretches(text, lints.map(({ span }) => span));
  const last = (number: number) => cut.findLastIndex(({ spans }) => spans.includes(number));
  return (
    <pre class="excerpt marked" tabIndex={0} aria-label={`${label}, as it was read`}>
      {text === "" && <span class="soft">an empty text</span>}
      {cut.map(({ text, spans }, place) => {
        if (spans.length === 0) return visible(text);
        const numbers = spans.filter((number) => last(number) === place);
        return (
          <>
            <mark key={place} class={`mark-${worst(spans.map((number) => lints[number]?.severity ?? "info"))}`}>
              {text === "" ? "▵" : visible(text)}
            </mark>
            {0 < numbers.length && <sup>{numbers.map((number) => number + 1).join(",")}</sup>}
          </>
        );
      })}
    </pre>
  );
}

function worst(severities: string[]): string {
  return ["error", "warning"].find((severity) => severities.includes(severity)) ?? "info";
}
