// A key: its path, its values, and what can be done to it.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { type KeyPlace, createKey, deleteKey, exportPath } from "../api/changes_registry";
import { RequestError } from "../api/request";
import type { NamedValue, RegistryKey } from "../api/types";
import { POLLED_KEY, VALUE_NAMES } from "../model/block_lists";
import { live } from "../model/current";
import { isSameKey, lineOf, lineage, parentOf } from "../model/registry";
import { counted } from "../model/text";
import { visible } from "../model/visible";
import { go, href } from "../router";
import { Action } from "../ui/action";
import { Empty } from "../ui/empty";
import { ProblemNote } from "../ui/problem";
import { Said } from "../ui/said";
import { type Column, DataTable } from "../ui/table";

/** How the article has its value created. */
const FIRST = { cli: ["registry", "set"], rest: ["parameters-system", VALUE_NAMES.processes, "program1.exe; program2.exe"] };

export function keyHref({ key, node }: KeyPlace, name: string | null = null): string {
  return href(`registry/${encodeURIComponent(key)}`, { node, ...(name === null ? {} : name === "" ? { unnamed: 1 } : { value: name }) });
}

/** How the unnamed value is called. */
export const UNNAMED_VALUE = "(unnamed)";

function isList(where: KeyPlace, name: string): boolean {
  return isSameKey(where.key, POLLED_KEY) && Object.values(VALUE_NAMES).some((own) => own.toUpperCase() === name.toUpperCase());
}

function columnsOf(where: KeyPlace): Column<NamedValue>[] {
  return [
    { key: "name", title: "Name", cell: ({ name }) => <a href={keyHref(where, name)}>{name === "" ? UNNAMED_VALUE : visible(name)}</a> },
    { key: "type", title: "Type", cell: ({ type }) => type },
    { key: "data", title: "Data", cell: (value) => <Data text={visible(lineOf(value))} /> },
    {
      key: "notes",
      title: "Notes",
      cell: ({ name, hint }) => (
        <>
          {hint && (
            <span class="badge badge-warn">
              ▲ <Said text={hint} />
            </span>
          )}
          {isList(where, name) && <a href={href("policy")}>in the policy studio</a>}
        </>
      ),
    },
  ];
}

/** A text that may be cut off in its cell; the value itself has all of it. */
function Data({ text }: { text: string }) {
  return (
    <code class="registry-data" title={text}>
      {text}
    </code>
  );
}

interface KeyPanelProps {
  body: RegistryKey;
  where: KeyPlace;
  chosen: string | null;
  /** What is below the values: the one that is open. */
  children: ComponentChildren;
}

export function KeyPanel({ body, where, chosen, children }: KeyPanelProps) {
  const store = live.value;
  const isPolled = isSameKey(body.key, POLLED_KEY);
  const hints = body.values.filter(({ hint }) => hint);
  const below = counted(body.subkeys.length, "key");
  return (
    <section class="card" aria-labelledby="registry-key">
      <div class="heading">
        <h2 id="registry-key">
          <Path body={body} node={where.node} />
        </h2>
        {isPolled && <span class="badge badge-good">the store polls this key</span>}
      </div>
      {hints.map(({ name, hint }) => (
        <p key={name} class="note note-warn" data-hint={name}>
          <span>
            ▲ <code>{visible(name)}</code>: <Said text={hint ?? ""} />
          </span>
        </p>
      ))}
      <DataTable
        caption="Values of the key"
        columns={columnsOf(where)}
        rows={body.values}
        rowKey={({ name }) => name.toUpperCase()}
        lines={10}
        open={chosen?.toUpperCase() ?? null}
        empty={
          <Empty
            title="No values"
            {...(isPolled ? { command: FIRST } : {})}
          >
            <p>{isPolled ? "Without a value the store blocks nobody. This is how the article has it created:" : "This key has no values yet."}</p>
          </Empty>
        }
      />
      <p class="row">
        <a id="registry-new-value" class="button" href={href(`registry/${encodeURIComponent(where.key)}`, { node: where.node, new: "value" })}>
          New value
        </a>
        {isPolled && <a href={href("policy")}>Edit the lists in the policy studio</a>}
      </p>
      {children}
      <NewKey where={where} />
      <p class="row">
        <span class="soft">Export it with all below:</span>
        <a id="registry-export-v5" download={`${fileName(body.key)}.reg`} href={exportPath(store, where, "v5")}>
          version 5 (UTF-16)
        </a>
        <a id="registry-export-regedit4" download={`${fileName(body.key)}.reg`} href={exportPath(store, where, "regedit4")}>
          REGEDIT4 (ANSI)
        </a>
        {parentOf(body.key) !== null && (
          <Action
            id="registry-delete-key"
            kind="danger"
            change={deleteKey(store, where)}
            confirm={`${visible(body.key)} goes with its values and ${below} directly below it.`}
            onDone={() => {
              go(keyHref({ ...where, key: parentOf(body.key) ?? body.key }));
              document.querySelector<HTMLElement>("h1")?.focus();
              return "The key is deleted";
            }}
          />
        )}
      </p>
    </section>
  );
}

function fileName(key: string): string {
  return (key.split("\\").at(-1) ?? "registry").replace(/[^\w.-]+/g, "_");
}

function Path({ body, node }: { body: RegistryKey; node: string | null }) {
  const all = lineage(body.key);
  return (
    <span class="registry-path">
      {all.map((key, place) => (
        <span key={key}>
          {place === all.length - 1 ? visible(key.split("\\").at(-1) ?? "") : <a href={keyHref({ key, node })}>{visible(key.split("\\").at(-1) ?? "")}</a>}
          {place < all.length - 1 && <span class="soft">\</span>}
          <wbr />
        </span>
      ))}
    </span>
  );
}

function NewKey({ where }: { where: KeyPlace }) {
  const [name, setName] = useState("");
  const place = { ...where, key: `${where.key}\\${name}` };
  return (
    <div class="row row-end">
      <div class="field">
        <label for="registry-key-name">New key below</label>
        <input id="registry-key-name" value={name} autocomplete="off" spellcheck={false} onInput={(event) => setName(event.currentTarget.value)} />
      </div>
      <Action
        id="registry-create-key"
        change={createKey(live.value, place)}
        disabled={name === ""}
        onDone={() => {
          setName("");
          go(keyHref(place));
          document.querySelector<HTMLElement>("h1")?.focus();
          return "The key is created";
        }}
      />
    </div>
  );
}

/** A key that is not there, and a way to have it. */
export function MissingKey({ where, error, onRetry }: { where: KeyPlace; error: unknown; onRetry: () => void }) {
  const isMissing = error instanceof RequestError && error.kind === "registry-key-not-found";
  return (
    <section class="card" aria-labelledby="registry-key">
      <h2 id="registry-key" class="registry-path">
        {visible(where.key)}
      </h2>
      <ProblemNote error={error} onRetry={onRetry} />
      {isMissing && (
        <p>
          <Action id="registry-create-missing" kind="primary" change={createKey(live.value, where)} onDone={() => "The key is created"} />
        </p>
      )}
    </section>
  );
}
