// The states every page has: loading, refused or failed, and stale when the server has stopped answering behind what is shown.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useConnection } from "../api/live.ts";
import { ApiError } from "../api/read.ts";
import { time } from "../words/format.ts";
import { useHiddenAmounts } from "../words/hidden.ts";

const HEARD = {
  live: " · changes appear by themselves",
  connecting: "",
  lost: " · changes are not told at the moment: read again every half minute",
} as const;

interface Props<T> {
  query: UseQueryResult<T, Error>;
  children: (data: T) => ReactNode;
}

export function ReadState<T>({ query, children }: Props<T>) {
  const connection = useConnection();
  // what is below is written again when amounts are hidden or shown
  useHiddenAmounts();
  const { data, error, dataUpdatedAt, refetch, isFetching, failureCount } = query;
  if (data === undefined) {
    if (error === null)
      return (
        <p className="state" role="status">
          {failureCount === 0 ? "Loading …" : "The server has not answered yet: it is asked again …"}
        </p>
      );
    return (
      <div className="state" role="alert">
        <p>{error.message}</p>
        <p className="faint">{error instanceof ApiError ? error.code : ""}</p>
        <button type="button" onClick={() => refetch()} disabled={isFetching}>
          Try again
        </button>
      </div>
    );
  }
  return (
    <>
      <p className={error === null ? "age" : "age stale"} role="status">
        {error === null
          ? `As of ${time(dataUpdatedAt)}${HEARD[connection]}`
          : `Not up to date: the server has not answered since ${time(dataUpdatedAt)}. It is asked again by itself.`}
      </p>
      {children(data)}
    </>
  );
}
