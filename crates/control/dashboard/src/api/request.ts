// Requests to the control plane that this page came from.
import type { Cursor, Page, Problem } from "./types";

/** A request that was refused, or that had no answer. */
export class RequestError extends Error {
  /** The server's own words, where it had any. */
  readonly problem: Problem | null;
  /** The status of the answer; 0 when there was none. */
  readonly status: number;

  constructor(status: number, problem: Problem | null, message: string) {
    super(message);
    this.name = "RequestError";
    this.status = status;
    this.problem = problem;
  }

  /** What the problem is called, such as `clock-not-manual`; empty when the server had no words. */
  get kind(): string {
    return this.problem?.type.split("/").pop() ?? "";
  }
}

/** An answer, and the place in the journal that it reflects. */
export interface Answered<Body> {
  body: Body;
  cursor: Cursor;
  etag: string | null;
  /** The run of the server: after a restart it is another, and the places of before mean nothing. */
  run: string;
}

export interface Asked {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Written as JSON; a text or a file with a type of its own is sent as it is. */
  body?: unknown;
  type?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Asks, and reads the answer as JSON, or as text where it is none. */
export async function request<Body>(path: string, asked: Asked = {}): Promise<Answered<Body>> {
  const response = await answerOf(path, asked);
  const cursor = response.headers.get("exstore-cursor") ?? "";
  const etag = response.headers.get("etag");
  const run = runOf(response);
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const body = (isJson ? await response.json() : await response.text()) as Body;
  return { body, cursor, etag, run };
}

/** The answer itself, of a request that was not refused. */
export async function answerOf(path: string, asked: Asked = {}): Promise<Response> {
  const { method = "GET", body, type = "application/json", headers = {}, signal } = asked;
  const init: RequestInit = { method, headers: { accept: "application/json", ...headers }, cache: "no-store" };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    const isAsItIs = (typeof body === "string" || body instanceof Blob) && type !== "application/json";
    init.body = isAsItIs ? body : JSON.stringify(body);
    init.headers = { ...init.headers, "content-type": type };
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new RequestError(0, null, "the server can't be reached");
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  throw new RequestError(response.status, problem, problem?.detail ?? `the server answered ${response.status}`);
}

/** Which run of the server an answer is of. */
export function runOf(response: Response): string {
  return response.headers.get("exstore-run") ?? "";
}

/** Why an answer is none, in words. */
export async function wordsOf(response: Response): Promise<string> {
  if (response.status === 401) return "this browser is not logged in; open the link that the server prints when it starts";
  const problem = await problemOf(response);
  return problem?.detail ?? `the server answered ${response.status}`;
}

async function problemOf(response: Response): Promise<Problem | null> {
  if (!response.headers.get("content-type")?.includes("problem+json")) return null;
  try {
    return (await response.json()) as Problem;
  } catch {
    return null;
  }
}

/** All pages of a list, in order, from the place that the first page reflects. `each` sees them as they come. */
export async function everyPage<Item>(
  path: string,
  each: (items: Item[], cursor: Cursor) => void,
  signal?: AbortSignal,
): Promise<Cursor> {
  let first: Cursor | null = null;
  let after: string | number | null = null;
  do {
    const next = new URL(path, location.origin);
    next.searchParams.set("limit", "1000");
    if (after !== null) next.searchParams.set("after", String(after));
    const page: Answered<Page<Item, string | number>> = await request(
      next.pathname + next.search,
      signal ? { signal } : {},
    );
    first ??= page.cursor;
    each(page.body.items, page.cursor);
    after = page.body.next ?? null;
  } while (after !== null);
  return first;
}
