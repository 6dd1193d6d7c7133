// A page as HTML: Markdown without HTML of its own, links that lead to other pages, headings that can be linked to.
import { posix } from "node:path";
import { Marked, type Token } from "marked";
import type { Page } from "./pages.ts";

export const asText = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The anchor of a heading, as GitHub makes it. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

/** Where a link of a page leads: to a page, to the web, to an address of this gateway; undefined: to a file that is no page. */
export function targetOf(href: string, from: Page, byFile: ReadonlyMap<string, string>): string | undefined {
  if (/^(https:\/\/|#|\/)/.test(href)) return href;
  if (/^[a-z]+:/i.test(href)) return undefined;
  const [path = "", anchor] = href.split("#");
  const file = posix.normalize(posix.join(posix.dirname(from.file ?? "docs/reference/x"), path));
  const page = byFile.get(file) ?? byFile.get(`${file.replace(/\/$/, "")}/README.md`);
  return page === undefined ? undefined : `${page}${anchor === undefined ? "" : `#${anchor}`}`;
}

const plainText = (tokens: readonly Token[]): string =>
  tokens
    .map((token) =>
      "tokens" in token && token.tokens ? plainText(token.tokens) : "text" in token ? String(token.text) : "",
    )
    .join("");

/** The body of a page. `byFile`: the address of every page by its file. */
export function bodyOf(page: Page, byFile: ReadonlyMap<string, string>): string {
  const marked = new Marked({ gfm: true });
  const seen = new Map<string, number>();
  marked.use({
    renderer: {
      html: ({ text }) => (text.startsWith("<!--") ? "" : asText(text)),
      image: ({ text }) => asText(text),
      heading({ tokens, depth }) {
        const anchor = anchorOf(plainText(tokens));
        const times = seen.get(anchor) ?? 0;
        seen.set(anchor, times + 1);
        const id = times === 0 ? anchor : `${anchor}-${times}`;
        return `<h${depth} id="${asText(id)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const target = targetOf(href, page, byFile);
        const words = this.parser.parseInline(tokens);
        return target === undefined ? words : `<a href="${asText(target)}">${words}</a>`;
      },
      // wide tables and long commands scroll by themselves, with the keyboard too
      code: ({ text }) => `<pre tabindex="0"><code>${asText(text)}</code></pre>\n`,
      table(token) {
        const row = (cells: string): string => `<tr>${cells}</tr>`;
        const head = row(
          token.header.map((one) => `<th scope="col">${this.parser.parseInline(one.tokens)}</th>`).join(""),
        );
        const rows = token.rows.map((cells) =>
          row(cells.map((one) => `<td>${this.parser.parseInline(one.tokens)}</td>`).join("")),
        );
        return `<div class="wide" tabindex="0"><table><thead>${head}</thead><tbody>${rows.join("")}</tbody></table></div>\n`;
      },
    },
  });
  return marked.parse(page.markdown, { async: false });
}
