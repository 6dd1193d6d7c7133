// The page at /: what runs here and where, and a sign-in that lets the Temporal UI show payloads. No script, nothing from outside.
import { createHash } from "node:crypto";

export interface HomePage {
  html: string;
  /** Value of style-src for the one inline style. */
  styleHash: string;
}

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}
dt{font-weight:600;margin-top:1rem}dd{margin:0}label{display:block;margin:.5rem 0}
input{font:inherit;width:100%;max-width:22rem;display:block}button{font:inherit;margin-top:.5rem}
small{opacity:.8}`;

/** @param temporalUiUrl null when Temporal is somebody else's. */
export function homePage(temporalUiUrl: string | null, message = ""): HomePage {
  const temporal = temporalUiUrl
    ? `<dt>Temporal UI</dt><dd><a href="${asText(temporalUiUrl)}">${asText(temporalUiUrl)}</a>: every run, step by step. Payloads are
encrypted; sign in below and tick "include cross-origin credentials" in the UI's codec settings to read them.</dd>`
    : "<dt>Temporal</dt><dd>Your own server; its UI is yours too.</dd>";
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Evergreen</title><style>${STYLE}</style></head>
<body><main>
<h1>Evergreen</h1>
<p>Everything runs on this machine and nothing phones home. The demo fund is synthetic.</p>
<dl>
<dt>API</dt><dd><code>/rest/v1</code> and <code>/auth/v1</code>, for <code>supabase-js</code>; the address and the publishable key are in
<a href="/config.json">/config.json</a>.</dd>
<dt>Health</dt><dd><a href="/health">/health</a></dd>
${temporal}
<dt>Command line</dt><dd><code>npx --no-install evergreen --help</code></dd>
</dl>
<h2>Read payloads in the Temporal UI</h2>
<form method="post" action="/session">
<label>E-mail <input name="email" type="email" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in for ten minutes</button>
<p role="status">${asText(message)}</p>
<small>For portfolio managers, operations and auditors.</small>
</form>
</main></body></html>
`;
  return { html, styleHash: `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'` };
}

function asText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
