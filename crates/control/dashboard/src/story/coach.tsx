// The guide beside every screen while the story is told: what to do next, where, and what came of the last step.
import { useEffect } from "preact/hooks";

import { connectAgain, connectFirst } from "../api/changes_story";
import type { Page } from "../api/types";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { href, place, setQuery } from "../router";
import { Action, CommandLine, Copyable } from "../ui/action";
import { stepDone, storyBegan, storyTrouble } from "./progress";
import { GROUPS, STEPS, type Step } from "./steps";
import "./coach.css";

interface Client {
  id: number;
  group?: string | null;
  state: string;
}

export function Coach() {
  if (storyBegan.value === null) return null;
  const done = stepDone.value;
  const step = done === null ? undefined : STEPS[done];
  const last = done === null ? undefined : STEPS[done - 1];
  return (
    <aside class="coach" aria-label="The two-minute story">
      <div class="coach-head">
        <h2>{step ? `Act ${step.act}: ${ACTS[step.act]}` : "The two-minute story"}</h2>
        <button type="button" class="quiet" onClick={() => setQuery({ story: null })}>
          Leave the story
        </button>
      </div>
      <progress max={STEPS.length} value={done ?? 0} aria-label={done === STEPS.length ? "Every step is done" : `Step ${(done ?? 0) + 1} of ${STEPS.length}`} />
      {storyTrouble.value !== null && (
        <p class="note note-warn">
          {storyTrouble.value} <a href={href("story", { story: null })}>Begin again</a>
        </p>
      )}
      {/* What came of a step is said by itself, and what is next in its title: the controls are there to be found. */}
      <div aria-live="polite">
        {last && (
          <p class="note note-good">
            <strong>{last.title}: done.</strong> {last.outcome}
          </p>
        )}
        {step && last && <p class="unseen">Next: {step.title}.</p>}
      </div>
      {step && <NextStep key={done} number={(done ?? 0) + 1} step={step} />}
      {done === STEPS.length && <TheEnd />}
    </aside>
  );
}

const ACTS = { 1: "the procedure", 2: "every fifteen minutes" };

function NextStep({ number, step }: { number: number; step: Step }) {
  return (
    <div class="coach-step">
      <h3>
        {number}. {step.title}
      </h3>
      <p>{step.text}</p>
      {step.enter && <Copyable name="To enter" text={step.enter} />}
      {step.own && <OwnControl own={step.own} />}
      {step.screen && <Pointer screen={step.screen} control={step.control ?? null} />}
    </div>
  );
}

/** The way to a control, which is marked where it stands. */
function Pointer({ screen, control }: { screen: string; control: string | null }) {
  const isThere = place.value.screen === screen;
  useEffect(() => {
    if (!isThere || control === null) return undefined;
    // The control may come with an answer of the server, or be drawn anew: it is marked whenever it is there.
    const mark = () => {
      for (const marked of document.querySelectorAll(".story-target")) {
        if (marked.id !== control) marked.classList.remove("story-target");
      }
      document.getElementById(control)?.classList.add("story-target");
    };
    mark();
    const watcher = new MutationObserver(mark);
    watcher.observe(document.body, { childList: true, subtree: true });
    return () => {
      watcher.disconnect();
      document.getElementById(control)?.classList.remove("story-target");
    };
  }, [isThere, control]);
  if (!isThere) {
    return (
      <p>
        <a class="button-link" id="story-go" href={href(screen)}>
          Take me there
        </a>
      </p>
    );
  }
  if (control === null) return <p class="soft">Choose the newest decision in the list.</p>;
  const show = () => {
    const target = document.getElementById(control);
    target?.scrollIntoView({ block: "center" });
    target?.focus({ preventScroll: true });
  };
  return (
    <p>
      <button type="button" id="story-show" onClick={show}>
        Show me the control
      </button>
    </p>
  );
}

function OwnControl({ own }: { own: NonNullable<Step["own"]> }) {
  const store = live.value;
  const clients = useResource<Page<Client>>(`${store.path}/clients?limit=1000`, /^(session|store)\./);
  if (own === "connect-one" || own === "connect-two") {
    return <Action id="story-do" kind="primary" change={connectFirst(store, own === "connect-one" ? 1 : 2)} />;
  }
  const group = own === "again-one" ? GROUPS.one : GROUPS.two;
  const ids = (clients.body?.items ?? []).filter((one) => one.group === group && one.state !== "connected").map(({ id }) => id);
  return <Action id="story-do" kind="primary" change={connectAgain(store, ids)} disabled={ids.length === 0} />;
}

function TheEnd() {
  return (
    <div class="coach-step">
      <h3>That is KB 920185</h3>
      <p>
        Move the slider above to see the store as it was at any step. <a href={href("events")}>Events</a> has every entry,{" "}
        <a href={href("policy")}>Policy</a> shows what a list would do before it does, and <a href={href("scenarios")}>Scenarios</a> plays such stories by themselves.
      </p>
      <CommandLine command={{ cli: ["events", "list"] }} />
    </div>
  );
}
