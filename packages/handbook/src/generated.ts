// References made from the lists that the system runs by, so that they cannot say anything else than it does.
import { SETTINGS, type Setting } from "@evergreen-fund/config/settings.ts";
import { ERRORS } from "@evergreen-fund/domain/errors.ts";
import { EVENTS } from "@evergreen-fund/domain/events.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const table = (headers: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headers, headers.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");
const code = (text: string): string => (text === "" ? "" : `\`${text}\``);

/** Every setting, by its section; of a secret one only that it is. */
export function settingsPage(): string {
  const sections = new Map<string, string[][]>();
  for (const [name, one] of Object.entries(SETTINGS) as [string, Setting][]) {
    const rows = sections.get(one.section) ?? [];
    sections.set(one.section, rows);
    rows.push([code(name), one.about, one.secret ? "secret" : code(one.example)]);
  }
  const parts = [...sections].map(
    ([section, rows]) => `## ${section}\n\n${table(["Setting", "What it is for", "Example or default"], rows)}`,
  );
  return `# Settings\n\nCopy \`.env.example\` to \`.env\` and say what is yours; everything runs without it.\n\n${parts.join("\n\n")}\n`;
}

const MODE_WORDS: Readonly<Record<string, string>> = {
  run: "starts a run",
  batch: "goes with others of its type into one run",
  tell: "knocks at the run that waits for it",
  note: "is recorded; nothing follows",
};

/** Every type of event: what follows and what it carries. */
export function eventsPage(): string {
  const rows = Object.entries(EVENTS).map(([type, { mode, payload, ...rest }]) => {
    const playbook = "playbook" in rest && typeof rest.playbook === "string" ? ` (\`${rest.playbook}\`)` : "";
    return [code(type), `${MODE_WORDS[mode] ?? mode}${playbook}`, Object.keys(payload.shape).map(code).join(", ")];
  });
  return `# Events\n\nWhat may happen, and what follows from it. An event carries ids, codes and counts; no personal data.\n\n${table(["Event", "What follows", "Payload"], rows)}\n`;
}

/** Every code a refusal may carry, with the exit code of the command line. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([name, { meaning, exit }]) => [code(name), meaning, String(exit)]);
  return `# Errors\n\nEvery refusal has a code and one sentence that says what to do. The last column is the exit code of the command line.\n\n${table(["Code", "Meaning", "Exit"], rows)}\n`;
}

interface Operation {
  summary: string;
  "x-roles"?: string[];
}

/** Every function that people may call, from the OpenAPI document of this stack. */
export function functionsPage(openapi: string): string {
  const { paths } = JSON.parse(openapi) as { paths: Record<string, { post?: Operation; get?: Operation }> };
  const rows = Object.entries(paths).flatMap(([path, { post }]) => {
    const name = /^\/rest\/v1\/rpc\/(.+)$/.exec(path)?.[1];
    return name === undefined || post === undefined
      ? []
      : [[code(name), post.summary, (post["x-roles"] ?? []).map((role) => role.replace(/_role$/, "")).join(", ")]];
  });
  return `# Functions\n\nThe only way to change anything. [The API reference](/reference) shows arguments and answers of each, and the tables that may be read.\n\n${table(["Function", "What it does", "Who may"], rows)}\n`;
}
