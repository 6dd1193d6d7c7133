// The door to retention as a worker process uses it: what is older than its term is archived in this home (and in the store, when one is set), read back, and
// only then retired by the database. Every archive is asked for by its own id, so that one that died on the way is retired once.
import { runRetention, type Store } from "@evergreen-fund/analytics";
import { EvergreenError } from "@evergreen-fund/domain";
import { type Database, openArchiveReader, openDeltaReader } from "@evergreen-fund/supabase-client";

export interface Retention {
  /** Errors: EG503 while another process works on the analytical file, or when rows or holds changed meanwhile; EG431 when an archive does not read back. */
  run(): Promise<{ archives: number; held: number }>;
}

export interface RetentionDoorOptions {
  home: string;
  database: Database;
  /** Login of the workers. */
  url: string;
  store: Store | null;
  log: (line: string) => void;
}

export const openRetention = ({ home, database, url, store, log }: RetentionDoorOptions): Retention => ({
  async run() {
    const as = { url, role: "agent_simulation" } as const;
    const { retired, held } = await runRetention({
      home,
      store,
      say: log,
      openReader: () => openDeltaReader(as),
      openArchives: () => openArchiveReader(as),
      retire: ({ what, fundId, month }, { archiveId, rows, digest, file, sha256, bytes }, stored) =>
        database.rpc({ role: "service_role" }, what === "fund_events" ? "fn_retire_events" : "fn_retire_snapshots", {
          fund_id: fundId,
          month: month.slice(0, 10),
          rows: String(rows),
          digest,
          archive: { file, sha256, bytes: String(bytes), stored },
          request_id: `retention/${archiveId}`,
        }),
    }).catch((error: unknown) => {
      // each is over with the next attempt: another process ends, a hold is then seen beforehand, the rows are archived as they are now
      if (error instanceof EvergreenError && ["EG425", "EG428"].includes(error.code))
        throw new EvergreenError(
          "EG503",
          "Retention is tried again: another process, a hold or a change came between.",
          {
            cause: error,
          },
        );
      throw error;
    });
    return { archives: retired.length, held: held.length };
  },
});
