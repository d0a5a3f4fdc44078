// What was sent on the wire for a decision: the bind, the connect with its auxiliary blocks, and the answer.
import { useEffect, useState } from "preact/hooks";

import { RequestError, request } from "../api/request";
import type { Decision, Packet, Packets } from "../api/types";
import { live } from "../model/current";
import { timeKey } from "../model/filter";
import { href } from "../router";
import { ProblemNote } from "../ui/problem";
import { PacketBody } from "../ui/transcript";

/** PDUs that are read at a time. */
const PAGE = 1000;

/** PDUs that are shown at the most: who a client is comes with the first few. */
const MOST = 8;

export function OnTheWire({ decision, names }: { decision: Decision; names: string[] }) {
  const { path } = live.value;
  const { session, client_id } = decision;
  const list =
    session != null ? `${path}/sessions/${session}/transcript` : client_id != null ? `${path}/transcript?client=${client_id}` : null;
  const [found, setFound] = useState<Telling | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    setFound(null);
    setError(null);
    if (list === null) return undefined;
    const reading = new AbortController();
    readTelling(list, decision.at, reading.signal).then(
      (read) => {
        if (!reading.signal.aborted) setFound(read);
      },
      (failure) => {
        if (reading.signal.aborted) return;
        // Nothing of it is kept.
        if (failure instanceof RequestError && failure.status === 404) setFound(new Telling(decision.at));
        else setError(failure);
      },
    );
    return () => reading.abort();
  }, [list, decision.at]);
  const packets = found?.packets;
  return (
    <section class="card" aria-labelledby="why-wire-title">
      <h2 id="why-wire-title">On the wire</h2>
      {list === null && <p class="soft">A foreign client that was refused has no session: the transcript of all connections has it, as long as it is kept.</p>}
      {error !== null && <ProblemNote error={error} />}
      {found && packets?.length === 0 && (
        <p class="soft">
          {found.looked === 0
            ? "Nothing of it is kept any more."
            : `The connect that was decided on is not kept: ${found.dropped === 0 ? "what there is came later." : "it has left the transcript."}`}
        </p>
      )}
      {found && session == null && 1 < found.alike && (
        <p class="hint">The client connected {found.alike} times at this very instant of store time. This is the last of them.</p>
      )}
      {packets?.map((packet) => (
        <details key={packet.id} class="packet" open={isConnect(packet)}>
          <summary>
            <span class="packet-way">{packet.direction === "received" ? "client → store" : "store → client"}</span>{" "}
            <strong>{packet.operation ?? packet.type}</strong> {packet.operation && <span class="soft">{packet.type}</span>}
          </summary>
          <PacketBody path={list ?? ""} packet={packet} names={names} isOpen={isConnect(packet)} />
        </details>
      ))}
      {session != null && (
        <p>
          <a href={href(`sessions/${session}`)}>All that session {session} sent and was sent</a>
        </p>
      )}
    </section>
  );
}

function isConnect({ type, operation }: Packet): boolean {
  return type === "request" && (operation?.startsWith("EcDoConnect") ?? false);
}

/** Looks through a transcript, page by page, for the PDUs that tell who a client is at a decision. */
export class Telling {
  /** How many PDUs were looked at, and how many reads and writes had left the transcript. */
  looked = 0;
  dropped = 0;
  /** Connects at the instant of the last one. */
  alike = 0;
  private readonly until: string;
  private readonly binds = new Map<number, Packet>();
  private connect: Packet | null = null;
  private answer: Packet | null = null;
  private late: Packet[] = [];
  private isPast = false;

  constructor(until: string) {
    this.until = timeKey(until) ?? until;
  }

  add(packets: readonly Packet[]): void {
    this.looked += packets.length;
    for (const packet of packets) {
      const at = timeKey(packet.at) ?? packet.at;
      if (at <= this.until) this.before(packet, at);
      else this.isPast = true;
      const { connect } = this;
      const isAnswer = connect && packet.connection === connect.connection && packet.direction === "sent" && packet.call_id === connect.call_id;
      if (isAnswer && packet.type !== "request") this.answer ??= packet;
    }
  }

  /** Whether nothing that may still come is of it. */
  get isOver(): boolean {
    return this.isPast && (this.connect === null || this.answer !== null);
  }

  /** Its bind, its last connect up to the decision with the answer, and names that came late; none without a connect. */
  get packets(): Packet[] {
    const { connect } = this;
    if (connect === null) return [];
    const told = [this.binds.get(connect.connection), connect, this.answer, ...this.late];
    return told.flatMap((packet) => packet ?? []).slice(0, MOST);
  }

  private before(packet: Packet, at: string): void {
    if (packet.type === "bind" && packet.connection !== this.connect?.connection) this.binds.set(packet.connection, packet);
    if (packet.type !== "request") return;
    if (isConnect(packet)) {
      const isAlike = this.connect !== null && (timeKey(this.connect.at) ?? this.connect.at) === at;
      this.alike = isAlike ? this.alike + 1 : 1;
      [this.connect, this.answer, this.late] = [packet, null, []];
    } else if (packet.connection === this.connect?.connection && JSON.stringify(packet.decoded ?? null).includes('"ProcessName"')) {
      this.late.push(packet);
    }
  }
}

/** Reads a list of PDUs until all that tells of a decision at an instant is found. */
export async function readTelling(list: string, until: string, signal: AbortSignal): Promise<Telling> {
  const telling = new Telling(until);
  const asked = new URL(list, location.origin);
  asked.searchParams.set("limit", String(PAGE));
  for (;;) {
    const { body } = await request<Packets>(asked.pathname + asked.search, { signal });
    telling.add(body.items);
    telling.dropped = body.dropped;
    if (telling.isOver || body.next == null) return telling;
    asked.searchParams.set("after", String(body.next));
  }
}
