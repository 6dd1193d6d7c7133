// The platform's own workers for `bench chain`, started as the stack starts them: one process with every room, or one per room.
import { join } from "node:path";
import { type Config, processEnvironment, REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { type Child, startChild } from "../frame/child.ts";

/** The rooms a token operation and an order need; the others would only idle beside them. */
export const SPLIT_ROOMS = ["commander", "compliance-sentinel", "tokenization", "kyc"] as const;

export interface Workers {
  stop(): Promise<void>;
}

export async function startWorkers(
  config: Config,
  databaseUrl: string,
  address: string,
  groups: readonly (readonly string[])[],
): Promise<Workers> {
  const environment = processEnvironment(config, { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: address });
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.kill()));
  };
  try {
    for (const rooms of groups) {
      const args = ["--import", "tsx", join(REPOSITORY_ROOT, "workers/main.ts"), ...rooms];
      const child = startChild(process.execPath, args, { environment, cwd: REPOSITORY_ROOT });
      children.push(child);
      await child.heard(/^ready/, 120_000);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
