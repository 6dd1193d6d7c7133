// The mandate that stands, read and checked.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { Mandate } from "@evergreen-fund/finance/mandate.ts";
import { z } from "zod";
import type { Session } from "../session.ts";

const MandateRow = z.object({
  version: z.number(),
  label: z.string(),
  body: z.record(z.string(), z.unknown()),
  set_by: z.string(),
  recorded_at: z.string(),
});

export interface StandingMandate {
  version: number;
  label: string;
  setBy: string;
  recordedAt: string;
  body: Record<string, unknown>;
  mandate: Mandate;
}

/** Undefined when the fund has none. Errors: EG500 when what is stored is no mandate. */
export async function currentMandate(session: Session, fundId: string): Promise<StandingMandate | undefined> {
  const row = await session.one(
    "mandates",
    "version,label,body,set_by,recorded_at",
    (query) => query.eq("fund_id", fundId).is("superseded_at", null),
    MandateRow,
  );
  if (!row) return undefined;
  const mandate = Mandate.safeParse(row.body);
  if (!mandate.success)
    throw new EvergreenError(
      "EG500",
      `Version ${row.version} of the mandate does not follow this version of Evergreen; set it again with \`npx --no-install evergreen mandate set\`.`,
    );
  return {
    version: row.version,
    label: row.label,
    setBy: row.set_by,
    recordedAt: row.recorded_at,
    body: row.body,
    mandate: mandate.data,
  };
}
