// The head of a screen. It takes the focus when the screen is opened, so that whoever uses a keyboard or a screen reader is
// there too.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

let isFirst = true;

export function Heading({ title, children }: { title: string; children?: ComponentChildren }) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – exstore`;
    if (!isFirst) head.current?.focus();
    isFirst = false;
  }, [title]);
  return (
    <div class="heading">
      <h1 ref={head} tabIndex={-1}>
        {title}
      </h1>
      {children && <div class="heading-side">{children}</div>}
    </div>
  );
}
