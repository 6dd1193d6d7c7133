// The page a person opens first: what each part of the file is, in plain words, with its rows as a table. No script, nothing loaded, every value escaped.
import type { Row } from "./subject-pack.ts";
import { NOT_FOR_SUBJECT, SUBJECT_PARTS } from "./subject-tables.ts";

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (mark) => `&#${mark.codePointAt(0)};`).replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return escaped(value.join("; "));
  if (typeof value === "object") return escaped(JSON.stringify(value));
  return escaped(String(value));
}

function tableOf(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((column) =>
    rows.some((row) => row[column] !== null && row[column] !== undefined),
  );
  const head = columns.map((column) => `<th scope="col">${escaped(column.replaceAll("_", " "))}</th>`).join("");
  const body = rows.map((row) => `<tr>${columns.map((column) => `<td>${shown(row[column])}</td>`).join("")}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`;
}

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}table{border-collapse:collapse;font-size:14px}" +
  "th,td{border:1px solid #999;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}div{overflow-x:auto}";

/** `tables`: rows by the name of their table; all of `SUBJECT_PARTS`. */
export function pageOf(tables: ReadonlyMap<string, readonly Row[]>, madeAt: string): string {
  const parts = Object.entries(SUBJECT_PARTS).map(([table, part]) => ({ ...part, rows: tables.get(table) ?? [] }));
  const full = parts.filter(({ rows }) => rows.length > 0);
  const empty = parts.filter(({ rows }) => rows.length === 0);
  const reasons = [...new Set(Object.values(NOT_FOR_SUBJECT))];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Your data</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><style>${STYLE}</style></head><body>
<h1>Your data</h1>
<p>This is everything that we keep about you and may give you, as it stood at ${escaped(madeAt)} (UTC). The same rows are in the files named below,
one row a line, for programs. Amounts and units are written in full; a code such as a long number with hyphens names a record and is nobody's name.</p>
<p>You may ask for a correction, for an erasure once we no longer have to keep something, and complain to the data protection authority of your country.
Whoever received this file can check that nothing in it was changed: <code>evergreen evidence verify FILE</code>, without a connection to anything.</p>
<h2>Contents</h2><ul>
${full.map(({ title, rows, member }) => `<li>${escaped(title)}: ${rows.length} (<code>${escaped(member)}</code>)</li>`).join("\n")}
</ul>
${full.map(({ title, says, rows }) => `<h2>${escaped(title)}</h2><p>${escaped(says)}</p><div>${tableOf(rows)}</div>`).join("\n")}
<h2>What there is nothing of</h2><p>${escaped(empty.map(({ title }) => title).join(" · "))}</p>
<h2>What is not given to anybody</h2><ul>
${reasons.map((reason) => `<li>${escaped(reason)}</li>`).join("\n")}
</ul></body></html>`;
}
