import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Packet } from "../src/api/types";
import { withoutPage } from "./hooks";

withoutPage();
const { Telling, readTelling } = await import("../src/screens/why_wire");

let id = 0;
const packet = (connection: number, at: string, type: string, fields: Partial<Packet> = {}): Packet => {
  id += 1;
  const direction = type === "response" || type === "bind_ack" ? "sent" : "received";
  return { id, connection, at: `2006-04-22T${at}Z`, type, direction, call_id: 2, operation: null, decoded: null, ...fields } as unknown as Packet;
};
const connect = (connection: number, at: string, fields: Partial<Packet> = {}) => packet(connection, at, "request", { operation: "EcDoConnectEx", ...fields });
/** A connection whose connect is answered. */
const dialogue = (connection: number, at: string) => [
  packet(connection, at, "bind", { call_id: 1 }),
  connect(connection, at),
  packet(connection, at, "response", { operation: "EcDoConnectEx" }),
];
const named = (connection: number, at: string) =>
  packet(connection, at, "request", { operation: "EcRRegisterPushNotification", call_id: 3, decoded: { ProcessName: "beta.exe" } as never });

const AT = "2006-04-22T08:00:00Z";
const told = (packets: Packet[], until = AT) => {
  const telling = new Telling(until);
  telling.add(packets);
  return telling.packets.map(({ connection, type }) => `${connection} ${type}`);
};

beforeEach(() => {
  id = 0;
});

describe("what was sent for a decision", () => {
  test("is the last connection's bind and connect with its answer", () => {
    const packets = [...dialogue(1, "07:00:00"), ...dialogue(2, "08:00:00"), ...dialogue(3, "09:00:00")];
    expect(told(packets)).toEqual(["2 bind", "2 request", "2 response"]);
  });

  test("is told by times, not by their texts", () => {
    // "08:00:00.5Z" comes before "08:00:00Z" in the alphabet.
    expect(told([...dialogue(1, "08:00:00"), ...dialogue(2, "08:00:00.5")])[0]).toBe("1 bind");
    expect(told([...dialogue(1, "07:59:59.25"), ...dialogue(2, "07:59:59.5")], "2006-04-22T07:59:59.500000Z")[0]).toBe("2 bind");
  });

  test("has names that came late on that connection, and an answer that came after it", () => {
    const answer = packet(2, "08:00:01", "response", { operation: "EcDoConnectEx" });
    const packets = [...dialogue(1, "07:00:00"), named(1, "07:00:00"), packet(2, "07:30:00", "bind"), connect(2, "08:00:00"), answer, named(2, "08:00:02")];
    expect(told(packets)).toEqual(["2 bind", "2 request", "2 response"]);
    expect(told([...dialogue(2, "07:00:00"), named(2, "07:30:00")])).toEqual(["2 bind", "2 request", "2 response", "2 request"]);
  });

  test("is nothing where no connect was before it", () => {
    expect(told(dialogue(1, "09:00:00"))).toEqual([]);
  });

  test("is looked for on every page", async () => {
    const all = [...Array.from({ length: 500 }, () => dialogue(1, "07:00:00")).flat(), ...dialogue(2, "07:59:00"), ...dialogue(3, "08:30:00")];
    const pages: string[] = [];
    vi.stubGlobal("fetch", async (path: string) => {
      pages.push(path);
      const { searchParams } = new URL(path, "http://127.0.0.1");
      const after = Number(searchParams.get("after") ?? 0);
      const items = all.slice(after, after + Number(searchParams.get("limit")));
      const next = after + items.length < all.length ? after + items.length : null;
      return new Response(JSON.stringify({ items, next, dropped: 0 }), { headers: { "content-type": "application/json" } });
    });
    const found = await readTelling("/v1/stores/default/transcript?client=4", AT, new AbortController().signal);
    expect(found.packets.map(({ connection }) => connection)).toEqual([2, 2, 2]);
    expect(pages.length).toBeGreaterThan(1);
    expect(found.dropped).toBe(0);
  });
});
