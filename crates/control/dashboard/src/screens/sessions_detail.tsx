// All of one session: who it is, what was decided on it, what it did on the wire, and how it ended.
import { useEffect, useRef, useState } from "preact/hooks";

import {
  connectClient,
  deleteClient,
  disconnectClient,
  disconnectSession,
  notifySession,
  renameClient,
} from "../api/changes_sessions";
import type { Client, Decisions, Event, Events, Notification, Page, Session, SessionFields } from "../api/types";
import { visible } from "../model/visible";
import { live } from "../model/current";
import { type SessionRow, UNNAMED } from "../model/live";
import { useResource } from "../model/resource";
import { counted } from "../model/text";
import { dateTime } from "../model/time";
import { at, href } from "../router";
import { Action } from "../ui/action";
import { Cause } from "../ui/cause";
import { ProblemNote } from "../ui/problem";
import { Said } from "../ui/said";
import { Transcript } from "../ui/transcript";

interface DetailProps {
  id: number;
  row: SessionRow | null;
  closeHref: string;
}

export function SessionDetail({ id, row, closeHref }: DetailProps) {
  const { path } = live.value;
  const when = at.value === null ? "" : `?at=${encodeURIComponent(at.value)}`;
  const isMine = (event: Event) => "session" in event && event.session === id;
  // Which policy a session was judged under last is told of all of them at once.
  const changesIt = (event: Event) => isMine(event) || event.type === "enforcement.completed";
  // What is not in the table is not asked for: the journal says what became of it.
  const session = useResource<Session>(row ? `${path}/sessions/${id}${when}` : null, changesIt);
  const events = useResource<Events>(`${path}/events?limit=1000&type=${TOLD}&q=session:${id}`, isMine);
  const known = session.body ?? row ?? told(events.body);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Whoever opened it is there; a page that begins with it open stays at its top.
    if (document.activeElement?.closest(".table-box")) head.current?.focus();
  }, []);
  // Until the list is there nobody knows whether it is in it.
  const isGone = row === null && (at.value !== null || live.value.loading.value !== "loading");
  const isKnown = row !== null || 0 < (events.body?.items.length ?? 0);
  return (
    <section class="card session" aria-labelledby="session-title">
      <div class="heading">
        <h2 id="session-title" ref={head} tabIndex={-1}>
          Session {id}
          {known && <span class="soft"> {known.process == null ? UNNAMED : visible(known.process)}</span>}
        </h2>
        <div class="heading-side">
          {session.body && at.value === null && <SessionActions id={id} />}
          <a class="button" id="session-close" href={closeHref}>
            Close
          </a>
        </div>
      </div>
      {session.error !== null && <ProblemNote error={session.error} onRetry={session.reload} />}
      {isGone && <Ending id={id} events={events.body?.items ?? null} />}
      {known && <Fields session={known} />}
      <p class="row">
        <a href={href("why", { session: id })} id="session-why">
          Why may it stay, or why not?
        </a>
        <a href={href("events", { q: `session:${id}` })}>Its entries in the journal</a>
        {known?.group && <a href={href("sessions", { q: `group:"${known.group.replace(/["\\]/g, "\\$&")}"` })}>Sessions of its group</a>}
      </p>
      {known?.client_id != null && at.value === null && <ClientPart id={known.client_id} />}
      {isKnown && (
        <>
          <DecisionList id={id} />
          <h3>On the wire</h3>
          <Transcript path={`${path}/sessions/${id}/transcript`} names={known?.processes ?? []} turn={events.cursor} />
        </>
      )}
    </section>
  );
}

/** Entries that say who a session was and how it ended: there are few of them, however long it lasted. */
const TOLD = "session.connected,session.identified,session.disconnected,session.ended";

/** What the journal says of a session that is gone. */
function told(events: Events | null): (SessionFields & { connected_at?: string }) | null {
  const found = events?.items.findLast((event) => "client_version" in event) as (SessionFields & Event) | undefined;
  const connected = events?.items.find((event) => event.type === "session.connected");
  return found ? { ...found, ...(connected ? { connected_at: connected.at } : {}) } : null;
}

function Ending({ id, events }: { id: number; events: Event[] | null }) {
  if (events === null) return <p class="soft">Asking the journal how it ended…</p>;
  const ended = events.findLast((event) => event.type === "session.ended");
  const cut = events.findLast((event) => event.type === "session.disconnected");
  if (!ended) {
    const first = events.length === 0;
    return (
      <p class="note note-warn">
        There is no session {id} now{first ? ", and the journal has no entry of one: it never was, or they have left the journal." : "."}
      </p>
    );
  }
  const decision = cut?.decision;
  return (
    <div class="note note-warn session-ending">
      <p>
        <strong>
          It ended at {dateTime(ended.at)}: {ENDINGS[ended.reason] ?? ended.reason}.
        </strong>
      </p>
      {decision && (
        <p>
          <code>{visible(decision.matched)}</code> is item {decision.ordinal}, <code>{visible(decision.item)}</code>, of the list of{" "}
          {decision.list}. <a href={href("why", { decision: cut.seq })}>Why?</a>
        </p>
      )}
      <p>
        {cut && (
          <>
            A call after that is answered with {cut.code.name ?? cut.code.value} ({cut.code.value}).{" "}
          </>
        )}
        Caused by <Cause cause={ended.cause} />, <a href={href(`events/${ended.seq}`)}>entry {ended.seq}</a> of the journal.
      </p>
    </div>
  );
}

