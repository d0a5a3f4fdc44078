// One list: its text with what it means while it is typed, whom it would cut off, and when it is to take effect.
import { useEffect, useRef, useState } from "preact/hooks";

import { RequestError } from "../api/request";
import { type When, clearList, writeList } from "../api/changes_policy";
import type { BlockList, BlockListState, PolicyInForce } from "../api/types";
import { guardOf } from "../model/asked";
import { POLLED_KEY, VALUE_NAMES, withItem } from "../model/block_lists";
import { live } from "../model/current";
import { useResource } from "../model/resource";
import { unitsOf } from "../model/spans";
import { counted } from "../model/text";
import { visibleLines } from "../model/visible";
import { href } from "../router";
import { Action } from "../ui/action";
import { ProblemNote } from "../ui/problem";
import { useMeaning, usePreview } from "./policy_ask";
import { type Draft, draftOf, keepDraft } from "./policy_drafts";
import { PolicyLine } from "./policy_line";
import { Offers } from "./policy_offers";
import { CutOffs } from "./policy_preview";
import { Standing } from "./policy_standing";
import { Chips, Lints, useAnnouncement } from "./policy_tokens";

const TITLES: Record<BlockList, string> = { processes: "Programs", versions: "Versions" };

const HINTS: Record<BlockList, string> = {
  processes: "File names of programs, with semicolons between them. A program that sends no name is not seen by this list.",
  versions: "Versions such as 11.5608.0, and ranges such as 11.0.0-11.5703.0, -5.3164.0 or 15.0.0-, with commas or semicolons between them.",
};

const EXAMPLES: Record<BlockList, string> = { processes: "program1.exe; program2.exe", versions: "-5.3164.0; 11.0.0-11.5703.0" };

/** What changes the value, or what the store has made of it. */
const CHANGES = /^(registry|policy|poll|build|store|cluster)\./;

export function ListStudio({ list, policy }: { list: BlockList; policy: PolicyInForce | null }) {
  const store = live.value;
  const state = useResource<BlockListState>(`${store.path}/block-lists/${list}`, CHANGES);
  const box = useRef<HTMLTextAreaElement>(null);
  const draft = draftOf(store.name, list);
  const theirs = state.body?.data ?? null;
  const text = draft?.text ?? theirs ?? "";
  const meaning = useMeaning(list, text);
  const preview = usePreview(list, draft ? text : null);
  const items = meaning.body?.items ?? [];
  const inForce = policy?.[list] ?? null;
  const write = (next: string) => {
    const base = draft ? draft.base : theirs;
    keepDraft(store.name, list, next === (theirs ?? "") ? null : { text: next, base });
  };
  useAppliedElsewhere(store.name, list, draft, state.body);
  const select = (span: { start: number; end: number }) => {
    const { start, end } = unitsOf(text, span);
    box.current?.focus();
    box.current?.setSelectionRange(start, end);
  };
  const announcement = useAnnouncement(draft ? TITLES[list] : null, meaning, preview);
  const hasErrors = meaning.body?.lints.some(({ severity }) => severity === "error") ?? false;
  // Where there is no value, there is nothing to say about its text.
  const isText = draft !== null || theirs !== null;
  const id = `policy-${list}`;
  return (
    <section class="card policy-list" aria-labelledby={`${id}-title`}>
      <div class="heading">
        <h2 id={`${id}-title`}>{TITLES[list]}</h2>
        <p class="soft">
          <a href={href(`registry/${encodeURIComponent(POLLED_KEY)}`, { value: VALUE_NAMES[list] })}>
            <code>{VALUE_NAMES[list]}</code>
          </a>
        </p>
      </div>
      {state.error !== null && <ProblemNote error={state.error} onRetry={state.reload} />}
      {state.body && <Standing state={state.body} inForce={inForce} />}
      <div class="policy-columns">
        <div class="policy-edit">
          <div class="field">
            <label for={`${id}-text`}>Text of the value{draft && <span class="badge badge-warn policy-unsaved">not applied yet</span>}</label>
            <textarea
              id={`${id}-text`}
              ref={box}
              rows={3}
              spellcheck={false}
              autocomplete="off"
              placeholder={EXAMPLES[list]}
              value={text}
              aria-describedby={`${id}-hint`}
              aria-invalid={hasErrors}
              onInput={(event) => write(event.currentTarget.value)}
            />
            <p class="hint" id={`${id}-hint`}>
              {HINTS[list]}
            </p>
          </div>
          {draft && draft.base !== theirs && <Theirs store={store.name} list={list} draft={draft} theirs={theirs} />}
          <Buttons list={list} text={text} draft={draft} state={state.body} preview={preview} />
          {meaning.error !== null && <ProblemNote error={meaning.error} />}
          {meaning.body && isText && <Chips id={id} items={items} lints={meaning.body.lints} onSelect={select} />}
          {meaning.body && isText && <Lints text={meaning.text ?? ""} lints={meaning.body.lints} onSelect={select} />}
          <Offers list={list} items={items} onAdd={(item) => write(withItem(list, text, item))} />
          <p class="unseen" role="status" aria-live="polite" id={`${id}-said`}>
            {announcement}
          </p>
        </div>
        <CutOffs id={id} preview={preview} isDraft={draft !== null} />
      </div>
      {list === "versions" && <PolicyLine items={items} />}
    </section>
  );
}

