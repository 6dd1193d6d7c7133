// Doing something: one call of a function under the role of whoever is signed in; the same act sent twice is one; what was refused is said.
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { z } from "zod";
import { ApiError, answered } from "../api/read.ts";
import { useSession } from "../api/session.tsx";

/** By itself in every browser, also where the page does not come over TLS. */
const requestId = (): string =>
  `dashboard/${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

export interface Act {
  busy: boolean;
  /** What was refused, in one sentence; empty when nothing was. */
  problem: string;
  /** The checked answer, or undefined when it was refused. */
  run<T>(fn: string, args: Record<string, unknown>, shape: z.ZodType<T>): Promise<T | undefined>;
}

export function useAct(): Act {
  const { supabase } = useSession();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const pending = useRef({ said: "", id: "" });
  return {
    busy,
    problem,
    async run(fn, args, shape) {
      const said = JSON.stringify([fn, args]);
      // until it was answered, the same words are the same act
      if (pending.current.said !== said) pending.current = { said, id: requestId() };
      setBusy(true);
      setProblem("");
      try {
        const answer = answered(shape, await supabase.rpc(fn, { ...args, request_id: pending.current.id }));
        pending.current = { said: "", id: "" };
        return answer;
      } catch (error) {
        setProblem(
          error instanceof ApiError && error.code !== "EG503"
            ? error.message
            : "The server does not answer: it is not known whether this was done. Send it again: it is done once.",
        );
        return undefined;
      } finally {
        setBusy(false);
        await cache.invalidateQueries();
      }
    },
  };
}
