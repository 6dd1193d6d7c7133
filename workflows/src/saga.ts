// What was done and can be taken back. A playbook pushes a compensation after each success; on failure they run last-first.
import { CancellationScope, log } from "@temporalio/workflow";

export interface Saga {
  /** Remembers how to take the last success back. */
  push(name: string, compensate: () => Promise<unknown>): void;
  /** Runs all compensations, the last first, also when the run is being cancelled; each is retried by its own limits. */
  compensate(): Promise<void>;
}

export function openSaga(): Saga {
  const done: { name: string; compensate: () => Promise<unknown> }[] = [];
  return {
    push: (name, compensate) => void done.push({ name, compensate }),
    compensate: () =>
      CancellationScope.nonCancellable(async () => {
        for (const { name, compensate } of done.splice(0).reverse()) {
          try {
            await compensate();
          } catch {
            // one that cannot be taken back must not keep the others from being taken back; the run ends as failed either way
            log.error("compensation failed", { compensation: name });
          }
        }
      }),
  };
}
