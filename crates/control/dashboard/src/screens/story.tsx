// The two-minute story: what KB 920185 is, and where its guide begins.
import { makeStoryStore, SP2 } from "../api/changes_story";
import type { Page, Store } from "../api/types";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { go, href, storyHref } from "../router";
import { storyBegan } from "../story/progress";
import { STEPS } from "../story/steps";
import { Action } from "../ui/action";
import { Heading } from "../ui/heading";
import "./story.css";

export function StoryScreen() {
  const store = live.value;
  const body = store.store.value;
  const stores = useResource<Page<Store, string>>("/v1/stores?limit=1000", /^store\./);
  const names = new Set(stores.body?.items.map(({ name }) => name));
  const fresh = ["story", ...Array.from({ length: 1000 }, (_, place) => `story-${place + 2}`)].find((name) => !names.has(name)) ?? "story";
  const fits = body !== null && body.running && body.clock.mode === "manual" && body.settings.build === SP2 && body.counts.clients === 0;
  return (
    <>
      <Heading title="Two-minute story" />
      <div class="prose">
        <p>
          In 2006 Microsoft published a hotfix for Exchange Server 2003 with the article <strong>KB 920185</strong>. Whoever wrote the name of a program into the registry kept it out: every
          new connection of that program was refused, and within fifteen minutes those that were open were cut off.
        </p>
        <p>
          Two acts, {STEPS.length} steps. Each is done with the same controls that are there all the time, on a store that you can break.
        </p>
        {storyBegan.value !== null ? (
          <p>The story is being told in this store; the guide says what is next.</p>
        ) : fits ? (
          <p>
            <a class="button-link" id="story-begin" href={storyHref(store.cursor)}>
              Begin
            </a>
          </p>
        ) : (
          <div class="note">
            <p>
              The story begins with a store of its own: Service Pack 2 without the hotfix, no clients, and a clock that stands until it is moved.
              {body && body.name !== fresh && ` “${body.name}” is left alone.`}
            </p>
            <Action<Store>
              id="story-make"
              kind="primary"
              change={makeStoryStore(fresh)}
              onDone={({ body: made }) => {
                go(href("story", { store: made.name, story: made.cursor, at: null }));
                return `The store “${made.name}” is there`;
              }}
            />
          </div>
        )}
        <h2>What is in it</h2>
        <ol class="story-steps">
          {STEPS.map((step) => (
            <li key={step.title}>
              <span class="badge">Act {step.act}</span> {step.title}
            </li>
          ))}
        </ol>
      </div>
    </>
  );
}
