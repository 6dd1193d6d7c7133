// What a caller's own token opens: functions and rows under the caller's row-level security. Who makes the door holds the token; nothing here does.
import type { ApiCatalogue } from "@evergreen-fund/domain/api-catalogue.ts";

/** Which rows, of which columns. `columns` as PostgREST's select, so that amounts come as text. */
export interface RowQuery {
  columns: string;
  equals: Readonly<Record<string, string>>;
  limit: number;
  offset: number;
}

export interface Door {
  /** Calls a `fn_*`. Errors: the codes of the function, EG401, EG403, EG503. */
  call(fn: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Rows of a table or view. Errors: EG401, EG403, EG503. */
  rows(relation: string, query: RowQuery): Promise<unknown>;
}

export interface Caller {
  door: Door;
  /** What `fn_describe_api` answers to this caller: who they are and what there is. */
  catalogue: ApiCatalogue;
}
