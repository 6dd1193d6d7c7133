// /docs: the documentation that came with this version. It tells nothing of anybody's data.
import { REPOSITORY_ROOT } from "@evergreen-fund/config";
import { handbook, handbookPolicy } from "@evergreen-fund/handbook";
import type { Env, Hono } from "hono";

/** `openapi`: the document as text, or null where a real project serves the API. Pages are made when the first is asked for, then kept. */
export function serveDocs<E extends Env>(app: Hono<E>, openapi: (() => Promise<string>) | null): void {
  let made: Promise<ReadonlyMap<string, string>> | undefined;
  const pages = () => {
    made ??= (openapi?.() ?? Promise.resolve(null)).then((document) => handbook(REPOSITORY_ROOT, document));
    // the database was away: the next one asks again
    made.catch(() => {
      made = undefined;
    });
    return made;
  };
  app.on("GET", ["/docs", "/docs/*"], async (context, next) => {
    const { path } = context.req;
    if (path !== "/docs" && path.endsWith("/")) return context.redirect(path.slice(0, -1), 301);
    const page = (await pages()).get(path);
    if (page === undefined) return next();
    return new Response(page, {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "content-security-policy": handbookPolicy,
      },
    });
  });
}
