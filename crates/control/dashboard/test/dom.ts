// What modules ask of a browser as they are loaded, for tests that run without one.
import { vi } from "vitest";

export function withoutBrowser(hash = ""): { location: { hash: string }; go: (hash: string) => void } {
  const listeners: (() => void)[] = [];
  const location = { hash, origin: "http://127.0.0.1:8135" };
  const state = (_: unknown, __: string, link: string) => {
    location.hash = link;
  };
  vi.stubGlobal("location", location);
  vi.stubGlobal("history", { state: null, pushState: state, replaceState: state });
  vi.stubGlobal("addEventListener", (name: string, listener: () => void) => {
    if (name === "hashchange") listeners.push(listener);
  });
  const go = (next: string) => {
    location.hash = next;
    for (const listener of listeners) listener();
  };
  return { location, go };
}