/** A text that has come into the registry is no draft any more, whoever wrote it. */
function useAppliedElsewhere(store: string, list: BlockList, draft: Draft | null, state: BlockListState | null): void {
  useEffect(() => {
    if (draft && state && state.data === draft.text) keepDraft(store, list, null);
  }, [draft, state]);
}

function Theirs(props: { store: string; list: BlockList; draft: Draft; theirs: string | null }) {
  const { store, list, draft, theirs } = props;
  return (
    <div class="note note-warn" role="status">
      <p>
        <strong>Somebody else has changed the value</strong> since you began. {theirs === null ? "It is deleted now." : "It is now:"}
      </p>
      {theirs !== null && <pre class="policy-theirs">{visibleLines(theirs)}</pre>}
      <p class="row">
        <button type="button" id={`policy-${list}-take-theirs`} onClick={() => keepDraft(store, list, null)}>
          Take theirs
        </button>
        <button type="button" id={`policy-${list}-keep-mine`} onClick={() => keepDraft(store, list, { ...draft, base: theirs })}>
          Keep mine
        </button>
      </p>
    </div>
  );
}

interface ButtonsProps {
  list: BlockList;
  text: string;
  draft: Draft | null;
  state: BlockListState | null;
  preview: ReturnType<typeof usePreview>;
}

function Buttons({ list, text, draft, state, preview }: ButtonsProps) {
  const store = live.value;
  const [isGuarded, setIsGuarded] = useState(true);
  const [hasMoved, setHasMoved] = useState(false);
  const { cursor, waits } = guardOf(isGuarded, preview, draft ? text : null);
  const now: When = { apply: "now", cursor };
  const later: When = { apply: "next_poll", cursor: null };
  useEffect(() => setHasMoved(false), [text]);
  const onError = (error: unknown) => {
    const moved = error instanceof RequestError && error.kind === "store-moved";
    setHasMoved(moved);
    if (moved) preview.again();
    return moved;
  };
  const onDone = (answer: { body: BlockListState }) => {
    keepDraft(store.name, list, null);
    return toldOf(answer.body);
  };
  const id = `policy-${list}`;
  return (
    <div class="policy-buttons">
      <p class="row">
        <Action id={`${id}-apply-now`} kind="primary" change={writeList(store, list, text, now)} waits={waits} onError={onError} onDone={onDone} />
        <Action id={`${id}-apply-next`} change={writeList(store, list, text, later)} onError={onError} onDone={onDone} />
        <Action
          id={`${id}-delete`}
          kind="danger"
          change={clearList(store, list, later)}
          disabled={state?.data == null && !state?.problem}
          confirm="The value goes now, and at the next poll the list is off: nobody is blocked by it any more, and nobody comes back by itself."
          onDone={() => "The value is deleted: the next poll finds it gone"}
        />
        {draft && (
          <button type="button" class="quiet" id={`${id}-discard`} onClick={() => discard(store.name, list)}>
            Discard my changes
          </button>
        )}
      </p>
      <label class="policy-guard">
        <input type="checkbox" id={`${id}-guard`} checked={isGuarded} onChange={(event) => setIsGuarded(event.currentTarget.checked)} />{" "}
        Apply now only if nothing has happened since the preview
        {waits && <span class="hint"> – {preview.error === null ? "asking whom it would cut off…" : "there is none to be had"}</span>}
      </label>
      {hasMoved && (
        <div class="note note-warn" role="alert" id={`${id}-moved`}>
          <p>
            <strong>The store has moved since that preview.</strong> Nothing was written. The preview is a fresh one: look again, then apply.
          </p>
        </div>
      )}
    </div>
  );
}

/** The button goes with what it did: the text is where one goes on. */
function discard(store: string, list: BlockList): void {
  keepDraft(store, list, null);
  document.getElementById(`policy-${list}-text`)?.focus();
}

function toldOf({ poll, in_force: isInForce }: BlockListState): string {
  if (poll && "disconnected" in poll) return `In force: ${counted(poll.disconnected, "session")} cut off`;
  if (poll) return "Written: its values are still being read";
  return isInForce ? "Written: the store follows it already" : "Written: the next poll finds it";
}
