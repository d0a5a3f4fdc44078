// Light, dark, or as the system has it.
import { signal } from "@preact/signals";

type Theme = "system" | "light" | "dark";

const KEY = "exstore.theme";
const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

const theme = signal<Theme>(stored());
show(theme.value);

function stored(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    // A browser that keeps nothing has the system's.
    return "system";
  }
}

function show(chosen: Theme): void {
  document.documentElement.dataset.theme = chosen;
}

function choose(chosen: Theme): void {
  theme.value = chosen;
  show(chosen);
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // It is for this page alone then.
  }
}

export function ThemeButton() {
  return (
    <button type="button" class="quiet theme" onClick={() => choose(NEXT[theme.value])}>
      Theme: {theme.value}
    </button>
  );
}
