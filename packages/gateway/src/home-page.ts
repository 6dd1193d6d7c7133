// The page at /stack: what runs here and where, who may sign in, what to do next, and a sign-in that lets the Temporal UI show payloads.
// No script, nothing from outside.
import { createHash } from "node:crypto";

export interface HomePage {
  html: string;
  /** Value of style-src for the one inline style. */
  styleHash: string;
}

export interface HomeFacts {
  /** Where supabase-js goes. */
  supabaseUrl: string;
  /** Whether that is this gateway. */
  embedded: boolean;
  /** Of this gateway, as browsers see it. */
  publicUrl: string;
  /** What of the system is somebody's own, by name. */
  elsewhere: readonly string[];
  /** Null: nobody said where it is. */
  temporalUiUrl: string | null;
  /** Whether each answers now. */
  database: boolean;
  temporal: boolean;
  /** The synthetic people of the demo; none without it. Their passwords are not for a page that anybody can open. */
  demoLogins: readonly { role: string; email: string }[];
  /** What came of the last sign-in. */
  message?: string;
}

const MAY: Readonly<Record<string, string>> = {
  pm_role: "asks for rebalancings, decides on those of others",
  lp_role: "sees their own orders and what the fund shows to investors",
  ops_role: "places orders, keeps the list of investors",
  audit_role: "reads everything, writes nothing",
};

const STYLE = `
:root{color-scheme:light dark;--line:#8885;--soft:#8881;--green:#1a7f4b}
@media (prefers-color-scheme:dark){:root{--green:#4cc38a}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;max-width:64rem;margin:2.5rem auto;padding:0 1.25rem}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 1rem;border-bottom:3px solid var(--green);padding-bottom:.5rem}
h1{margin:0;font-size:2rem;letter-spacing:-.02em}h2{font-size:1.15rem;margin:2rem 0 .5rem}
.tag{border:1px solid var(--line);border-radius:1rem;padding:.05rem .7rem;font-size:.85rem}
table{width:100%;border-collapse:collapse}
td,th{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600;white-space:nowrap}.up{color:var(--green);font-weight:600}.down{color:#c62828;font-weight:600}
code,pre{font:.9em/1.5 ui-monospace,monospace}p code,small code,td code{overflow-wrap:anywhere}small code{white-space:nowrap}
pre{background:var(--soft);border:1px solid var(--line);border-radius:.4rem;padding:.75rem 1rem;overflow-x:auto;margin:.5rem 0}
form{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end}label{flex:1 1 14rem}
input,button{font:inherit;padding:.35rem .6rem;border:1px solid var(--line);border-radius:.4rem}
input{display:block;width:100%}button{background:var(--green);color:Canvas;border-color:var(--green);cursor:pointer}
p{margin:.5rem 0}small{opacity:.8}
@media (max-width:40rem){small code{white-space:normal}.people td{display:block;padding:.1rem 0}.people td:not(:last-child){border:0}}`;

export function homePage(facts: HomeFacts): HomePage {
  const { temporalUiUrl, supabaseUrl, publicUrl, embedded, elsewhere, demoLogins, message = "" } = facts;
  const demo = demoLogins.length > 0;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Evergreen</title><style>${STYLE}</style></head>
<body><main>
<header><h1>Evergreen</h1><span>operations for evergreen funds</span>
${demo ? '<span class="tag">Demo data: every fund, person and figure of it is synthetic</span>' : ""}</header>
<p>${where(elsewhere)}</p>

<h2>What runs where</h2>
<table>
${row("API", `${code(supabaseUrl)} for <code>supabase-js</code>; its publishable key is in <a href="/config.json">config.json</a>`)}
${row("Database", state(facts.database))}
${row("Temporal", state(facts.temporal))}
${row("Temporal UI", temporalUiUrl ? `${link(temporalUiUrl)}: every run, step by step` : "your own; set <code>TEMPORAL_UI_URL</code> and it is linked here")}
${row("Documentation", '<a href="/docs">docs</a>: tutorial, how-to guides, reference, explanation')}
${row("Health", '<a href="/health">health</a>, for machines')}
</table>
${demo ? loginTable(demoLogins) : ""}
<h2>Next, in a second terminal</h2>
<pre>npx --no-install evergreen funds list
npx --no-install evergreen rebalance --fund ${demo ? "DEMO" : "CODE"} --wait
npx --no-install evergreen proposals approve ID --hash HASH --as ${demo ? "pm2@demo.evergreen.example" : "SECOND-PERSON"} --wait
npx --no-install evergreen --help</pre>
<p>A fund of your own: <code>npx --no-install evergreen import nport filing.xml --fund KY1</code> reads an SEC Form N-PORT.</p>

<h2>Read payloads in the Temporal UI</h2>
<p>What a run was given and what it answered is encrypted. Sign in here; then, once per browser, open the UI's codec settings (the glasses at
its top), enter the endpoint ${code(`${publicUrl}/codec`)}, switch on “Include cross-origin credentials” and apply.</p>
<form method="post" action="/session">
<label>E-mail <input name="email" type="email" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<label>Code of your authenticator, if you have one <input name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}"></label>
<button>Sign in</button>
</form>
<p role="status">${message === "" ? "" : `<strong>${asText(message)}</strong>`}</p>
<small>For portfolio managers, operations and auditors${embedded ? "; it lasts ten minutes" : ""}.</small>
</main></body></html>
`;
  return { html, styleHash: `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'` };
}

const where = (elsewhere: readonly string[]): string =>
  elsewhere.length === 0
    ? "Everything runs on this machine, and nothing phones home."
    : `It uses what was set: ${asText(elsewhere.join(", "))}. All else runs on this machine.`;
const row = (name: string, cell: string): string => `<tr><th scope="row">${name}</th><td>${cell}</td></tr>`;
const code = (text: string): string => `<code>${asText(text)}</code>`;
const link = (url: string): string => `<a href="${asText(url)}">${asText(url)}</a>`;
const state = (answers: boolean): string =>
  answers
    ? '<span class="up">answers</span>'
    : '<span class="down">does not answer</span>: <code>npx --no-install evergreen doctor</code> says what to do';

function loginTable(logins: HomeFacts["demoLogins"]): string {
  const rows = logins.map(
    ({ role, email }) => `<tr><td>${code(email)}</td><td>${code(role)}</td><td>${asText(MAY[role] ?? "")}</td></tr>`,
  );
  return `
<h2>Demo logins</h2>
<table class="people">
${rows.join("\n")}
</table>
<p><small>Synthetic people. Their passwords stand in the banner of the terminal that started this;
<code>npx --no-install evergreen up --detach</code> prints it again.</small></p>`;
}

function asText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
