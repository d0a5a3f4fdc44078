// Clients to inject: what they report, and how many.
import { useState } from "preact/hooks";

import { type NewClients, injectClients } from "../api/changes_sessions";
import { live } from "../model/current";
import { counted } from "../model/text";
import { at } from "../router";
import { Action } from "../ui/action";

export const NOTHING_TOLD: NewClients = {
  process: "",
  client_version: "",
  user: "",
  machine: "",
  mode: "",
  transport: "",
  count: 1,
  group: "",
};

interface TextField {
  key: "client_version" | "user" | "machine" | "group";
  label: string;
  placeholder: string;
}

const TEXTS: TextField[] = [
  { key: "client_version", label: "Version", placeholder: "11.0.5608.0" },
  { key: "user", label: "User", placeholder: "user{n}" },
  { key: "machine", label: "Machine", placeholder: "WKS{n}" },
  { key: "group", label: "Group", placeholder: "none" },
];

export function InjectForm() {
  const [process, setProcess] = useState("mdl.exe");
  const [isNamed, setIsNamed] = useState(true);
  const [rest, setRest] = useState(NOTHING_TOLD);
  const [count, setCount] = useState("1");
  const change = (fields: Partial<NewClients>) => setRest((before) => ({ ...before, ...fields }));
  const number = Number(count);
  const isRight = Number.isInteger(number) && 1 <= number && (!isNamed || process !== "");
  const clients = { ...rest, process: isNamed ? process : null, count: isRight ? number : 1 };
  if (at.value !== null) return null;
  return (
    <details class="card" id="sessions-inject">
      <summary id="sessions-inject-open">Inject clients</summary>
      <div class="inject">
        <div class="field">
          <label for="inject-process">Program</label>
          <input id="inject-process" value={process} disabled={!isNamed} spellcheck={false} onInput={(event) => setProcess(event.currentTarget.value)} />
        </div>
        <label class="inject-check">
          <input id="inject-unnamed" type="checkbox" checked={!isNamed} onChange={(event) => setIsNamed(!event.currentTarget.checked)} /> Names no
          program
        </label>
        {TEXTS.map(({ key, label, placeholder }) => (
          <div class="field" key={key}>
            <label for={`inject-${key}`}>{label}</label>
            <input id={`inject-${key}`} value={rest[key]} placeholder={placeholder} spellcheck={false} onInput={(event) => change({ [key]: event.currentTarget.value })} />
          </div>
        ))}
        <Choice id="inject-mode" label="Mode" value={rest.mode} words={["cached", "classic"]} onChoose={(mode) => change({ mode })} />
        <Choice id="inject-transport" label="Transport" value={rest.transport} words={["pipe", "tcp"]} onChoose={(transport) => change({ transport })} />
        <div class="field">
          <label for="inject-count">How many</label>
          <input id="inject-count" type="number" min={1} value={count} onInput={(event) => setCount(event.currentTarget.value)} />
        </div>
      </div>
      <p class="hint">
        What is empty is as the pale text says; <code>{"{n}"}</code> stands for the client's number. A version below 11 has no place for a name.
      </p>
      <div>
        <Action id="inject-add" kind="primary" disabled={!isRight} change={injectClients(live.value, clients)} onDone={({ body }) => toldOf(body)} />
      </div>
    </details>
  );
}

interface ChoiceProps {
  id: string;
  label: string;
  value: string;
  words: string[];
  onChoose: (word: string) => void;
}

/** A word out of a list, of which the first is what the server takes unless told. */
function Choice({ id, label, value, words, onChoose }: ChoiceProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value || words[0]} onChange={(event) => onChoose(event.currentTarget.value)}>
        {words.map((word) => (
          <option key={word}>{word}</option>
        ))}
      </select>
    </div>
  );
}

interface Told {
  state: string;
  outcome?: string | null;
}

/** What became of clients: how many are connected, and what the others were told. */
function toldOf(body: unknown): string {
  const clients = (body as { items?: Told[] }).items ?? [body as Told];
  const connected = clients.filter(({ state }) => state === "connected").length;
  const others = new Set(clients.filter(({ state }) => state !== "connected").map(({ state, outcome }) => outcome ?? state));
  const all = counted(connected, "client is connected", "clients are connected");
  return others.size === 0 ? all : `${all}; ${clients.length - connected}: ${[...others].join(", ")}`;
}
