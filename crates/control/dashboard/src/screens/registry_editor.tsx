// A value of a key, typed: a text, a number, texts line by line, or bytes.
import { useEffect, useRef, useState } from "preact/hooks";

import { type KeyPlace, deleteValue, writeValue } from "../api/changes_registry";
import type { NamedValue, RegistryKey } from "../api/types";
import { live } from "../model/current";
import { type Edited, type Radix, TYPES, bytesOfText, editedOf, isNumber, isText, rewritten, valueOf } from "../model/registry";
import { visible } from "../model/visible";
import { go } from "../router";
import { Action } from "../ui/action";
import { UNNAMED_VALUE, keyHref } from "./registry_key";

interface ValueEditorProps {
  body: RegistryKey;
  where: KeyPlace;
  /** The value that is edited; null is a new one. */
  name: string | null;
}

const FRESH: Edited = { type: "REG_SZ", text: "", isHex: false, radix: 10 };

export function ValueEditor({ body, where, name }: ValueEditorProps) {
  const store = live.value;
  const head = useRef<HTMLHeadingElement>(null);
  const [newName, setNewName] = useState("");
  const called = name ?? newName;
  const current = body.values.find((value) => value.name.toUpperCase() === called.toUpperCase()) ?? null;
  const [edited, setEdited] = useState<Edited>(name !== null && current ? editedOf(current) : FRESH);
  // What the value was when its text was begun: somebody else's edit shows by it.
  const [base, setBase] = useState(asWritten(name === null ? null : current));
  const wasWritten = useRef<string | null>(null);
  const now = asWritten(current);
  const isBegun = JSON.stringify(valueOf(edited)) !== base;
  useEffect(() => head.current?.focus(), []);
  useEffect(() => {
    if (name === null || now === base) return;
    // What nobody has begun to change follows the registry, and so does what was just written from here.
    if (!isBegun || now === wasWritten.current) take();
  }, [now]);
  const take = () => {
    if (current) setEdited(editedOf(current, edited.radix));
    setBase(now);
  };
  const change = (part: Partial<Edited>) => setEdited({ ...edited, ...part });
  const title = name === null ? "New value" : name === "" ? UNNAMED_VALUE : visible(name);
  return (
    <section class="card registry-editor" aria-labelledby="registry-editor">
      <div class="heading">
        <h2 id="registry-editor" ref={head} tabIndex={-1}>
          {title}
        </h2>
        <a class="button" id="registry-close" href={keyHref(where)} onClick={() => document.getElementById("registry-new-value")?.focus()}>
          Close
        </a>
      </div>
      {name !== null && current === null && <p class="note note-warn">There is no such value any more. Writing it creates it again.</p>}
      {name !== null && current !== null && isBegun && now !== base && (
        <div class="note note-warn" role="status">
          <p>
            <strong>Somebody else has changed the value</strong> since you began. It is now: <code>{visible(now)}</code>
          </p>
          <p>
            <button type="button" id="registry-take-theirs" onClick={take}>
              Take theirs
            </button>
          </p>
        </div>
      )}
      <div class="row row-end">
        {name === null && (
          <div class="field">
            <label for="registry-value-name">Name</label>
            <input
              id="registry-value-name"
              value={newName}
              autocomplete="off"
              spellcheck={false}
              aria-describedby="registry-name-hint"
              onInput={(event) => setNewName(event.currentTarget.value)}
            />
            <p class="hint" id="registry-name-hint">
              {current ? "There is a value of this name: writing replaces it." : "Empty for the unnamed value."}
            </p>
          </div>
        )}
        <TypePicker edited={edited} onChange={setEdited} />
      </div>
      <DataField edited={edited} onChange={change} />
      <p class="row">
        <Action<NamedValue>
          id="registry-write"
          kind="primary"
          change={writeValue(store, where, called, valueOf(edited))}
          onDone={({ body: written }) => {
            wasWritten.current = asWritten(written);
            setBase(asWritten(written));
            if (name === null) go(keyHref(where, called));
            return written.hint ? `Written. ${visible(written.hint)}` : "Written: the store learns of it when it polls";
          }}
        />
        {name !== null && current && (
          <Action
            id="registry-delete-value"
            kind="danger"
            change={deleteValue(store, where, called)}
            confirm={`The value ${title} goes.`}
            onDone={() => {
              go(keyHref(where));
              document.querySelector<HTMLElement>("h1")?.focus();
              return "The value is deleted";
            }}
          />
        )}
      </p>
    </section>
  );
}

