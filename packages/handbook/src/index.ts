// The documentation as pages that a gateway serves.
import { documentOf } from "./layout.ts";
import { pagesOf } from "./pages.ts";
import { bodyOf } from "./render.ts";

export { handbookPolicy } from "./layout.ts";
export { PARTS, type Page, pagesOf } from "./pages.ts";
export { anchorOf, bodyOf, targetOf } from "./render.ts";

/** Every page as an HTML document, by its path. `openapi`: the document of this stack, null where it has none. */
export function handbook(root: string, openapi: string | null): ReadonlyMap<string, string> {
  const pages = pagesOf(root, openapi);
  const byFile = new Map(pages.flatMap(({ file, path }) => (file === null ? [] : [[file, path] as const])));
  return new Map(pages.map((page) => [page.path, documentOf(page, bodyOf(page, byFile), pages)]));
}
