// A question before what can't be undone. The browser's own `confirm` stops the page and can't be styled or read at 200 percent.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { visible, visibleLines } from "../model/visible";

interface Question {
  text: string;
  /** What the button that goes on says. */
  label: string;
  answer: (goesOn: boolean) => void;
}

const asked = signal<Question | null>(null);

/** Asks, and has the answer. Escape is a no. */
export function confirmed(text: string, label: string): Promise<boolean> {
  return new Promise((answer) => {
    asked.value = { text: visibleLines(text), label: visible(label), answer };
  });
}

/** Where questions are asked; there is one of it in the page. The focus goes back to where it was when it closes. */
export function ConfirmDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const goesOn = useRef(false);
  const question = asked.value;
  useEffect(() => {
    if (!question) return;
    goesOn.current = false;
    dialog.current?.showModal();
  }, [question]);
  const close = (answer: boolean) => {
    goesOn.current = answer;
    dialog.current?.close();
  };
  return (
    <dialog
      ref={dialog}
      role="alertdialog"
      class="confirm-dialog"
      aria-labelledby="confirm-title"
      aria-describedby="confirm-text"
      onClose={() => {
        asked.value = null;
        question?.answer(goesOn.current);
      }}
    >
      {question && (
        <>
          <h2 id="confirm-title">{question.label}?</h2>
          <p id="confirm-text">{question.text}</p>
          <p class="dialog-buttons">
            <button type="button" onClick={() => close(false)}>
              Cancel
            </button>
            <button type="button" id="confirm-yes" class="danger" onClick={() => close(true)}>
              {question.label}
            </button>
          </p>
        </>
      )}
    </dialog>
  );
}
