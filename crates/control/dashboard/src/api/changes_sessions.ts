// What is done to sessions and to injected clients.
import type { Change } from "./change";
import type { Of } from "./changes";
import { step } from "./toml";

export interface NewClients {
  /** Null for clients that name no program. */
  process: string | null;
  client_version: string;
  user: string;
  machine: string;
  mode: string;
  transport: string;
  count: number;
  group: string;
}

/** Injects clients; what is left empty is left to the server. */
export function injectClients({ path }: Of, clients: NewClients): Change {
  const { process, client_version, user, machine, mode, transport, count, group } = clients;
  const said = { client_version, user, machine, mode, transport, group };
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== ""));
  const many = count === 1 ? {} : { count };
  const name = programFlag(process);
  const flags = Object.entries(given).flatMap(([field, value]) => flag(field.replaceAll("_", "-"), value));
  return {
    label: count === 1 ? "Inject a client" : `Inject ${count} clients`,
    method: "POST",
    path: `${path}/clients`,
    body: { process, ...given, ...many },
    cli: ["client", "add", ...name, ...flags, ...(count === 1 ? [] : ["--count", String(count)])],
    step: step("They connect.", "inject", [{ process, ...given, ...many }]),
  };
}

export function disconnectSession({ path }: Of, id: number): Change {
  return {
    label: `Disconnect session ${id}`,
    method: "DELETE",
    path: `${path}/sessions/${id}`,
    cli: ["session", "disconnect", String(id)],
  };
}

export function notifySession({ path }: Of, id: number, messageClass: string): Change {
  return {
    label: `New mail for session ${id}`,
    method: "POST",
    path: `${path}/sessions/${id}/notifications`,
    body: { message_class: messageClass },
    cli: ["session", "notify", String(id), ...flag("message-class", messageClass)],
  };
}

export function connectClient({ path }: Of, id: number): Change {
  return { label: `Connect client ${id}`, method: "POST", path: `${path}/clients/${id}/connect`, cli: ["client", "connect", String(id)] };
}

export function disconnectClient({ path }: Of, id: number): Change {
  return {
    label: `Have client ${id} hang up`,
    method: "POST",
    path: `${path}/clients/${id}/disconnect`,
    cli: ["client", "disconnect", String(id)],
  };
}

export function deleteClient({ path }: Of, id: number): Change {
  return { label: `Delete client ${id}`, method: "DELETE", path: `${path}/clients/${id}`, cli: ["client", "delete", String(id)] };
}

/** Has a client report another program, or none. One that is connected connects again. */
export function renameClient({ path }: Of, id: number, process: string | null): Change {
  return {
    label: process === null ? `Client ${id} names no program` : `Client ${id} is ${process}`,
    method: "PATCH",
    path: `${path}/clients/${id}`,
    body: { process },
    cli: ["client", "change", String(id), ...programFlag(process)],
  };
}

/** A flag of the command line; a value that looks like one is tied to it. */
export function flag(name: string, value: string): string[] {
  return value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value];
}

export function programFlag(process: string | null): string[] {
  return process === null ? ["--no-process"] : flag("process", process);
}
