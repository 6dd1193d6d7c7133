// Makes the past of the demo fund: every act of the timeline through the same fn_* and the same actions of the rooms as today's dealing days, at the time
// it is said to have happened. Two demo people approve each NAV, operations confirm the cash. What has been done before is not done again.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import type { Database } from "@evergreen-fund/supabase-client";
import type { DayIds, DealingSteps } from "@evergreen-fund/workers/dealing-steps.ts";
import type { DemoFund, Forecast } from "./generate.ts";
import { APPROVERS, CASHIER, CLERK } from "./logins.ts";
import { CODES, DEMO_VERSION, FUND_CODE, MONTHS, momentAfter, monthEnd } from "./terms.ts";
import type { DatedAct } from "./timeline.ts";

export interface HistoryTools {
  /** Dates back what it records to `clock.at`. */
  database: Database;
  clock: { at: string | undefined };
  steps: DealingSteps;
}

const DEMO: Actor = { role: "demo_role" };
const request = (name: string): string => `demo/${DEMO_VERSION}/${name}`;

/** What stands in the database already. */
interface Places {
  fundId: string;
  investors: ReadonlyMap<string, string>;
  /** By month, in the order of the classes: the first leads. */
  days: readonly (readonly DayIds[])[];
  /** Months whose days are all closed. */
  closed: ReadonlySet<number>;
}

/**
 * Calls `onMonth` for each month-end that is dealt, also for those that were before. Errors: those of the fn_*; EG424 when the end is not what the
 * fund was imported with. Returns how many month-ends this call closed, and whether it came to the end.
 */
export async function makeHistory(
  demo: DemoFund,
  tools: HistoryTools,
  onMonth: (month: number) => void,
  signal: AbortSignal | undefined,
): Promise<{ loaded: number; complete: boolean }> {
  await openDays(tools);
  const places = await findPlaces(tools);
  for (const month of [...places.closed].sort((a, b) => a - b)) onMonth(month);
  let loaded = 0;
  for (const act of demo.timeline) {
    if (places.closed.has(act.month)) continue;
    if (signal?.aborted) return { loaded, complete: false };
    tools.clock.at = act.at;
    await (ACTS[act.act] as (tools: HistoryTools, places: Places, act: DatedAct) => Promise<unknown>)(
      tools,
      places,
      act,
    );
    if (act.act === "close") {
      loaded += 1;
      onMonth(act.month);
    }
  }
  await agree(tools, demo.forecast);
  return { loaded, complete: true };
}

/** All at once and before anything deals: whoever opens a later day meanwhile waits for these, as for any day before. */
async function openDays({ database, clock }: HistoryTools): Promise<void> {
  for (let month = 0; month < MONTHS; month += 1) {
    clock.at = momentAfter(month, -45);
    for (const share_class of CODES)
      await database.rpc(CLERK, "fn_open_dealing_day", {
        fund: FUND_CODE,
        share_class,
        dealing_date: monthEnd(month),
        request_id: request(`day/${share_class}/${monthEnd(month)}`),
      });
  }
}

async function findPlaces({ database }: HistoryTools): Promise<Places> {
  const found = await database.read(CLERK, async (tx) => {
    const fund = await tx.funds.findUniqueOrThrow({ where: { code: FUND_CODE } });
    return {
      fund,
      investors: await tx.investors.findMany({ where: { synthetic: true }, select: { investor_id: true, code: true } }),
      days: await tx.dealing_days.findMany({ where: { fund_id: fund.fund_id }, include: { share_class: true } }),
      events: await tx.fund_events.findMany({ where: { fund_id: fund.fund_id, type: "DEALING_DAY_OPENED" } }),
    };
  });
  const eventOf = new Map(
    found.events.map((event) => [(event.payload as { dealing_day_id: string }).dealing_day_id, event.event_id]),
  );
  const dealt = Array.from({ length: MONTHS }, (_, month) =>
    CODES.map((code) => {
      const day = found.days.find(
        (row) => row.share_class.code === code && row.dealing_date.toISOString().startsWith(monthEnd(month)),
      );
      const eventId = eventOf.get(day?.dealing_day_id ?? "");
      if (!day?.workflow_id || eventId === undefined)
        throw new EvergreenError("EG500", `The dealing day of ${monthEnd(month)} is not there.`);
      const ids = { eventId, workflowId: day.workflow_id, fundId: day.fund_id, dealingDayId: day.dealing_day_id };
      return { ids, closed: day.status === "closed" };
    }),
  );
  return {
    fundId: found.fund.fund_id,
    investors: new Map(found.investors.map((row) => [row.code, row.investor_id])),
    days: dealt.map((row) => row.map(({ ids }) => ids)),
    closed: new Set(dealt.flatMap((row, month) => (row.every(({ closed }) => closed) ? [month] : []))),
  };
}

