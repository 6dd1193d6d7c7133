// From the driver's error to a coded one. SQL raises the codes of packages/domain/src/errors.ts as SQLSTATE; whatever else happens
// leaves only a code and a sentence: no row, no SQL, no stack of the server.
import { EvergreenError, isErrorCode } from "@evergreen-fund/domain";

const LOST = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOENT",
  "08000",
  "08001",
  "08003",
  "08006",
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "P1001",
  "P1002",
  "P1008",
  "P1017",
  "P2024",
  "P2028",
]);
const BUSY = new Set(["40001", "40P01", "55P03", "57014", "25P03"]);

interface DriverError {
  code?: unknown;
  message?: unknown;
  cause?: unknown;
  meta?: {
    code?: unknown;
    message?: unknown;
    driverAdapterError?: { cause?: { originalCode?: unknown; originalMessage?: unknown } };
  };
}

/** Maps any database error; an EvergreenError passes through. */
export function toEvergreenError(error: unknown): EvergreenError {
  if (error instanceof EvergreenError) return error;
  const { code, message, meta } = (error ?? {}) as DriverError;
  const original = meta?.driverAdapterError?.cause;
  const state = String(original?.originalCode ?? meta?.code ?? code ?? "");
  if (isErrorCode(state))
    return new EvergreenError(state, String(original?.originalMessage ?? message), { cause: error });
  if (state === "42501") return new EvergreenError("EG403", "Your role may not do this.", { cause: error });
  // a value that does not fit its argument's type is refused before the function runs; the driver's text would repeat the value
  if (/^22[0-9A-Z]{3}$/.test(state))
    return new EvergreenError("EG400", "An argument is malformed or out of range.", { cause: error });
  const text = String(message ?? "");
  if (
    LOST.has(state) ||
    /terminated|Connection (ended|closed)|not queryable|timeout exceeded when trying to connect|Can't reach database/i.test(
      text,
    )
  )
    return new EvergreenError("EG503", "The database is not there; try again.", { cause: error });
  if (BUSY.has(state))
    return new EvergreenError("EG503", "The database is busy; try again with the same request id.", { cause: error });
  return new EvergreenError("EG500", `The database refused the call${state === "" ? "" : ` (${state})`}.`, {
    cause: error,
  });
}
