// Changes as they happen: one channel for the whole dashboard; whatever changes, the page that is looked at is read again, under its own rights.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { useSession } from "./session.tsx";

const TABLES = [
  "proposals",
  "dealing_days",
  "nav_strikes",
  "fund_flows",
  "funds",
  "risk_alerts",
  "workflow_runs",
  "stress_runs",
] as const;
/** Changes of one transaction come together: they are one reading. */
const TOGETHER_MS = 100;

export type Connection = "connecting" | "live" | "lost";

let connection: Connection = "connecting";
const watchers = new Set<() => void>();

function set(next: Connection): void {
  connection = next;
  for (const watcher of watchers) watcher();
}

/** Whether changes are told as they happen; if not, pages are read again every half minute all the same. */
export const useConnection = (): Connection =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => connection,
  );

/** Listens while somebody is signed in. */
export function useLive(): void {
  const { supabase, person } = useSession();
  const cache = useQueryClient();
  const userId = person?.userId;
  useEffect(() => {
    if (userId === undefined) return;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const readAgain = () => {
      waiting ??= setTimeout(() => {
        waiting = undefined;
        void cache.invalidateQueries();
      }, TOGETHER_MS);
    };
    const channel = supabase.channel(`dashboard-${userId}`);
    for (const table of TABLES) channel.on("postgres_changes", { event: "*", schema: "public", table }, readAgain);
    channel.subscribe((status) => {
      const was = connection;
      set(status === "SUBSCRIBED" ? "live" : status === "CLOSED" ? "connecting" : "lost");
      // what happened while nobody told
      if (status === "SUBSCRIBED" && was === "lost") readAgain();
    });
    return () => {
      clearTimeout(waiting);
      void supabase.removeChannel(channel);
    };
  }, [supabase, cache, userId]);
}
