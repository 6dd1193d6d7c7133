// One clock per class on a chain, `token/<fund>/<class>`: every so many minutes by the platform's setting `token_reconcile` its register is held against the chain.
// A class is compared after every operation all the same: the clock finds what came to the chain by another way.
import type { Database } from "@evergreen-fund/supabase-client";
import type { reconcileTokens } from "@evergreen-fund/workflows";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import { SEARCH } from "@evergreen-fund/workflows/search-attributes.ts";
import type { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import { z } from "zod";
import { ensureClock } from "./clock.ts";

const Often = z.object({ every_minutes: z.int().min(1).max(1_440) });

export interface TokenClock {
  contractId: string;
  fundId: string;
  fund: string;
  code: string;
  everyMinutes: number;
}

export const tokenScheduleIdOf = ({ fund, code }: Pick<TokenClock, "fund" | "code">): string => `token/${fund}/${code}`;

/** Classes on a chain; none where the setting is not there, and nothing is compared by itself. */
export function readTokenClocks(database: Database): Promise<TokenClock[]> {
  return database.read({ role: "agent_tokenization" }, async (tx) => {
    const setting = await tx.platform_settings.findUnique({ where: { key: "token_reconcile" } });
    const clock = Often.safeParse(setting?.value);
    if (!clock.success) return [];
    const rows = await tx.token_contracts.findMany({
      where: { fund: { status: { not: "closed" } } },
      include: { fund: { select: { code: true } }, deployment: { select: { instrument: true } } },
      orderBy: { contract_id: "asc" },
    });
    return rows.map((row) => ({
      contractId: row.contract_id,
      fundId: row.fund_id,
      fund: row.fund.code,
      // the room reads no classes: the code is what was asked to be deployed
      code: row.deployment.instrument,
      everyMinutes: clock.data.every_minutes,
    }));
  });
}

/** Creates the schedule or changes it to what it should be; done twice is done once. */
export function ensureTokenSchedule(
  client: Client,
  one: TokenClock,
  rooms: Rooms,
): Promise<"made" | "changed" | "as it was"> {
  return ensureClock(client, {
    scheduleId: tokenScheduleIdOf(one),
    spec: { intervals: [{ every: one.everyMinutes * 60_000 }] },
    action: {
      type: "startWorkflow",
      workflowType: "reconcileTokens",
      workflowId: `reconcile/${one.fund}/${one.code}`,
      taskQueue: "commander",
      args: [{ contractId: one.contractId, rooms }] as Parameters<typeof reconcileTokens>,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: SEARCH.fundId, value: one.fundId },
        { key: SEARCH.stage, value: "scheduled" },
      ]),
    },
    // the newest look counts: one that was missed is taken by the next
    policies: { overlap: "SKIP", catchupWindow: "1h" },
    about: [one.contractId, rooms],
  });
}
