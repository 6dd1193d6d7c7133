// How a page looks: the colours of the dashboard, dark and light as the reader's system says, one column on a phone. No script at all.
import { createHash } from "node:crypto";
import { PARTS, type Page } from "./pages.ts";
import { asText } from "./render.ts";

const STYLE = `
:root{color-scheme:light dark;--page:#f7f8f7;--card:#fff;--text:#16211b;--faint:#55625b;--line:#c9d2cc;--soft:#eef2ef;--accent:#1a7f4b;--focus:#0b57d0}
@media (prefers-color-scheme:dark){:root{--page:#101613;--card:#18201c;--text:#e6ede9;--faint:#a3b0a9;--line:#3a4640;--soft:#202a25;--accent:#4cc38a;--focus:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.6 system-ui,sans-serif}
a{color:var(--accent)}:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:.2rem}
.skip{position:absolute;left:-999rem}.skip:focus{left:.5rem;top:.5rem;background:var(--card);padding:.5rem}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:center;padding:.6rem 1rem;background:var(--card);border-bottom:3px solid var(--accent)}
.brand{font-weight:700;font-size:1.2rem;color:var(--text);text-decoration:none}
.columns{display:grid;grid-template-columns:17rem minmax(0,1fr);gap:2rem;max-width:76rem;margin:0 auto;padding:1rem}
nav h2{font-size:.95rem;margin:1rem 0 .25rem}nav ul{list-style:none;margin:0;padding:0}nav li a{display:block;padding:.15rem .5rem;border-radius:.3rem;text-decoration:none}
nav [aria-current]{background:var(--soft);color:var(--text);font-weight:600}nav summary{cursor:pointer;padding:.15rem .5rem}
main{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.5rem 2rem;min-width:0}
h1{font-size:1.8rem;line-height:1.25;margin:.5rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem}h3{font-size:1.05rem;margin:1.5rem 0 .25rem}
main p,main li{max-width:46rem}code{font:.9em/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--soft);border:1px solid var(--line);border-radius:.4rem;padding:.75rem 1rem;overflow-x:auto}pre code{overflow-wrap:normal}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--line)}th{font-weight:600;color:var(--faint)}
td code{overflow-wrap:normal}td{min-width:6rem}
blockquote{border-left:4px solid var(--accent);margin:1rem 0;padding:.1rem 1rem;background:var(--soft)}
@media (max-width:52rem){.columns{grid-template-columns:minmax(0,1fr);gap:1rem}nav{order:2}main{padding:.75rem 1rem 1.5rem}}
@media print{header,nav{display:none}.columns{display:block}main{border:0}}`;

const DECISIONS = "/docs/explanation/decisions/";

/** The whole document of a page, with the contents beside it. */
export function documentOf(page: Page, body: string, pages: readonly Page[]): string {
  const entry = ({ path, title }: Page): string =>
    `<li><a href="${asText(path)}"${path === page.path ? ' aria-current="page"' : ""}>${asText(title)}</a></li>`;
  const contents = PARTS.map(({ folder, title }) => {
    const own = pages.filter(({ part }) => part === folder);
    const decisions = own.filter(({ path }) => path.startsWith(DECISIONS));
    const open = page.path.startsWith(DECISIONS) ? " open" : "";
    return `<h2>${title}</h2><ul>${own
      .filter((one) => !decisions.includes(one))
      .map(entry)
      .join(
        "",
      )}</ul>${decisions.length === 0 ? "" : `<details${open}><summary>Decisions</summary><ul>${decisions.map(entry).join("")}</ul></details>`}`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${asText(page.title)} · Evergreen</title><style>${STYLE}</style></head>
<body><a class="skip" href="#content">Skip to the text</a>
<header><a class="brand" href="/">Evergreen</a><a href="/docs">Documentation</a><a href="/reference">API reference</a></header>
<div class="columns"><nav aria-label="Contents">${contents.join("\n")}</nav>
<main id="content">${body}</main></div></body></html>
`;
}

/** One style, known by its hash; no script, no picture, nothing from elsewhere. */
export const handbookPolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`;
