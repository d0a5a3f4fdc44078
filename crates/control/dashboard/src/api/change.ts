// A change of the store, as the page sends it, and as curl and the command line would.
import { visibleJson } from "../model/visible";
import { type Answered, request } from "./request";

/** A command of `exstore`. */
export interface Command {
  /** Its words, without those that name the server and the store; null where there is no such command. */
  cli: string[] | null;
  /** Words that come last and are no flags, whatever they begin with. */
  rest?: string[];
  /** Whether it is about another store than the server's unless it is told the server. */
  namesServer?: boolean;
  /** What it reads on its stdin, by a here-document. */
  stdin?: string;
}

export interface Change extends Command {
  /** What it does, as a button says it. */
  label: string;
  method: "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server, with its query. */
  path: string;
  body?: unknown;
  /** Of a body that is no JSON. */
  type?: string;
  headers?: Record<string, string>;
  /** The file that the body came from: then the body is no text to be shown, and curl and the command line read the file. */
  file?: string;
  /** The same as a step of a scenario, in TOML; null where scenarios have none. */
  step?: string | null;
}

/** Does it. */
export function send<Body = unknown>(change: Change): Promise<Answered<Body>> {
  const { method, path, body, type, headers } = change;
  return request<Body>(path, {
    method,
    ...(body === undefined ? {} : { body }),
    ...(type ? { type } : {}),
    ...(headers ? { headers } : {}),
  });
}

/** A word that every POSIX shell takes as it is. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Whether a text can be pasted into a shell and comes to the program as it is. A terminal acts on control characters before any
 * shell sees them, quoted or not, and halves of pairs become something else.
 */
export function isSayable(text: string): boolean {
  return !/(?![\t\n])\p{Cc}|\p{Surrogate}/u.test(text);
}

/** What curl would be told; null when its body is a text that can't be said. The token, where the server wants one, is left to a variable. */
export function asCurl(change: Change, origin: string, wantsToken: boolean): string | null {
  const words = ["curl", "-fsS", "-X", change.method];
  if (wantsToken) words.push("-H", '"Authorization: Bearer $EXSTORE_TOKEN"');
  for (const [name, value] of Object.entries(change.headers ?? {})) words.push("-H", quoted(`${name}: ${value}`));
  if (change.body !== undefined) {
    words.push("-H", quoted(`Content-Type: ${change.type ?? "application/json"}`));
    const text = typeof change.body === "string" && change.type ? change.body : visibleJson(JSON.stringify(change.body));
    words.push("--data-binary", quoted(change.file === undefined ? text : `@${change.file}`));
  }
  words.push(quoted(origin + change.path));
  return words.every(isSayable) ? words.join(" ") : null;
}

/** What the command line would be told; null where it has no such command, and where no shell can say it. */
export function asCli({ cli, rest = [], namesServer, stdin }: Command, origin: string, store: string): string | null {
  if (cli === null || ![...cli, ...rest, stdin ?? ""].every(isSayable)) return null;
  const words = ["exstore", ...cli.map(quoted)];
  if (store !== "default") words.push("--store", quoted(store));
  if (namesServer || origin !== "http://127.0.0.1:8135") words.push("--control", quoted(origin));
  // After `--` nothing is taken for a flag.
  if (rest.some((word) => word.startsWith("-") && word !== "-")) words.push("--");
  return [...words, ...rest.map(quoted)].join(" ") + (stdin === undefined ? "" : hereDocument(stdin));
}

/** A text for a command to read. The word that ends it is no line of it. */
function hereDocument(text: string): string {
  const lines = new Set(text.split("\n"));
  let end = "END";
  while (lines.has(end)) end += "_";
  return ` <<'${end}'\n${text}${text.endsWith("\n") ? "" : "\n"}${end}`;
}
