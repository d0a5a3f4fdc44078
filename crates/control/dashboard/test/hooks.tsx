// Hooks without a page: a component that draws nothing is all that they need of one.
import { render } from "preact";
import { vi } from "vitest";

import { withoutBrowser } from "./dom";

/** What the page's modules ask of a browser to draw nothing: before they are loaded. */
export function withoutPage(hash = ""): ReturnType<typeof withoutBrowser> {
  const browser = withoutBrowser(hash);
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false }));
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => setTimeout(draw, 16));
  vi.stubGlobal("cancelAnimationFrame", (timer: number) => clearTimeout(timer));
  return browser;
}

export interface Hooked<Result, Props> {
  /** What the hook said last. */
  readonly said: Result;
  /** Calls it again with other arguments. */
  again: (props: Props) => void;
  end: () => void;
}

/** Calls a hook as a component would, for as long as it is not ended. */
export function hooked<Result, Props>(hook: (props: Props) => Result, props: Props): Hooked<Result, Props> {
  const page = { nodeType: 1, childNodes: [], firstChild: null, namespaceURI: "", contains: () => true, insertBefore: () => null } as unknown as Element;
  let said: Result;
  const Nothing = ({ given }: { given: Props }) => {
    said = hook(given);
    return null;
  };
  const draw = (given: Props) => render(<Nothing given={given} />, page);
  draw(props);
  return {
    get said() {
      return said;
    },
    again: draw,
    end: () => render(null, page),
  };
}
