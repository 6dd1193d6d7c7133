// Pages of the dashboard on their way: a call of a function that only reads and answers one jsonb goes to Postgres in one message and comes back as the
// text that Postgres wrote. What is not exactly such a call is left to the library of the API, which answers it alike.
import { toEvergreenError } from "@evergreen-fund/supabase-client";
import type { ReadCaller, Signature } from "@evergreen-fund/supabase-client/read-caller.ts";
import type { Claims } from "./access-token.ts";
import { answerTo } from "./public-error.ts";

const PATH = "/rest/v1/rpc/";
const JSON_TYPE = "application/json; charset=utf-8";
const STATUS: Readonly<Record<string, number>> = { EG400: 400, EG404: 404, EG503: 503 };

/** A request before its body is read. */
export interface Asked {
  method: string;
  /** With its query. */
  url: string;
  header: (name: string) => string | undefined;
  body: () => Promise<string>;
}

/** A Request, read so that it can be read again. */
export const askedBy = (request: Request): Asked => ({
  method: request.method,
  url: request.url,
  header: (name) => request.headers.get(name) ?? undefined,
  body: () => request.clone().text(),
});

/** The answer to such a call, with the claims of a token that was found good; undefined for any other request. */
export async function answerPageRead(caller: ReadCaller, asked: Asked, claims: Claims): Promise<Response | undefined> {
  const url = new URL(asked.url);
  if (asked.method !== "POST" || !url.pathname.startsWith(PATH) || url.search !== "") return undefined;
  const fn = url.pathname.slice(PATH.length);
  const signature = caller.signatures.get(fn);
  if (signature === undefined || asksForMore(asked.header)) return undefined;
  const args = argumentsIn(await asked.body(), signature);
  if (args === undefined) return undefined;
  try {
    const answer = await caller.call([claims.role, JSON.stringify(claims)], fn, args);
    return new Response(answer ?? "null", { headers: { "content-type": JSON_TYPE } });
  } catch (error) {
    const { status, ...shown } = answerTo(error) ?? unforeseen(error);
    return Response.json({ ...shown, details: null, hint: null }, { status });
  }
}

function unforeseen(error: unknown): { status: number; code: string; message: string } {
  const { code, message } = toEvergreenError(error);
  return { status: STATUS[code] ?? 500, code, message };
}

/** Another schema, another form of the answer, a preference: the library knows them. */
function asksForMore(header: Asked["header"]): boolean {
  const accept = header("accept");
  return (
    !(header("content-type") ?? "").startsWith("application/json") ||
    (accept !== undefined && accept !== "*/*" && accept !== "application/json") ||
    (header("content-profile") ?? "public") !== "public" ||
    header("prefer") !== undefined
  );
}

/** Every argument as the text that its type reads; undefined when one is not plainly that. */
function argumentsIn(body: string, signature: Signature): [string, string | null][] | undefined {
  let given: unknown;
  try {
    given = body === "" ? {} : JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) return undefined;
  const args: [string, string | null][] = [];
  // by name, so that the same arguments are the same prepared statement in whatever order they come
  for (const [name, value] of Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const type = signature.get(name);
    const text = type === undefined ? undefined : textOf(value, type);
    if (text === undefined) return undefined;
    args.push([name, text]);
  }
  return args;
}

function textOf(value: unknown, type: string): string | null | undefined {
  if (value === null) return null;
  // a number that JavaScript has rounded, and a type that reads its own JSON, are the library's
  if (type === "json" || type === "jsonb" || type.endsWith("[]")) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return String(value);
  return undefined;
}
