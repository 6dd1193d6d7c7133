// What Simulation looks at for a rate shift: the reported sensitivities of the fund. One snapshot.
import type { Reader } from "@evergreen-fund/supabase-client";

export interface StressFacts {
  fundId: string;
  payload: unknown;
  /** DV100 per currency and tenor: loss in fund currency at +100 bp. */
  dv100: { currency: string; tenor: string; value: string }[];
}

export async function readStress(tx: Reader, eventId: string): Promise<StressFacts> {
  const event = await tx.fund_events.findUniqueOrThrow({ where: { event_id: eventId } });
  const newest = await tx.fund_sensitivities.findFirst({
    where: { fund_id: event.fund_id!, measure: "dv100" },
    orderBy: { as_of: "desc" },
  });
  const rows =
    newest === null
      ? []
      : await tx.fund_sensitivities.findMany({
          where: { fund_id: event.fund_id!, measure: "dv100", as_of: newest.as_of },
          orderBy: [{ currency: "asc" }, { tenor: "asc" }],
        });
  return {
    fundId: event.fund_id!,
    payload: event.payload,
    dv100: rows.map((row) => ({ currency: row.currency, tenor: row.tenor, value: row.value.toFixed() })),
  };
}
