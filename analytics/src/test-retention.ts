// For tests of retention: how the service tells the database that an archive stands.
import type { Database } from "@evergreen-fund/supabase-client";
import type { RetentionOptions } from "./retention.ts";

export const retiring =
  (database: Database): RetentionOptions["retire"] =>
  async ({ what, fundId, month }, { rows, digest, file, sha256, bytes }, stored) =>
    database.rpc({ role: "service_role" }, what === "fund_events" ? "fn_retire_events" : "fn_retire_snapshots", {
      fund_id: fundId,
      month,
      rows: String(rows),
      digest,
      archive: { file, sha256, bytes: String(bytes), stored },
    });
