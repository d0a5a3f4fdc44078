// What was done, told to eyes and to screen readers alike.
import { signal } from "@preact/signals";

import { visible } from "../model/visible";

interface Toast {
  id: number;
  text: string;
}

const toasts = signal<Toast[]>([]);
let last = 0;

/** Milliseconds that a toast stays, unless it is looked at. */
const STAYS = 6000;

/** What each waits for to go; those that are looked at wait for nothing. */
const timers = new Map<number, number>();

/** Toasts that are shown at once; those that are looked at stay. */
const MOST = 4;

export function toast(text: string): void {
  last += 1;
  const id = last;
  const before = toasts.value;
  const goes = before.length < MOST ? undefined : before.find((one) => timers.has(one.id));
  if (goes) hold(goes.id);
  toasts.value = [...before.filter((one) => one !== goes), { id, text: visible(text) }];
  letGo(id);
}

function letGo(id: number): void {
  hold(id);
  timers.set(id, window.setTimeout(() => dismiss(id), STAYS));
}

function hold(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

function dismiss(id: number): void {
  hold(id);
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

/** What is pressed goes with the press: the focus goes to the toast beside it, or to the screen. */
function dismissHere(button: HTMLElement, id: number): void {
  const place = button.closest(".toast");
  const beside = (place?.nextElementSibling ?? place?.previousElementSibling)?.querySelector("button");
  dismiss(id);
  (beside ?? document.getElementById("main"))?.focus();
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text }) => (
        <p
          key={id}
          class="toast"
          onPointerEnter={() => hold(id)}
          onPointerLeave={(event) => event.currentTarget.contains(document.activeElement) || letGo(id)}
          onFocusCapture={() => hold(id)}
          onBlurCapture={(event) => event.currentTarget.matches(":hover") || letGo(id)}
        >
          <span>{text}</span>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={(event) => dismissHere(event.currentTarget, id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
