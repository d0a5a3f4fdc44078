// What a screen says while it has nothing: what would be here, and the first command that brings something.
import type { ComponentChildren } from "preact";

import { Copyable } from "./action";

export function Empty({ title, children, command }: { title: string; children?: ComponentChildren; command?: string }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
      {command && <Copyable name="Command line" text={command} />}
    </div>
  );
}
