// Small parts of explanations: outcomes, and texts of lists with an item marked.
import type { Decision } from "../api/types";
import { type ByteSpan, around } from "../model/spans";
import { visible } from "../model/visible";

const ACTIONS: Record<Decision["action"], [string, string]> = {
  admitted: ["Admitted", "badge-good"],
  refused: ["Refused", "badge-bad"],
  disconnected: ["Disconnected", "badge-bad"],
  would_block: ["Would be blocked", "badge-warn"],
};

export function ActionBadge({ action }: { action: Decision["action"] }) {
  const [words, kind] = ACTIONS[action];
  return <span class={`badge ${kind}`}>{words}</span>;
}

/** The text of a list, with an item of it marked. */
export function ListText({ text, span }: { text: string; span: ByteSpan | null }) {
  if (text === "") return <p class="soft">The text is empty.</p>;
  const [before, marked, after] = span ? around(text, span) : [text, "", ""];
  return (
    <pre class="why-text" tabIndex={0} aria-label="Text of the list">
      {visible(before)}
      {marked !== "" && <mark>{visible(marked)}</mark>}
      {visible(after)}
    </pre>
  );
}
