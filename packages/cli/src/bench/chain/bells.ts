// Hears when a run was closed and when it was remembered, by triggers that the bench puts into its own database: nothing is polled, so that
// looking costs nothing.
import { connectTo } from "../frame/connection.ts";

export interface Bells {
  /** Resolves when the run of that workflow id rang, also when it did so before it was asked. */
  heard(kind: "closed" | "remembered", workflowId: string, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function openBells(url: string, statement: (name: string) => string): Promise<Bells> {
  const session = await connectTo(url);
  const rung = new Set<string>();
  const waiting = new Map<string, () => void>();
  session.on("notification", ({ payload = "" }) => {
    const wake = waiting.get(payload);
    if (wake === undefined) rung.add(payload);
    else wake();
  });
  await session.query(statement("listen"));
  return {
    async heard(kind, workflowId, timeoutMs = 30_000) {
      const key = `${kind} ${workflowId}`;
      if (rung.delete(key)) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(key);
          reject(new Error(`Waited ${timeoutMs / 1_000} s for a run to be ${kind}.`));
        }, timeoutMs);
        waiting.set(key, () => {
          clearTimeout(timer);
          waiting.delete(key);
          resolve();
        });
      });
    },
    stop: () => session.end(),
  };
}
