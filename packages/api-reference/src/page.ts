// The reference page: Swagger UI from npm, started by a script of its own file, so that no inline script is needed and nothing comes from elsewhere.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import folderOfSwagger from "swagger-ui-dist/absolute-path.js";

export interface ReferenceFile {
  body: string;
  type: string;
}

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>API reference · Evergreen</title><link rel="stylesheet" href="/reference/swagger-ui.css"></head>
<body><main id="reference"></main><script src="/reference/swagger-ui-bundle.js"></script><script src="/reference/start.js"></script></body></html>
`;

const START = `window.SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#reference", deepLinking: true, docExpansion: "list", filter: true,
  defaultModelsExpandDepth: -1, validatorUrl: null, persistAuthorization: false,
});
`;

/** The files of the page by path; read from the package once. */
export function referenceFiles(): ReadonlyMap<string, ReferenceFile> {
  const folder = folderOfSwagger();
  const packed = (name: string): string => readFileSync(join(folder, name), "utf8");
  return new Map<string, ReferenceFile>([
    ["/reference", { body: PAGE, type: "text/html; charset=utf-8" }],
    ["/reference/start.js", { body: START, type: "text/javascript; charset=utf-8" }],
    ["/reference/swagger-ui.css", { body: packed("swagger-ui.css"), type: "text/css; charset=utf-8" }],
    [
      "/reference/swagger-ui-bundle.js",
      { body: packed("swagger-ui-bundle.js"), type: "text/javascript; charset=utf-8" },
    ],
  ]);
}

/** Scripts and styles from here alone; its icons are data of the style sheet. */
export const referencePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
