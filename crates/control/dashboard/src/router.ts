// Where the page is: `#/screen/part?name=value`. Everything that can be looked at has such a link, filters included.
import { computed, signal } from "@preact/signals";

export interface Place {
  screen: string;
  /** What stands after the screen, such as the number of a session. */
  parts: string[];
  query: URLSearchParams;
}

export function parsePlace(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [screen = "", ...parts] = path.split("/").map(decoded);
  return { screen: screen || "live", parts: parts.filter((part) => part !== ""), query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export const place = computed(() => parsePlace(hash.value));

/** Which store is looked at. */
export const storeName = computed(() => place.value.query.get("store") ?? "default");

/** The past that is looked at: a cursor; null for now. */
export const at = computed(() => place.value.query.get("at"));

/** What stays from screen to screen. */
const STAYS = ["store", "at", "story"];

/** What is said of one store, and of no other. */
const OF_STORE = ["at", "story"];

export type Query = Record<string, string | number | null | undefined>;

/** A link to a place, which keeps the store, the time and the story that are looked at unless `query` says otherwise: in another store there are others. */
export function href(path: string, query: Query = {}): string {
  const whole = new URLSearchParams();
  for (const name of STAYS) {
    const value = place.value.query.get(name);
    if (value !== null) whole.set(name, value);
  }
  if ("store" in query && (query["store"] || "default") !== storeName.value) {
    for (const name of OF_STORE) whole.delete(name);
  }
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") whole.delete(name);
    else whole.set(name, String(value));
  }
  const text = whole.toString();
  return `#/${path.replace(/^\//, "")}${text ? `?${text}` : ""}`;
}

/** Where a story that begins at a cursor begins. */
export function storyHref(began: string): string {
  return href("story", { story: began, at: null });
}

/** The path of the place itself, without its query. */
export function herePath(): string {
  return [place.value.screen, ...place.value.parts].map(encodeURIComponent).join("/");
}

/** Goes there. `replace` leaves no entry in the history: for what changes with every key. */
export function go(link: string, replace = false): void {
  if (replace) history.replaceState(history.state, "", link);
  else history.pushState(null, "", link);
  hash.value = location.hash;
}

/** Changes parts of the query of the place that is shown. */
export function setQuery(query: Query, replace = true): void {
  const kept: Query = Object.fromEntries(place.value.query);
  go(href(herePath(), { ...kept, ...query }), replace);
}
