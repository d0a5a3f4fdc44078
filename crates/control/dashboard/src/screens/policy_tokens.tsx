// What a text means, item by item, and what is wrong with it.
import { useState } from "preact/hooks";

import type { Item, Lint, ListMeaning, TextSpan } from "../api/types";
import type { Asked } from "../model/asked";
import { excerptOf } from "../model/block_lists";
import { counted } from "../model/text";
import { visible } from "../model/visible";
import { useRested } from "../ui/rested";
import { Said } from "../ui/said";
import type { PreviewAsked } from "./policy_ask";

/** Items and lints of a text that are shown at once. */
const MOST = 60;

const WORDS: Record<string, { word: string; icon: string }> = {
  error: { word: "Error", icon: "✖" },
  warning: { word: "Warning", icon: "▲" },
  info: { word: "Note", icon: "ℹ" },
};

const ORDER = ["error", "warning", "info"];

interface ChipsProps {
  id: string;
  items: Item[];
  lints: Lint[];
  onSelect: (span: TextSpan) => void;
}

/** Each item with its columns; pressed, it is chosen in the text. */
export function Chips({ id, items, lints, onSelect }: ChipsProps) {
  const [isAll, setIsAll] = useState(false);
  if (items.length === 0) return <p class="hint">No items: this text blocks nobody.</p>;
  const seen = isAll ? items : items.slice(0, MOST);
  return (
    <div class="policy-items">
      <h3 id={`${id}-items`}>{counted(items.length, "item")}</h3>
      <ul class="policy-chips" aria-labelledby={`${id}-items`}>
        {seen.map((item) => (
          <li key={item.ordinal}>
            <Chip item={item} lints={lints} onSelect={onSelect} />
          </li>
        ))}
      </ul>
      {seen.length < items.length && (
        <button type="button" onClick={() => setIsAll(true)}>
          Show all {items.length}
        </button>
      )}
    </div>
  );
}

function Chip({ item, lints, onSelect }: { item: Item; lints: Lint[]; onSelect: (span: TextSpan) => void }) {
  const { span, text, key } = item;
  const own = lints.filter((lint) => lint.span.start < span.end && span.start < lint.span.end);
  const worst = ORDER.find((severity) => own.some((lint) => lint.severity === severity));
  const mark = worst ? WORDS[worst] : undefined;
  const last = Math.max(span.column, span.end_column - 1);
  return (
    <button type="button" class={`policy-chip policy-chip-${worst ?? "fine"}`} onClick={() => onSelect(span)}>
      {mark && (
        <span title={mark.word}>
          <span aria-hidden="true">{mark.icon}</span>
          <span class="unseen">{mark.word}: </span>
        </span>
      )}
      <code>{visible(text)}</code>
      <span class="hint">
        <span class="unseen">columns </span>
        {span.column}–{last}
      </span>
      {key !== text && key.toUpperCase() !== text.toUpperCase() && <span class="hint">= {visible(shortKey(key))}</span>}
    </button>
  );
}

/** A range from a version to itself is that version. */
function shortKey(key: string): string {
  const [low, high] = key.split("-");
  return low === high && low !== undefined ? low : key;
}

export function Lints({ text, lints, onSelect }: { text: string; lints: Lint[]; onSelect: (span: TextSpan) => void }) {
  const sorted = lints.toSorted((left, right) => ORDER.indexOf(left.severity) - ORDER.indexOf(right.severity));
  if (lints.length === 0) return null;
  return (
    <ul class="policy-lints">
      {sorted.slice(0, MOST).map((lint, place) => (
        <LintNote key={`${lint.code} ${lint.span.start} ${place}`} text={text} lint={lint} onSelect={onSelect} />
      ))}
      {MOST < lints.length && <li>and {lints.length - MOST} more</li>}
    </ul>
  );
}

function LintNote({ text, lint, onSelect }: { text: string; lint: Lint; onSelect: (span: TextSpan) => void }) {
  const { severity, message, hint, span } = lint;
  const { word, icon } = WORDS[severity] ?? { word: severity, icon: "•" };
  const { line, carets } = excerptOf(text, span);
  return (
    <li class={`note policy-lint policy-lint-${severity}`} data-code={lint.code}>
      <p>
        <span aria-hidden="true" class="policy-icon">
          {icon}
        </span>{" "}
        <strong>{word}:</strong> <Said text={message} />
      </p>
      {line !== "" && span.start < span.end && (
        <pre class="excerpt" tabIndex={0} aria-label={`The text around column ${span.column}`}>
          {line}
          {"\n"}
          <span aria-hidden="true">{carets}</span>
        </pre>
      )}
      <p class="row">
        <span class="hint">
          <Said text={hint} />
        </span>
        {span.start < span.end && (
          <button type="button" class="quiet policy-show" aria-label={`Show column ${span.column} in the text`} onClick={() => onSelect(span)}>
            Show in the text
          </button>
        )}
      </p>
    </li>
  );
}

/** What is said of a text once typing has paused; nothing while nobody types. */
export function useAnnouncement(title: string | null, meaning: Asked<ListMeaning>, preview: PreviewAsked): string {
  const text = title === null || !meaning.body ? "" : `${title}: ${inWords(meaning.body)}${cutOff(preview)}`;
  return useRested(text);
}

function inWords({ items, lints }: ListMeaning): string {
  const counts = ORDER.map((severity) => ({ severity, count: lints.filter((lint) => lint.severity === severity).length }))
    .filter(({ count }) => 0 < count)
    .map(({ severity, count }) => counted(count, (WORDS[severity]?.word ?? severity).toLowerCase()));
  const first = ORDER.flatMap((severity) => lints.filter((lint) => lint.severity === severity))[0];
  const found = counts.length === 0 ? "" : `, ${counts.join(", ")}${first ? `: ${visible(first.message)}` : ""}`;
  return `${counted(items.length, "item")}${found}.`;
}

function cutOff({ body, isStale }: PreviewAsked): string {
  if (!body || isStale) return "";
  return ` It would cut off ${counted(body.count, "session")}.`;
}
