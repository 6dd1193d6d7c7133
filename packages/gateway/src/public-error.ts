// What a caller and the log may know of a database error: its code and its one-sentence message. Never DETAIL, HINT or CONTEXT:
// inside a definer function they can show rows that the caller may not see.
import { inspect } from "node:util";

interface DatabaseError {
  code: string;
  message: string;
}

/** HTTP status by SQLSTATE, exact codes first, then classes; as PostgREST answers them. Everything else is a 500. */
const STATUS: Record<string, number> = {
  EG401: 401,
  EG403: 403,
  EG404: 404,
  EG409: 409,
  EG413: 413,
  EG500: 500,
  EG503: 503,
  "23503": 409,
  "23505": 409,
  "25006": 405,
  "42883": 404,
  "42P01": 404,
  "42P17": 500,
  "57014": 504,
  P0001: 400,
};
const CLASS_STATUS: Record<string, number> = {
  EG: 400,
  "08": 503,
  "21": 400,
  "22": 400,
  "23": 400,
  "40": 409,
  "42": 400,
  "53": 503,
  "55": 503,
  "57": 503,
};

/** Codes whose message was written for people; of the others only harmless classes keep theirs. */
const KEEPS_MESSAGE = /^(EG|P0001|21|22|23|25006|42|57014)/;

function isDatabaseError(error: unknown): error is DatabaseError {
  return (
    error instanceof Error &&
    typeof (error as Partial<DatabaseError>).code === "string" &&
    /^[0-9A-Z]{5}$/.test((error as unknown as DatabaseError).code)
  );
}

/** An error as the API's error path expects it: a JSON message, a JSON status, and nothing else that a log could print. */
class PublicError extends Error {
  readonly code = "PGRST";
  readonly detail: string;
  constructor(status: number, code: string, message: string) {
    super(JSON.stringify({ code, message }));
    this.detail = JSON.stringify({ status, headers: {} });
    delete this.stack;
  }
  [inspect.custom](): string {
    return `refused: ${this.message}`;
  }
}

/** "Permission denied" keeps its own code: the API answers 401 to a caller who is not signed in and 403 to everybody else. */
class NotAllowed extends Error {
  readonly code = "42501";
  constructor(message: string) {
    super(message);
    delete this.stack;
  }
  [inspect.custom](): string {
    return `refused: ${this.message}`;
  }
}

/** Replaces a database error by what may be shown of it; keeps every other error, but makes it print as one line. */
export function publicError(error: unknown): unknown {
  if (isDatabaseError(error)) {
    const { code } = error;
    if (code === "42501") return new NotAllowed(error.message);
    const status = STATUS[code] ?? CLASS_STATUS[code.slice(0, 2)] ?? 500;
    return new PublicError(status, code, KEEPS_MESSAGE.test(code) ? error.message : "The database could not do this.");
  }
  if (error instanceof Error) {
    const name = (error as { code?: unknown }).code;
    if (typeof name === "string" && /^(ECONN|ENOTFOUND|CONNECT|CONNECTION)/.test(name)) {
      return new PublicError(503, "EG503", "The database does not answer.");
    }
    Object.defineProperty(error, inspect.custom, { value: () => `refused: ${error.message}`, enumerable: false });
  }
  return error;
}

/** Status, code and sentence of a database error as a signed-in caller may see it; undefined for any other error. */
export function answerTo(error: unknown): { status: number; code: string; message: string } | undefined {
  const shown = publicError(error);
  if (shown instanceof NotAllowed) return { status: 403, code: shown.code, message: shown.message };
  if (!(shown instanceof PublicError)) return undefined;
  return {
    ...(JSON.parse(shown.message) as { code: string; message: string }),
    status: (JSON.parse(shown.detail) as { status: number }).status,
  };
}

/** The body of a REST error with details and hint removed; undefined when it is not such a body. */
export function withoutDetails(body: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  const { code, details } = parsed as { code?: unknown; details?: unknown };
  // "The result contains 0 rows": supabase-js reads this one.
  return JSON.stringify({ ...parsed, details: code === "PGRST116" ? details : null, hint: null });
}
