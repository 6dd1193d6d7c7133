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
  "schedules",
  "failure_steps",
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

/** Listens while somebody is signed in; a line that is opened before the second step would be refused, and asked for again only after a while. */
export function useLive(isSignedIn: boolean): void {
  const { supabase, person } = useSession();
  const cache = useQueryClient();
  const userId = person?.userId;
  useEffect(() => {
    if (userId === undefined || !isSignedIn) return;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const readAgain = () => {
      waiting ??= setTimeout(() => {
        waiting = undefined;
        void cache.invalidateQueries();
      }, TOGETHER_MS);
    };
    let told = false;
    const channel = supabase.channel(`dashboard-${userId}`);
    for (const table of TABLES) channel.on("postgres_changes", { event: "*", schema: "public", table }, readAgain);
    channel.subscribe((status) => {
      set(status === "SUBSCRIBED" ? "live" : status === "CLOSED" ? "connecting" : "lost");
      if (status !== "SUBSCRIBED") return;
      // what happened while nobody told: the server answers only when it tells of everything from now on
      if (told) readAgain();
      told = true;
    });
    return () => {
      clearTimeout(waiting);
      void supabase.removeChannel(channel);
    };
  }, [supabase, cache, userId, isSignedIn]);
}