type ActOf<A extends DatedAct["act"]> = DatedAct & { act: A };
const ACTS: {
  [A in DatedAct["act"]]: (tools: HistoryTools, places: Places, act: ActOf<A>) => Promise<unknown>;
} = {
  order({ database }, { investors }, { at, order: { id, investor, ...order } }) {
    const investor_id = investors.get(investor);
    if (investor_id === undefined) throw new EvergreenError("EG404", `There is no investor ${investor}.`);
    return database.rpc(CLERK, "fn_place_order", {
      fund: FUND_CODE,
      investor_id,
      ...order,
      channel: "demo",
      received_at: at,
      request_id: request(`order/${id}`),
    });
  },
  async intake({ database, steps }, _places, { month, direction }) {
    const batch = await database.rpc(DEMO, "fn_batch_demo_orders", {
      fund: FUND_CODE,
      direction,
      request_id: request(`${monthEnd(month)}/intake/${direction}`),
    });
    if (batch !== null) await steps.takeIn(batch, `${direction.toUpperCase()}_REQUESTED`);
  },
  load: ({ database }, _places, { month, name, chunk }) =>
    database.rpc(DEMO, "fn_load_demo", {
      chunk: chunk as unknown as Record<string, unknown>,
      request_id: request(`${monthEnd(month)}/${name}`),
    }),
  move_cash: ({ database }, _places, { at, month, purpose, amount }) =>
    database.rpc(CASHIER, "fn_move_cash", {
      fund: FUND_CODE,
      purpose,
      amount,
      reference: `synthetic ${purpose} ${monthEnd(month)}`,
      request_id: request(`${at}/${purpose}`),
    }),
  subscriptions_paid: (tools, { fundId }, { at, month }) =>
    confirm(tools, `${monthEnd(month)}/paid-in`, {
      fund_id: fundId,
      direction: "subscription",
      status: "accepted",
      cleared_at: null,
      requested_at: { lte: new Date(at) },
    }),
  async cut_off({ steps }, { days }, { month }) {
    for (const day of days[month] ?? []) await steps.cutOff(day);
  },
  propose_nav: ({ steps }, { days }, { month }) => steps.proposeNav(leaderOf(days, month)),
  async approve_nav({ database, steps }, { days }, { month, person }) {
    const { proposalId } = await steps.proposeNav(leaderOf(days, month));
    const { hash } = await database.read(APPROVERS[person], (tx) =>
      tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } }),
    );
    await database.rpc(APPROVERS[person], "fn_decide_proposal", {
      proposal_id: proposalId,
      hash,
      decision: "approved",
      request_id: request(`${monthEnd(month)}/approval`),
    });
  },
  deal: ({ steps }, { days }, { month }) => steps.deal(leaderOf(days, month), (days[month] ?? []).slice(1)),
  redemptions_paid: (tools, { days }, { month }) =>
    confirm(tools, `${monthEnd(month)}/paid-out`, {
      dealing_day_id: { in: (days[month] ?? []).map(({ dealingDayId }) => dealingDayId) },
      direction: "redemption",
      status: "claimable",
      cleared_at: null,
    }),
  async close({ steps }, { days }, { month }) {
    for (const day of days[month] ?? []) await steps.close(day);
  },
};

function leaderOf(days: Places["days"], month: number): DayIds {
  const leader = days[month]?.[0];
  if (leader === undefined) throw new EvergreenError("EG500", `No class deals on ${monthEnd(month)}.`);
  return leader;
}

type Orders = NonNullable<
  Parameters<Parameters<Parameters<Database["read"]>[1]>[0]["fund_flows"]["findMany"]>[0]
>["where"];

/** The bank has moved what is due for some orders: what is found is what has not been confirmed yet. */
async function confirm({ database }: HistoryTools, name: string, where: Orders): Promise<void> {
  const due = await database.read(CASHIER, (tx) => tx.fund_flows.findMany({ where, orderBy: { flow_id: "asc" } }));
  if (due.length === 0) return;
  await database.rpc(CASHIER, "fn_confirm_cash", {
    fund: FUND_CODE,
    payments: due.map((flow) => ({
      flow_id: flow.flow_id,
      amount: (flow.direction === "redemption" ? flow.net_amount : flow.amount)?.toFixed(2),
      reference: `synthetic/${flow.flow_id}`,
    })),
    request_id: request(name),
  });
}

/** The fund was imported with what follows from its history: now that this is there, the two are held against each other. */
async function agree({ database }: HistoryTools, forecast: Forecast): Promise<void> {
  const found = await database.read(CLERK, async (tx) => ({
    strike: await tx.nav_strikes.findFirst({
      where: { fund: { code: FUND_CODE }, state: "final", nav_date: new Date(monthEnd(MONTHS - 1)) },
      include: { class_navs: { include: { share_class: true } } },
    }),
    classes: await tx.share_classes.findMany({ where: { fund: { code: FUND_CODE } } }),
  }));
  const same = (one: { toFixed(): string } | null | undefined, other: string | undefined): boolean =>
    one != null && other !== undefined && decimal(one.toFixed()).eq(decimal(other));
  const wrong = [
    ...(same(found.strike?.nav, forecast.netAssets) ? [] : ["net assets"]),
    ...CODES.flatMap((code) => [
      ...(same(
        found.strike?.class_navs.find((row) => row.share_class.code === code)?.nav_per_unit,
        forecast.classes[code]?.price,
      )
        ? []
        : [`price of class ${code}`]),
      ...(same(found.classes.find((row) => row.code === code)?.units_outstanding, forecast.classes[code]?.units)
        ? []
        : [`units of class ${code}`]),
    ]),
  ];
  if (wrong.length > 0)
    throw new EvergreenError("EG424", `The history does not end as the fund was imported: ${wrong.join(", ")}.`);
}
