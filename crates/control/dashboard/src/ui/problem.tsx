// What went wrong: where, and what to do next.
import { RequestError } from "../api/request";
import type { FieldError } from "../api/types";

export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof RequestError ? error.problem : null;
  const isLogin = error instanceof RequestError && error.status === 401;
  return (
    <div class="note note-error" role="alert">
      <p>
        <strong>{problem?.title ?? "Something went wrong"}</strong>
        {": "}
        {error instanceof Error ? error.message : String(error)}
      </p>
      {problem?.errors?.map((one) => <Field key={`${one.pointer}${one.line}${one.detail}`} error={one} />)}
      {isLogin ? <p>This server wants a token. Open the link that it printed when it started: it is good once, and leaves nothing in the URL.</p> : problem?.hint && <p class="hint">{problem.hint}</p>}
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
        {where && <code>{where}</code>} {error.detail}
      </p>
      {error.excerpt != null && (
        <pre class="excerpt" tabIndex={0}>
          {error.excerpt}
          {"\n"}
          {error.excerpt_column != null && `${" ".repeat(Math.max(0, error.excerpt_column - 1))}^`}
        </pre>
      )}
    </div>
  );
}