/** A value as it would be written, to be compared. */
function asWritten(value: NamedValue | null): string {
  return value ? JSON.stringify(valueOf(editedOf(value))) : "";
}

function TypePicker({ edited, onChange }: { edited: Edited; onChange: (edited: Edited) => void }) {
  const types = TYPES.includes(edited.type) ? TYPES : [...TYPES, edited.type];
  const choose = (type: string) => {
    const { text, isHex } = edited;
    // A text can be bytes, and a number can't be a text: what fits is kept.
    const keeps = isHex || isText(type) === isText(edited.type) || type === "REG_MULTI_SZ" || (isText(type) && edited.type === "REG_MULTI_SZ");
    onChange({ ...edited, type, text: keeps ? text : isNumber(type) ? "0" : "" });
  };
  return (
    <>
      <div class="field">
        <label for="registry-value-type">Type</label>
        <select id="registry-value-type" value={edited.type} onChange={(event) => choose(event.currentTarget.value)}>
          {types.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
      </div>
      {(isText(edited.type) || isNumber(edited.type) || edited.type === "REG_MULTI_SZ") && (
        <label class="registry-check">
          <input
            type="checkbox"
            id="registry-value-hex"
            checked={edited.isHex}
            onChange={(event) => onChange({ ...edited, isHex: event.currentTarget.checked, text: asBytes(edited, event.currentTarget.checked) })}
          />{" "}
          Its bytes as they are, in hexadecimal
        </label>
      )}
    </>
  );
}

/** The bytes of what is edited, as something to begin with; back from bytes one begins anew. */
function asBytes({ type, text }: Edited, isHex: boolean): string {
  if (!isHex) return isNumber(type) ? "0" : "";
  return isText(type) ? bytesOfText(text) : "";
}

function DataField({ edited, onChange }: { edited: Edited; onChange: (part: Partial<Edited>) => void }) {
  const { type, text, isHex, radix } = edited;
  const common = {
    id: "registry-value-data",
    value: text,
    spellcheck: false,
    autocomplete: "off",
    "aria-describedby": "registry-data-hint",
    onInput: (event: { currentTarget: { value: string } }) => onChange({ text: event.currentTarget.value }),
  } as const;
  const isNumeric = !isHex && isNumber(type);
  return (
    <div class="field">
      <label for="registry-value-data">Data</label>
      {isNumeric ? <input {...common} inputMode="text" /> : <textarea {...common} rows={isHex || type === "REG_MULTI_SZ" ? 4 : 2} />}
      <p class="hint" id="registry-data-hint">
        {hintOf(edited)}
      </p>
      {isNumeric && (
        <fieldset class="row registry-radix">
          <legend>Written as</legend>
          {([10, 16] as Radix[]).map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="registry-radix"
                id={`registry-radix-${one}`}
                checked={radix === one}
                onChange={() => onChange({ radix: one, text: rewritten(text, radix, one) })}
              />{" "}
              {one === 10 ? "decimal" : "hexadecimal"}
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );
}

function hintOf({ type, isHex }: Edited): string {
  if (isHex) return "Two digits for each byte. A text without the NUL that ends it, or of an odd number of bytes, can be written so.";
  if (type === "REG_MULTI_SZ") return "A line for each text.";
  if (isText(type)) return "The text, without the NUL that ends it.";
  if (isNumber(type)) return "A number; 0x is hexadecimal.";
  return "Bytes in hexadecimal, two digits each.";
}
