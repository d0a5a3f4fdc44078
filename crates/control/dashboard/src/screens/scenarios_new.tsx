// A scenario to keep: out of a file, or pasted. What is wrong with it is shown at its line.
import { useRef, useState } from "preact/hooks";

import { type Scenario, keepScenario } from "../api/changes_scenarios";
import { RequestError } from "../api/request";
import { live } from "../model/current";
import { go, href } from "../router";
import { Action } from "../ui/action";
import { ProblemNote } from "../ui/problem";

/** Bytes that the server takes at the most. */
const MOST_BYTES = 1024 * 1024;

export function NewScenario() {
  const [text, setText] = useState("");
  const [refused, setRefused] = useState<unknown>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const change = (value: string) => {
    setRefused(null);
    setText(value);
  };
  const line = placeOf(refused)?.line;
  return (
    <section class="card" aria-labelledby="scenario-new-title">
      <h2 id="scenario-new-title">Keep a scenario</h2>
      <div class="field">
        <label for="scenario-file">A file, in TOML or JSON</label>
        <input
          id="scenario-file"
          type="file"
          accept=".toml,.json,application/toml,application/json,text/plain"
          onChange={async (event) => {
            const input = event.currentTarget;
            const file = input.files?.[0];
            if (!file) return;
            if (MOST_BYTES < file.size) setRefused(new Error(`${file.name} has ${file.size} bytes; a scenario has a MiB at the most`));
            else change(await file.text());
            // The same file can be chosen again when it was edited.
            input.value = "";
          }}
        />
      </div>
      <div class="field">
        <label for="scenario-text">Or its text</label>
        <textarea
          id="scenario-text"
          ref={area}
          rows={12}
          spellcheck={false}
          value={text}
          aria-invalid={refused !== null}
          {...(refused === null ? {} : { "aria-describedby": "scenario-refused" })}
          placeholder={EXAMPLE}
          onInput={(event) => change(event.currentTarget.value)}
        />
      </div>
      {refused !== null && (
        <div id="scenario-refused">
          <ProblemNote error={withExcerpt(refused, text)} />
          {line !== undefined && (
            <p>
              <button type="button" id="scenario-go-to-line" onClick={() => choose(area.current, text, line)}>
                Go to line {line}
              </button>
            </p>
          )}
        </div>
      )}
      <Action<Scenario>
        id="scenario-keep"
        kind="primary"
        change={keepScenario(live.value, text)}
        disabled={text.trim() === ""}
        onError={(error) => {
          setRefused(error);
          return true;
        }}
        onDone={({ body }) => {
          go(href(`scenarios/${encodeURIComponent(body.name)}`));
          return `${body.name} is kept`;
        }}
      />
    </section>
  );
}

const EXAMPLE = `name = "my-story"
about = "A listed program is cut off at the next poll."
start = "2006-04-22T08:00:00Z"

[[steps]]
say = "A beta program connects."
inject = [{ process = "mdl.exe", group = "beta" }]`;

function placeOf(error: unknown): { line: number; column: number } | undefined {
  const errors = error instanceof RequestError ? (error.problem?.errors ?? []) : [];
  const placed = errors.find(({ line }) => line != null);
  return placed?.line == null ? undefined : { line: placed.line, column: placed.column ?? 1 };
}

/** Characters of a line that are shown on either side of the place. */
const AROUND = 60;

/** The refusal with the line that it is about, which the page has and the server does not send. */
export function withExcerpt(error: unknown, text: string): unknown {
  if (!(error instanceof RequestError) || !error.problem) return error;
  const errors = error.problem.errors.map((one) => {
    if (one.line == null || one.excerpt != null) return one;
    // Columns count characters, not halves of them.
    const whole = [...(text.split("\n")[one.line - 1] ?? "").replace(/\r$/, "")];
    const column = Math.min(one.column ?? 1, whole.length + 1);
    const begin = Math.max(0, column - AROUND);
    return { ...one, excerpt: whole.slice(begin, column + AROUND).join(""), excerpt_column: column - begin };
  });
  return new RequestError(error.status, { ...error.problem, errors }, error.message);
}

function choose(area: HTMLTextAreaElement | null, text: string, line: number): void {
  const lines = text.split("\n");
  const begin = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area?.focus();
  area?.setSelectionRange(begin, begin + (lines[line - 1]?.length ?? 0));
}
