// The files of the built dashboard, kept in memory: the page for every address of it, its assets for ever, under a policy without exceptions.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

export interface DashboardFile {
  body: Uint8Array<ArrayBuffer>;
  type: string;
}

export interface DashboardFiles {
  page: DashboardFile;
  /** By path, such as /assets/index-1a2b.js. */
  files: ReadonlyMap<string, DashboardFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Where pages of the dashboard begin: the first part of their addresses. */
const PAGES = new Set(["", "pm", "lp", "ops", "audit", "sign-in"]);

export const isDashboardPage = (path: string): boolean => PAGES.has(path.split("/")[1] ?? "");

export function readDashboard(folder: string): DashboardFiles {
  const files = new Map<string, DashboardFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, file).split(sep).join("/")}`, { body: new Uint8Array(readFileSync(file)), type });
  }
  const page = files.get("/index.html");
  if (page === undefined) throw new Error("The folder holds no built dashboard.");
  files.delete("/index.html");
  return { page, files };
}

/** Scripts and styles from here alone, none inline; connections to here and to the API. */
export function dashboardPolicy(supabaseUrl: string): string {
  const { origin } = new URL(supabaseUrl);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${origin} ${origin.replace(/^http/, "ws")}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** The answer to a GET of a file or a page of the dashboard; undefined when it is neither. */
export function dashboardAnswer(dashboard: DashboardFiles, path: string, supabaseUrl: string): Response | undefined {
  const file = dashboard.files.get(path);
  if (file !== undefined) {
    // the name of an asset holds the hash of its content
    const cache = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    return new Response(file.body, { headers: { "content-type": file.type, "cache-control": cache } });
  }
  if (!isDashboardPage(path)) return undefined;
  return new Response(dashboard.page.body, {
    headers: {
      "content-type": dashboard.page.type,
      "cache-control": "no-cache",
      "content-security-policy": dashboardPolicy(supabaseUrl),
      "cross-origin-opener-policy": "same-origin",
      "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    },
  });
}
