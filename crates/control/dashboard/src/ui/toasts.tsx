// What was done, told to eyes and to screen readers alike.
import { signal } from "@preact/signals";

interface Toast {
  id: number;
  text: string;
  kind: "done" | "error";
}

const toasts = signal<Toast[]>([]);
let last = 0;

/** Milliseconds that a toast stays, unless it is looked at. */
const STAYS = 6000;

export function toast(text: string, kind: Toast["kind"] = "done"): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value.slice(-3), { id, text, kind }];
  if (kind === "done") setTimeout(() => dismiss(id), STAYS);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, kind }) => (
        <p key={id} class={`toast toast-${kind}`}>
          <span>{text}</span>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
