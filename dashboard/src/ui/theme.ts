// Dark or light: what the machine says until somebody chooses, then what was chosen in this browser.
const KEY = "evergreen-theme";

export type Theme = "light" | "dark";

const chosen = (): Theme | null => {
  const kept = localStorage.getItem(KEY);
  return kept === "dark" || kept === "light" ? kept : null;
};

export const currentTheme = (): Theme =>
  chosen() ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

export function applyTheme(): void {
  document.documentElement.dataset.theme = currentTheme();
}

export function toggleTheme(): Theme {
  const next = currentTheme() === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, next);
  applyTheme();
  return next;
}
