// The documentation as it is served: every page and link is there, headings can be linked to, and no text becomes markup.
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { EVENTS } from "@evergreen-fund/domain/events.ts";
import { expect, it } from "vitest";
import { bodyOf, handbook, handbookPolicy, PARTS, type Page, pagesOf } from "./index.ts";

const OPENAPI = JSON.stringify({
  paths: { "/rest/v1/rpc/fn_one": { post: { summary: "Does | one thing", "x-roles": ["pm_role", "lp_role"] } } },
});
const pages = handbook(REPOSITORY_ROOT, OPENAPI);

it("has all four parts, and every page of a folder", () => {
  for (const { folder } of PARTS) expect(pagesOf(REPOSITORY_ROOT, null).some(({ part }) => part === folder)).toBe(true);
  expect([...pages.keys()]).toEqual(
    expect.arrayContaining([
      "/docs",
      "/docs/tutorial/first-dealing-day",
      "/docs/reference/commands",
      "/docs/reference/functions",
    ]),
  );
  expect(pages.get("/docs/reference/functions")).toContain("Does | one thing</td><td>pm, lp");
  for (const type of Object.keys(EVENTS)) expect(pages.get("/docs/reference/events")).toContain(`<code>${type}</code>`);
});

it("leads from every link to a page and heading that are there, and to no other place but the web", () => {
  const lost: string[] = [];
  for (const [path, html] of pages)
    for (const [, href = ""] of html.matchAll(/href="([^"]*)"/g)) {
      if (/^https:\/\/|^\/$|^\/reference$/.test(href)) continue;
      const [page, anchor] = href.startsWith("#") ? [path, href.slice(1)] : href.split("#");
      const target = pages.get(page ?? "");
      if (target === undefined || (anchor !== undefined && !target.includes(`id="${anchor}"`)))
        lost.push(`${path}: ${href}`);
    }
  expect(lost).toEqual([]);
});

it("has a document per page without script, foreign address or style beside the one that its policy names", () => {
  expect(handbookPolicy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}';/);
  for (const html of pages.values()) {
    expect(html.match(/<script|<img|<iframe| style=| on[a-z]+=/g)).toBeNull();
    expect(html.match(/<style>/g)).toHaveLength(1);
    expect(html.match(/<h1/g)).toHaveLength(1);
  }
});

it("makes text of markup in a text, and nothing of a link that is none", () => {
  const page: Page = {
    path: "/docs/x",
    file: "docs/x.md",
    part: null,
    title: "X",
    markdown:
      '# X\n\n<script>alert(1)</script>\n\nA <b onclick="x">b</b> [a](javascript:alert(1)) [b](../package.json) `<i>`\n\n## Twice\n\n## Twice\n',
  };
  const html = bodyOf(page, new Map());
  expect(html).not.toMatch(/<script|<b |javascript:|<i>/);
  expect(html).toContain('<h2 id="twice">Twice</h2>\n<h2 id="twice-1">');
  expect(html).not.toContain("href");
});
