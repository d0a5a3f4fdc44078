// What a screen says while it has nothing: what would be here, and the first command that brings something.
import type { ComponentChildren } from "preact";

import type { Command } from "../api/change";
import { CommandLine } from "./action";

export function Empty({ title, children, command }: { title: string; children?: ComponentChildren; command?: Command }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
      {command && <CommandLine command={command} />}
    </div>
  );
}
