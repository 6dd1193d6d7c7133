// Reading through the API: every answer is checked against its shape, every failure becomes a code and a sentence.
import { QueryClient, type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { z } from "zod";
import { ANSWERS_WITHIN_MS } from "./connect.ts";
import { useSession } from "./session.tsx";

/** A page that is looked at is read again this often, so that its age stays small without anybody asking. */
const AGAIN_MS = 30_000;

export class ApiError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      refetchInterval: AGAIN_MS,
      // what was refused stays refused; what was not answered is asked again
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.code.startsWith("EG4")),
      networkMode: "always",
    },
  },
});

interface Answer {
  data: unknown;
  error: { code?: string | undefined; message: string } | null;
}

/** The checked answer. Throws ApiError. */
export function answered<T>(shape: z.ZodType<T>, { data, error }: Answer): T {
  if (error !== null)
    throw new ApiError(
      error.code || "EG503",
      error.code ? error.message : "The server does not answer. It is asked again by itself.",
    );
  const read = shape.safeParse(data);
  if (!read.success)
    throw new ApiError("EG500", "The server answered in a form that this page does not know: load it again.");
  return read.data;
}

/** What a function answers under the role of whoever is signed in. */
export function useRpc<T>(name: string, args: Record<string, unknown>, shape: z.ZodType<T>): UseQueryResult<T, Error> {
  const { supabase, person } = useSession();
  return useQuery({
    queryKey: [person?.userId, name, args],
    enabled: person != null,
    queryFn: async ({ signal }) =>
      answered(
        shape,
        await supabase.rpc(name, args).abortSignal(AbortSignal.any([signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)])),
      ),
  });
}

/** One row of a table or view, as far as whoever is signed in may see it; null when there is none. */
export function useRow<T>(
  table: string,
  columns: string,
  key: string,
  value: string,
  shape: z.ZodType<T>,
): UseQueryResult<T | null, Error> {
  const { supabase, person } = useSession();
  return useQuery({
    queryKey: [person?.userId, table, columns, key, value],
    enabled: person != null,
    queryFn: async ({ signal }) =>
      answered(
        shape.nullable(),
        await supabase
          .from(table)
          .select(columns)
          .eq(key, value)
          .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)]))
          .maybeSingle(),
      ),
  });
}

/** Every row of a table or view with that value, as far as whoever is signed in may see them. */
export function useRows<T>(
  table: string,
  columns: string,
  key: string,
  value: string,
  shape: z.ZodType<T>,
): UseQueryResult<T[], Error> {
  const { supabase, person } = useSession();
  return useQuery({
    queryKey: [person?.userId, table, columns, key, value, "rows"],
    enabled: person != null,
    queryFn: async ({ signal }) =>
      answered(
        shape.array(),
        await supabase
          .from(table)
          .select(columns)
          .eq(key, value)
          .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)])),
      ),
  });
}

/** The rows of a table or view that are named, as far as whoever is signed in may see them; without a name nothing is asked. */
export function useCited<T>(
  table: string,
  columns: string,
  key: string,
  values: readonly string[],
  shape: z.ZodType<T>,
): UseQueryResult<T[], Error> {
  const { supabase, person } = useSession();
  return useQuery({
    queryKey: [person?.userId, table, columns, key, values, "cited"],
    enabled: person != null,
    queryFn: async ({ signal }) =>
      values.length === 0
        ? []
        : answered(
            shape.array(),
            await supabase
              .from(table)
              .select(columns)
              .in(key, [...values])
              .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)])),
          ),
  });
}

/** The newest rows of a table or view by a column, as far as whoever is signed in may see them. */
export function useTable<T>(
  table: string,
  columns: string,
  newestBy: string,
  most: number,
  shape: z.ZodType<T>,
): UseQueryResult<T[], Error> {
  const { supabase, person } = useSession();
  return useQuery({
    queryKey: [person?.userId, table, columns, newestBy, most],
    enabled: person != null,
    queryFn: async ({ signal }) =>
      answered(
        shape.array(),
        await supabase
          .from(table)
          .select(columns)
          .order(newestBy, { ascending: false })
          .limit(most)
          .abortSignal(AbortSignal.any([signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)])),
      ),
  });
}
