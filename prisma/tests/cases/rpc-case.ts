// What one row of the RPC tables says: how a function is called, what it leaves behind, and what it refuses.
import type { ErrorCode } from "@evergreen-fund/domain/errors.ts";
import type { EventName } from "@evergreen-fund/domain/events.ts";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import type { Args, TestDatabase } from "../arrange.ts";

export interface Refusal {
  what: string;
  code: ErrorCode;
  /** Another caller than the one of the case. */
  by?: Actor;
  /** What is changed of the good arguments. */
  change(args: Args, db: TestDatabase): Args | Promise<Args>;
}

export interface RpcCase {
  fn: string;
  by: Actor;
  /** Makes the state that the call needs; answers good arguments without request_id. */
  arrange(db: TestDatabase): Promise<Args>;
  /** Looks at the rows answered and at what is in the database. */
  check(rows: Record<string, unknown>[], args: Args, db: TestDatabase): void | Promise<void>;
  /** Other input that would be as good; refused under the same request id. Null: the function takes no request id. */
  other: ((args: Args) => Args) | null;
  /** Rows written to audit_trail by one call. */
  audits: number;
  events: EventName[];
  refuses: Refusal[];
  /** Why a second call under the same request id may answer differently (its effect must still be one). */
  answerMoves?: string;
}

export const NOWHERE = "99999999-9999-4999-8999-999999999999";

/** Strings that are no uuid, to be refused wherever a uuid hides in json. */
export const noUuid = "not-a-uuid";
