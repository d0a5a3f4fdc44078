// What went wrong: where, and what to do next.
import { RequestError } from "../api/request";
import type { FieldError } from "../api/types";
import { visible, visibleLines } from "../model/visible";

export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof RequestError ? error.problem : null;
  const isLogin = error instanceof RequestError && error.status === 401;
  return (
    <div class="note note-error" role="alert">
      <p>
        <strong>{visible(problem?.title ?? "Something went wrong")}</strong>
        {": "}
        {visibleLines(error instanceof Error ? error.message : String(error))}
      </p>
      {problem?.errors?.map((one) => <Field key={`${one.pointer}${one.line}${one.detail}`} error={one} />)}
      {isLogin ? <p>This server wants a token. Open the link that it printed when it started: it is good once, and leaves nothing in the URL.</p> : problem?.hint && <p class="hint">{visibleLines(problem.hint)}</p>}
      {onRetry && (
        <p>
          <button type="button" onClick={onRetry}>Try again</button>
        </p>
      )}
    </div>
  );
}

function Field({ error }: { error: FieldError }) {
  const place = [error.pointer ?? error.parameter, error.line && `line ${error.line}`, error.column && `column ${error.column}`];
  const where = place.filter(Boolean).join(", ");
  return (
    <div>
      <p>
        {where && <code>{visible(where)}</code>} {visibleLines(error.detail)}
      </p>
      {error.excerpt != null && (
        <pre class="excerpt" tabIndex={0}>
          {visible(error.excerpt)}
          {"\n"}
          {error.excerpt_column != null && `${" ".repeat(widthBefore(error.excerpt, error.excerpt_column))}^`}
        </pre>
      )}
    </div>
  );
}

/** Characters that a line shows before a column. */
function widthBefore(line: string, column: number): number {
  const before = [...line].slice(0, Math.max(0, column - 1));
  return Math.max(before.length, [...visible(before.join(""))].length);
}
