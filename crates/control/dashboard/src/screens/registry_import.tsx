// A .reg file, whole or not at all: chosen, or pasted.
import { useRef, useState } from "preact/hooks";

import { type RegSource, importReg } from "../api/changes_registry";
import type { Imported } from "../api/types";
import { live } from "../model/current";
import { counted } from "../model/text";
import { visible } from "../model/visible";
import { Action } from "../ui/action";
import { keyHref } from "./registry_key";

const EXAMPLE = `Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem]
"Disable MAPI Client Processes"="program1.exe; program2.exe"
`;

/** Keys of an import that are shown. */
const MOST = 50;

export function RegistryImport({ node }: { node: string | null }) {
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState("");
  const [codePage, setCodePage] = useState("");
  const [done, setDone] = useState<Imported | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const source: RegSource = file ? { file } : { text };
  const isLossy = !file && /^REGEDIT4/.test(text) && /[^\0-\x7f]/.test(text);
  const choose = (chosen: File | null) => {
    setFile(chosen);
    setDone(null);
    if (!chosen && input.current) input.current.value = "";
  };
  return (
    <section class="card" aria-labelledby="registry-import-title">
      <h2 id="registry-import-title">Import a .reg file</h2>
      <p class="soft">All of it is taken over, or nothing: where it is wrong, the line and the column are shown.</p>
      <div class="row row-end">
        <div class="field">
          <label for="registry-import-file">File</label>
          <input id="registry-import-file" ref={input} type="file" accept=".reg,text/plain" onChange={(event) => choose(event.currentTarget.files?.[0] ?? null)} />
        </div>
        {file && (
          <button type="button" id="registry-import-clear" onClick={() => choose(null)}>
            Paste a text instead
          </button>
        )}
        <div class="field">
          <label for="registry-import-code-page">Code page of a REGEDIT4 file</label>
          <input
            id="registry-import-code-page"
            inputMode="numeric"
            size={8}
            placeholder="1252"
            value={codePage}
            onInput={(event) => setCodePage(event.currentTarget.value.trim())}
          />
        </div>
      </div>
      {!file && (
        <div class="field">
          <label for="registry-import-text">Or its text</label>
          <textarea
            id="registry-import-text"
            rows={6}
            spellcheck={false}
            placeholder={EXAMPLE}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setDone(null);
            }}
          />
        </div>
      )}
      {isLossy && (
        <p class="note note-warn">
          A REGEDIT4 file is in an ANSI code page, and what is pasted is not: letters beyond ASCII come out wrong. Choose the file instead.
        </p>
      )}
      <p>
        <Action<Imported>
          id="registry-import"
          change={importReg(live.value, source, node, codePage)}
          disabled={!file && text === ""}
          onDone={({ body }) => {
            setDone(body);
            return `Imported: ${counted(body.edits, "edit")}, ${body.changed} changed something`;
          }}
        />
      </p>
      {done && (
        <div class="note note-good" id="registry-imported" role="status">
          <p>
            {counted(done.edits, "edit")}, of which {done.changed} changed something{0 < done.keys.length ? ", in:" : "."}
          </p>
          <ul class="registry-keys">
            {done.keys.slice(0, MOST).map((key) => (
              <li key={key}>
                <a href={keyHref({ key, node })}>{visible(key)}</a>
              </li>
            ))}
            {MOST < done.keys.length && <li>and {done.keys.length - MOST} more</li>}
          </ul>
        </div>
      )}
    </section>
  );
}
