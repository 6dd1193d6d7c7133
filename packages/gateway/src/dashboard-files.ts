// The files of the built dashboard, kept in memory: the page for every address of it, its assets for ever, under a policy without exceptions.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

export interface DashboardFile {
  body: Uint8Array<ArrayBuffer>;
  type: string;
  /** The same bytes compressed, by the name of the coding; absent where it gains nothing. */
  coded: Readonly<Partial<Record<Coding, Uint8Array<ArrayBuffer>>>>;
}

/** In the order in which they are preferred, with the end of the file that holds them. */
const CODINGS = { br: ".br", gzip: ".gz" } as const;
type Coding = keyof typeof CODINGS;

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
    const coded = Object.fromEntries(
      Object.entries(CODINGS).flatMap(([coding, end]) =>
        existsSync(`${file}${end}`) ? [[coding, new Uint8Array(readFileSync(`${file}${end}`))]] : [],
      ),
    );
    const body = new Uint8Array(readFileSync(file));
    files.set(`/${relative(folder, file).split(sep).join("/")}`, { body, type, coded });
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

/** The answer to a GET of a file or a page of the dashboard; undefined when it is neither. @param accepts the request's accept-encoding. */
export function dashboardAnswer(
  dashboard: DashboardFiles,
  path: string,
  supabaseUrl: string,
  accepts = "",
): Response | undefined {
  const file = dashboard.files.get(path);
  if (file !== undefined) {
    // the name of an asset holds the hash of its content
    const cache = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    return respond(file, accepts, { "cache-control": cache });
  }
  if (!isDashboardPage(path)) return undefined;
  return respond(dashboard.page, accepts, {
    "cache-control": "no-cache",
    "content-security-policy": dashboardPolicy(supabaseUrl),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
  });
}

function respond({ body, type, coded }: DashboardFile, accepts: string, headers: Record<string, string>): Response {
  const wanted = accepts.split(",").map((one) => one.trim().toLowerCase());
  // a coding with a weight, such as "br;q=0", is not taken: nobody who is served here sends one
  const coding = (Object.keys(CODINGS) as Coding[]).find((one) => coded[one] !== undefined && wanted.includes(one));
  return new Response(coding === undefined ? body : (coded[coding] ?? body), {
    headers: {
      ...headers,
      "content-type": type,
      vary: "accept-encoding",
      ...(coding === undefined ? {} : { "content-encoding": coding }),
    },
  });
}
