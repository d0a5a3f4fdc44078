// What stands around every screen: where to go, what time it is in the store, and whether the page still hears from it.
import { useEffect } from "preact/hooks";

import { live } from "./model/current";
import { href, place } from "./router";
import { SCREENS } from "./screens/list";
import { Coach } from "./story/coach";
import { CopyDialog } from "./ui/action";
import { ConfirmDialog } from "./ui/confirm";
import { ConnectionState } from "./ui/connection";
import { ProblemNote } from "./ui/problem";
import { StorePicker } from "./ui/store_picker";
import { ThemeButton } from "./ui/theme";
import { TimeBar } from "./ui/time_bar";
import { Toasts } from "./ui/toasts";

export function App() {
  const { screen } = place.value;
  const shown = SCREENS.find(({ name }) => name === screen);
  const store = live.value;
  const Shown = shown?.component;
  useEffect(() => {
    scrollTo(0, 0);
  }, [screen]);
  return (
    <div class="shell">
      <header class="top">
        <a
          class="skip"
          href={href(screen)}
          onClick={(event) => {
            event.preventDefault();
            document.getElementById("main")?.focus();
          }}
        >
          Skip to the screen
        </a>
        <a class="brand" href={href("live")}>
          exstore
        </a>
        <StorePicker />
        <ConnectionState />
        <ThemeButton />
      </header>
      <nav class="side" aria-label="Screens">
        <div class="side-inside">
          <ul>
            {SCREENS.map(({ name, title }) => (
              <li key={name}>
                <a href={href(name)} aria-current={name === screen ? "page" : undefined}>
                  {title}
                </a>
              </li>
            ))}
          </ul>
          <ul class="side-more">
            <li>
              <a href="/docs">The control plane</a>
            </li>
          </ul>
        </div>
      </nav>
      <TimeBar />
      <main id="main" tabIndex={-1}>
        {store.loading.value === "failed" && <ProblemNote error={store.failure.value} onRetry={() => void store.start()} />}
        {Shown ? <Shown key={screen} /> : <Unknown screen={screen} />}
      </main>
      <Coach />
      <CopyDialog />
      <ConfirmDialog />
      <Toasts />
    </div>
  );
}

function Unknown({ screen }: { screen: string }) {
  return (
    <>
      <h1>There is no such screen</h1>
      <p>
        <code>{screen}</code> is none. <a href={href("live")}>Live</a> shows what the store does.
      </p>
    </>
  );
}
