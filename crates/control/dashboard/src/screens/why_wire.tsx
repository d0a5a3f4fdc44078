// What was sent on the wire for a decision: the bind, the connect with its auxiliary blocks, and the answer.
import { useEffect, useState } from "preact/hooks";

import { RequestError, request } from "../api/request";
import type { Decision, Packet, Packets } from "../api/types";
import { live } from "../model/current";
import { href } from "../router";
import { ProblemNote } from "../ui/problem";
import { PacketBody } from "../ui/transcript";

/** PDUs that are looked through. */
const LOOKED_AT = 300;

export function OnTheWire({ decision, names }: { decision: Decision; names: string[] }) {
  const { path } = live.value;
  const { session, client_id } = decision;
  const list =
    session != null ? `${path}/sessions/${session}/transcript` : client_id != null ? `${path}/transcript?client=${client_id}` : null;
  const [packets, setPackets] = useState<Packet[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    setPackets(null);
    setError(null);
    if (list === null) return undefined;
    const reading = new AbortController();
    const asked = `${list}${list.includes("?") ? "&" : "?"}hex=true&limit=${LOOKED_AT}`;
    request<Packets>(asked, { signal: reading.signal }).then(
      ({ body }) => setPackets(telling(body.items, decision.at)),
      (failure) => {
        if (reading.signal.aborted) return;
        // Nothing of it is kept.
        if (failure instanceof RequestError && failure.status === 404) setPackets([]);
        else setError(failure);
      },
    );
    return () => reading.abort();
  }, [list, decision.at]);
  return (
    <section class="card" aria-labelledby="why-wire-title">
      <h2 id="why-wire-title">On the wire</h2>
      {list === null && <p class="soft">A foreign client that was refused has no session: the transcript of all connections has it, as long as it is kept.</p>}
      {error !== null && <ProblemNote error={error} />}
      {packets?.length === 0 && <p class="soft">Nothing of it is kept any more.</p>}
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

/** The PDUs that tell who a client is: its bind, its last connect up to a time with the answer, and names that came late. */
export function telling(packets: Packet[], until: string): Packet[] {
  const connect = packets.findLast((packet) => isConnect(packet) && packet.at <= until) ?? packets.find(isConnect);
  const tells = (packet: Packet) => {
    if (packet === connect) return true;
    if (connect && packet.connection === connect.connection) {
      if (packet.type === "bind") return true;
      if (packet.type !== "request" && packet.direction === "sent" && packet.call_id === connect.call_id) return true;
    }
    return packet.type === "request" && !isConnect(packet) && JSON.stringify(packet.decoded ?? null).includes('"ProcessName"');
  };
  return packets.filter(tells).slice(0, 8);
}
