// The text of `.env.example`, made from the settings so that the two cannot differ.
import { SETTINGS, type Setting } from "./settings.ts";

/** Every setting under its section, commented out, with what it is for. */
export function envExample(): string {
  const lines = [
    "# Copy to .env and uncomment what you need. Everything runs without it.",
    "# Made from packages/config/src/settings.ts; do not edit by hand.",
  ];
  let section = "";
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting][]) {
    if (setting.section !== section) {
      section = setting.section;
      lines.push("", `# --- ${section}`);
    }
    lines.push("", `# ${setting.about}`, `# ${name}=${setting.example}`);
  }
  return `${lines.join("\n")}\n`;
}
