// A control that changes the store. Beside each is the same as curl, as a command, and as a step of a scenario.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { type Change, type Command, asCli, asCurl, send } from "../api/change";
import type { Answered } from "../api/request";
import { live } from "../model/current";
import { unseenIn, visible } from "../model/visible";
import { confirmed } from "./confirm";
import { ProblemNote } from "./problem";
import { toast } from "./toasts";

interface ActionProps<Body> {
  change: Change;
  children?: ComponentChildren;
  /** Told when it is done; what it says is told to the reader. */
  onDone?: (answer: Answered<Body>) => string | void;
  /** Told when it is begun, with null, and when it is refused. True when the refusal is shown elsewhere, such as at a field. */
  onError?: (error: unknown) => boolean | void;
  disabled?: boolean;
  /** Whether something has to come first that is on its way: neither the button nor its commands are of use until then. */
  waits?: boolean;
  kind?: "primary" | "plain" | "danger" | "quiet";
  /** Asked before it is done, where it can't be undone. */
  confirm?: string | undefined;
  id?: string;
  /** Of a choice among several: whether it is the one that holds. */
  pressed?: boolean;
  /** Whether the Enter key in a field of its form presses it too. */
  submits?: boolean;
}

/** A button that does a change, and another that says how a script would. */
export function Action<Body = unknown>(props: ActionProps<Body>) {
  const { children, disabled = false, waits = false, kind = "plain", confirm: question, id, pressed } = props;
  const { change } = props;
  const label = visible(change.label);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const press = async () => {
    if (busy || waits || (question && !(await confirmed(question, label)))) return;
    setBusy(true);
    setError(null);
    props.onError?.(null);
    try {
      const answer = await send<Body>(change);
      toast(props.onDone?.(answer) || `${label}: done`);
    } catch (failure) {
      if (!props.onError?.(failure)) setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <span class="action">
      <span class="action-buttons">
        <button
          type={props.submits ? "submit" : "button"}
          id={id}
          class={kind}
          disabled={disabled}
          aria-disabled={busy || waits}
          aria-busy={busy}
          aria-pressed={pressed}
          onClick={press}
        >
          {children ?? label}
        </button>
        <CopyButton change={change} waits={waits} />
      </span>
      {error !== null && <ProblemNote error={error} />}
    </span>
  );
}

const shown = signal<Change | null>(null);

/** Shows a change as curl and as a command. */
export function CopyButton({ change, waits = false }: { change: Change; waits?: boolean }) {
  return (
    <button
      type="button"
      class="quiet copy"
      aria-label={`${visible(change.label)}: as curl and as a command`}
      title="As curl and as a command"
      aria-disabled={waits}
      onClick={() => {
        if (!waits) shown.value = change;
      }}
    >
      <span aria-hidden="true">&gt;_</span>
    </button>
  );
}

/** Where changes are shown; there is one of it in the page. */
export function CopyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const change = shown.value;
  useEffect(() => {
    if (change) dialog.current?.showModal();
  }, [change]);
  return (
    <dialog
      ref={dialog}
      class="copy-dialog"
      aria-labelledby="copy-title"
      onClose={() => {
        shown.value = null;
      }}
    >
      {change && (
        <>
          <h2 id="copy-title">{visible(change.label)}</h2>
          <AsCommands change={change} />
          <p class="dialog-buttons">
            <button type="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
          </p>
        </>
      )}
    </dialog>
  );
}

/** A request as curl, as a command and as a step of a scenario. */
export function AsCommands({ change }: { change: Change }) {
  const curl = asCurl(change, location.origin, wantsToken.value);
  return (
    <>
      {curl === null ? <p class="hint">No shell can say this to curl: its text has characters that a terminal acts on.</p> : <Copyable name="curl" text={curl} />}
      <CommandLine command={change} />
      {change.step && <Copyable name="Step of a scenario" text={change.step} />}
    </>
  );
}

/** A command, for the store that is shown. */
export function CommandLine({ name = "Command line", command }: { name?: string; command: Command }) {
  const text = asCli(command, location.origin, live.value.name);
  if (text === null) return <p class="hint">No command line can say this: curl does it.</p>;
  return <Copyable name={name} text={text} />;
}

/** Whether requests of others have to carry a token: the cookie of a browser that was let in can't be seen from here. */
const wantsToken = signal(false);

/** Asks whether the server wants a token of whoever has no cookie. */
export async function learnAboutToken(): Promise<void> {
  try {
    const answer = await fetch("/v1/info", { credentials: "omit", cache: "no-store" });
    wantsToken.value = answer.status === 401;
  } catch {
    // The stream says it when the server is gone.
  }
}

/** A text to copy, under its name. */
export function Copyable({ name, text }: { name: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const block = useRef<HTMLPreElement>(null);
  const unseen = unseenIn(text);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      // No clipboard without a secure context: the text is chosen, to be copied by hand.
      if (block.current) getSelection()?.selectAllChildren(block.current);
    }
  };
  return (
    <div class="copyable">
      <div class="copyable-head">
        <span>{name}</span>
        <button type="button" class="quiet" aria-label={`Copy ${name}`} onClick={copy}>
          {copied ? "Copied" : "Copy"}
        </button>
      </div>
      <pre ref={block} tabIndex={0} aria-label={name}>
        {text}
      </pre>
      {0 < unseen.length && (
        <p class="note note-warn copyable-unseen">
          It is not as it reads: characters in it can't be seen, or turn around what stands beside them. They are <code>{unseen.slice(0, 8).join(" ")}</code>
          {8 < unseen.length && " and more"}.
        </p>
      )}
    </div>
  );
}
