// From any error to an exit code and one sentence for a person. The codes are fixed for scripts: 0 ok, 1 failed, 2 usage,
// 3 refused by a rule, 4 not allowed, 5 a service is not there. No stack and no detail of the server leaves here.
import { ERRORS, EvergreenError, EXIT, isErrorCode } from "@evergreen-fund/domain/errors.ts";
import { CommanderError } from "commander";

export const EXIT_CODES = [
  { exit: EXIT.ok, meaning: "done" },
  { exit: EXIT.failed, meaning: "failed" },
  { exit: EXIT.usage, meaning: "wrong usage, or nothing with that name" },
  { exit: EXIT.refused, meaning: "refused by a rule (four eyes, stale hash, limits)" },
  { exit: EXIT.notAllowed, meaning: "your role may not do this, or you are not signed in" },
  { exit: EXIT.unavailable, meaning: "a service is not there" },
] as const;

export interface Ending {
  exit: number;
  /** One sentence for stderr; empty when there is nothing to say (help, version). */
  sentence: string;
}

/** What PostgREST, or something like it, says about a refused request. */
export interface ApiError {
  code?: string | undefined;
  message?: string | undefined;
  details?: string | null | undefined;
}

const BUSY = /^(40001|40P01|55P03|57\d{3}|53\d{3}|08\d{3}|PGRST00\d)$/;
const TOKEN = /^PGRST30\d$/;

/** The coded error for an answer of the API. `status` 0: nothing answered at `url`. */
export function apiError(error: ApiError, status: number, url: string): EvergreenError {
  const code = error.code ?? "";
  const cause = { cause: error };
  if (isErrorCode(code)) return new EvergreenError(code, error.message ?? ERRORS[code].meaning, cause);
  if (code === "42501") return new EvergreenError("EG403", "Your role may not do this.", cause);
  if (TOKEN.test(code) || status === 401)
    return new EvergreenError("EG401", "The sign-in is not valid any more.", cause);
  if (status === 0) return nothingAnswers(url, error);
  // whatever stands before the API may cut a request off before the API has seen it
  if (status === 413 || status === 414 || status === 431)
    return new EvergreenError("EG413", "The request is larger than the API takes; send less at once.", cause);
  if (BUSY.test(code)) return new EvergreenError("EG503", "The database is busy; try again.", cause);
  if (code === "PGRST202" || code === "PGRST205")
    return new EvergreenError(
      "EG503",
      `The database behind ${url} is not migrated to this version of Evergreen.`,
      cause,
    );
  if (code.startsWith("22")) return new EvergreenError("EG400", "An argument is malformed or out of range.", cause);
  if (status >= 502) return nothingAnswers(url, error);
  return new EvergreenError("EG500", `The API refused the call${code === "" ? "" : ` (${code})`}.`, cause);
}

/** EG503 with what to do: the address is known, but nobody is there. */
export function nothingAnswers(url: string, cause?: unknown): EvergreenError {
  return new EvergreenError("EG503", `Nothing answers at ${url}; start it with \`npm start\`.`, { cause });
}

/** Exit code and sentence for whatever was thrown. */
export function endingOf(error: unknown): Ending {
  if (error instanceof EvergreenError)
    return { exit: ERRORS[error.code].exit, sentence: `${error.message} (${error.code})` };
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { exit: EXIT.ok, sentence: "" };
    if (error.code === "commander.help") return { exit: EXIT.usage, sentence: "Name a command; --help lists them." };
    const more = error.code === "commander.unknownCommand" ? " --help lists what there is." : "";
    return { exit: EXIT.usage, sentence: `${asSentence(error.message)}${more}` };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return { exit: EXIT.failed, sentence: `Unforeseen failure: ${reason.split("\n")[0] ?? ""}` };
}

/** "error: unknown option '--x'" → "Unknown option '--x'." */
function asSentence(message: string): string {
  const text =
    message
      .replace(/^error: /, "")
      .split("\n")[0]
      ?.trim() ?? "";
  if (text === "") return "Wrong usage.";
  const sentence = `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;
  return /[.?!]$/.test(sentence) ? sentence : `${sentence}.`;
}