const ENDINGS: Record<string, string> = {
  policy: "the policy cut it off",
  admin: "somebody disconnected it",
  limit: "a limit of the store was reached",
  shutdown: "the server was shut down",
  restart: "the service was restarted",
  client: "the client left",
  transport: "the connection broke",
};

type Known = SessionFields & Partial<Pick<Session, "address" | "interface" | "linked_to" | "connected_at">>;

function Fields({ session }: { session: Known | SessionRow }) {
  const whole: Known = session;
  const programs = whole.processes.map(visible).join(", ");
  const pairs: [string, string | number | null | undefined][] = [
    ["Programs", programs || "none: no list of programs can reach it"],
    ["Version", whole.client_version],
    ["User", visible(whole.user_dn) || "–"],
    ["Proved to be", whole.user == null ? "nobody: it is anonymous" : visible(whole.user)],
    ["Machine", whole.machine == null ? "it did not say" : visible(whole.machine)],
    ["Mode", whole.mode],
    ["Origin", whole.client_id == null ? "foreign" : `injected client ${whole.client_id}`],
    ["Transport", whole.address == null ? whole.transport : `${whole.transport}, ${whole.address}`],
    ["Opened", whole.connected_at === undefined ? undefined : dateTime(whole.connected_at)],
    ["By", whole.interface],
    ["Linked to", whole.linked_to],
    ["Judged under", whole.generation == null ? undefined : `policy ${whole.generation}`],
    ["Group", whole.group == null ? undefined : visible(whole.group)],
  ];
  return (
    <dl class="pairs session-fields">
      {pairs
        .filter(([, value]) => value != null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function SessionActions({ id }: { id: number }) {
  return (
    <>
      <Action<Notification>
        id="session-notify"
        change={notifySession(live.value, id, "IPM.Note")}
        onDone={({ body }) => `New mail: ${counted(body.told, "registration")} told; datagram ${body.push.replaceAll("_", " ")}`}
      >
        Notify of new mail
      </Action>
      <Action id="session-disconnect" kind="danger" change={disconnectSession(live.value, id)}>
        Disconnect
      </Action>
    </>
  );
}

function ClientPart({ id }: { id: number }) {
  const store = live.value;
  const client = useResource<Page<Client>>(`${store.path}/clients?q=client:${id}`, (event) => "client_id" in event && event.client_id === id);
  const [name, setName] = useState<string | null>(null);
  const known = client.body?.items[0];
  if (client.body && !known) return <p class="soft">The injected client {id} is deleted.</p>;
  if (client.error !== null) return <ProblemNote error={client.error} onRetry={client.reload} />;
  if (!known) return null;
  const { state, outcome, process, attempts } = known;
  const wanted = name ?? process ?? "";
  const renamed = (answer: { body: unknown }) => {
    client.reload();
    return `Client ${id} is ${(answer.body as Client).state}`;
  };
  return (
    <section class="session-client" aria-labelledby="client-title">
      <h3 id="client-title">Injected client {id}</h3>
      <p>
        It is <strong>{state}</strong>
        {outcome != null && (
          <>
            {" "}
            (<code>{visible(outcome)}</code>)
          </>
        )}
        , and began to connect {attempts === 1 ? "once" : counted(attempts, "time")}. <a href={href("why", { client: id })}>Why?</a>{" "}
        <a href={href("sessions", { q: `client:${id}` })}>Its sessions</a>
      </p>
      <div class="row row-end">
        <Action id="client-connect" change={connectClient(store, id)} onDone={renamed}>
          Connect
        </Action>
        <Action id="client-disconnect" change={disconnectClient(store, id)} onDone={renamed}>
          Have it hang up
        </Action>
        <div class="field">
          <label for="client-name">Program it reports</label>
          <input id="client-name" value={wanted} placeholder="none" spellcheck={false} onInput={(event) => setName(event.currentTarget.value)} />
        </div>
        <Action id="client-rename" change={renameClient(store, id, wanted === "" ? null : wanted)} disabled={wanted === (process ?? "")} onDone={renamed}>
          Rename and connect again
        </Action>
        <Action id="client-delete" kind="danger" change={deleteClient(store, id)} confirm={`Delete client ${id}?`} onDone={() => client.reload()}>
          Delete
        </Action>
      </div>
    </section>
  );
}

function DecisionList({ id }: { id: number }) {
  const { body, error, reload } = useResource<Decisions>(
    `${live.value.path}/decisions?limit=1000&q=session:${id}`,
    (event) => "session" in event && event.session === id,
  );
  if (error !== null) return <ProblemNote error={error} onRetry={reload} />;
  if (!body) return null;
  return (
    <>
      <h3>Decisions</h3>
      {body.items.length === 0 ? (
        <p class="soft">The journal has none of it any more.</p>
      ) : (
        <ul class="decisions">
          {body.items.map((one) => (
            <li key={one.id}>
              <a href={href("why", { decision: one.id })}>Decision {one.id}</a> <span class="soft">{dateTime(one.at)}</span> <Said text={one.summary} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
