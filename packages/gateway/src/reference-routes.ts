// /openapi.json and /reference: what a program may ask of this stack, and the page that shows it. Neither tells anything of anybody's data.
import { referenceFiles, referencePolicy } from "@evergreen-fund/api-reference";
import type { Hono } from "hono";

/** `openapi`: the document as text; made when it is first asked for, then kept. */
export function serveReference<E extends object>(app: Hono<E>, openapi: () => Promise<string>): void {
  let made: Promise<string> | undefined;
  const files = referenceFiles();
  app.get("/openapi.json", async () => {
    made ??= openapi().catch((error: unknown) => {
      made = undefined; // the database was away: the next one asks again
      throw error;
    });
    return new Response(await made, { headers: { "content-type": "application/json", "cache-control": "no-cache" } });
  });
  for (const [path, { body, type }] of files)
    app.get(path, () =>
      Promise.resolve(
        new Response(body, {
          headers: { "content-type": type, "cache-control": "no-cache", "content-security-policy": referencePolicy },
        }),
      ),
    );
}
