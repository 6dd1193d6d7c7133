// NAVs of a fund before a dealing date, for its record: as they were known then, of the classes that deal.
import { decimal } from "@evergreen-fund/finance/money.ts";
import type { DealRecord } from "@evergreen-fund/verifier";
import { z } from "zod";
import { isoTime } from "../output.ts";
import type { Session } from "../session.ts";
import { rowsIn } from "./record-history.ts";

const StrikeHead = z.object({
  strike_id: z.string(),
  nav_date: z.string(),
  version: z.number(),
  nav: z.string(),
  proposal_id: z.string(),
});
const Applied = z.object({ proposal_id: z.string(), applied_at: z.string().nullable() });

const Worth = z.object({ strike_id: z.string(), share_class_id: z.string(), nav: z.string() });

/** NAVs of earlier dates as they were known when this one was struck: the newest version that had been approved by then, without the side pockets. */
export async function navsBefore(
  session: Session,
  fundId: string,
  strikeId: string | null,
  date: string,
  pockets: readonly string[],
): Promise<DealRecord["navsBefore"]> {
  const strikes = await session.all(
    "nav_strikes",
    "strike_id,nav_date,version,nav::text,proposal_id",
    "strike_id",
    (row) => row.strike_id,
    (query) => query.eq("fund_id", fundId).in("state", ["final", "restated"]),
    StrikeHead,
  );
  const proposals = await rowsIn(
    session,
    "proposals",
    "proposal_id,applied_at",
    "proposal_id",
    (row) => row.proposal_id,
    "proposal_id",
    strikes.map((row) => row.proposal_id),
    Applied,
  );
  const appliedAt = new Map(proposals.map((row) => [row.proposal_id, isoTime(row.applied_at) ?? "9999"]));
  const struck = strikes.find((row) => row.strike_id === strikeId);
  const now = struck === undefined ? "9999" : (appliedAt.get(struck.proposal_id) ?? "9999");
  const newest = new Map<string, z.infer<typeof StrikeHead>>();
  for (const row of strikes) {
    if (row.nav_date >= date || (appliedAt.get(row.proposal_id) ?? "9999") > now) continue;
    const other = newest.get(row.nav_date);
    if (other === undefined || other.version < row.version) newest.set(row.nav_date, row);
  }
  const apart =
    pockets.length === 0
      ? []
      : await session.read(
          "class_navs",
          "strike_id,share_class_id,nav::text",
          (query) => query.in("share_class_id", [...pockets]),
          Worth,
        );
  return [...newest.values()].map((row) => ({
    date: row.nav_date,
    nav: apart
      .filter((one) => one.strike_id === row.strike_id)
      .reduce((nav, one) => nav.minus(decimal(one.nav)), decimal(row.nav))
      .toFixed(),
  }));
}
