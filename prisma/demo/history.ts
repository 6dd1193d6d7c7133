// Makes the past of the demo fund: every act of the timeline through the same fn_* and the same actions of the rooms as today's dealing days, at the time
// it is said to have happened. Two demo people approve each NAV, operations confirm the cash. What has been done before is not done again.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { RestatementRef } from "@evergreen-fund/domain/restatement-agents.ts";
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
  if (signal?.aborted) return { loaded: 0, complete: false };
  await openDays(tools);
  const places = await findPlaces(tools);
  for (const month of [...places.closed].sort((a, b) => a - b)) onMonth(month);
  const closes = new Map(
    demo.timeline.flatMap(({ act, month }, position) => (act === "close" ? [[month, position]] : [])),
  );
  let loaded = 0;
  for (const [position, act] of demo.timeline.entries()) {
    // a restatement comes after the close of its month and before that of the next one
    const isLate = position > (closes.get(act.month) ?? demo.timeline.length);
    if (places.closed.has(isLate ? act.month + 1 : act.month)) continue;
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
  // the next dealing date has its orders: from here on it is a day like any other
  tools.clock.at = undefined;
  await tools.database.rpc(DEMO, "fn_hand_over_demo_days", { fund: FUND_CODE, request_id: request("hand-over") });
  return { loaded, complete: true };
}

/** All at once and before anything deals: a later day that a schedule or a person opens meanwhile waits for these, as for any day before it. */
async function openDays({ database, clock }: HistoryTools): Promise<void> {
  for (let month = 0; month <= MONTHS; month += 1) {
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

/** What was frozen for a strike, with one mark put right, as fn_restate_nav takes it. */
const correctedInputs = (
  inputs: readonly {
    asset_id: string | null;
    kind: string;
    label: string;
    value: { toFixed(dp: number): string };
    as_of: Date;
    source: string;
  }[],
  { asset, nav, source }: { asset: string; nav: string; source: string },
): Record<string, unknown>[] =>
  inputs.map((row) => ({
    ...(row.asset_id === null ? {} : { asset_id: row.asset_id }),
    kind: row.kind,
    label: row.label,
    as_of: row.as_of.toISOString().slice(0, 10),
    ...(row.kind === "asset" && row.label === asset
      ? { value: nav, source }
      : { value: row.value.toFixed(2), source: row.source }),
  }));

/** The restatement of a month-end that was begun. */
async function restatementOf({ database }: HistoryTools, fundId: string, month: number): Promise<RestatementRef> {
  const strike = await database.read(CLERK, (tx) =>
    tx.nav_strikes.findFirst({
      where: { fund_id: fundId, nav_date: new Date(monthEnd(month)), supersedes: { not: null } },
      orderBy: { version: "asc" },
    }),
  );
  const event = await database.read(CLERK, (tx) =>
    tx.fund_events.findFirst({
      where: {
        fund_id: fundId,
        type: "NAV_RESTATEMENT_BEGUN",
        payload: { path: ["strike_id"], equals: strike?.strike_id ?? "" },
      },
    }),
  );
  if (strike === null || event === null)
    throw new EvergreenError("EG500", `The restatement of ${monthEnd(month)} has not been begun.`);
  return { eventId: event.event_id, workflowId: `restate/${strike.strike_id}`, fundId, strikeId: strike.strike_id };
}

async function approve({ database }: HistoryTools, proposal_id: string, person: 0 | 1, name: string): Promise<void> {
  const { hash } = await database.read(APPROVERS[person], (tx) =>
    tx.proposals.findUniqueOrThrow({ where: { proposal_id } }),
  );
  await database.rpc(APPROVERS[person], "fn_decide_proposal", {
    proposal_id,
    hash,
    decision: "approved",
    request_id: request(name),
  });
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
  async approve_nav(tools, { days }, { month, person }) {
    const { proposalId } = await tools.steps.proposeNav(leaderOf(days, month));
    await approve(tools, proposalId, person, `${monthEnd(month)}/approval`);
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
  async begin_restatement({ database }, { fundId }, { month, reason, mark }) {
    const strike = await database.read(CASHIER, (tx) =>
      tx.nav_strikes.findFirstOrThrow({
        where: {
          fund_id: fundId,
          nav_date: new Date(monthEnd(month)),
          supersedes: null,
          state: { in: ["final", "restated"] },
        },
        include: { inputs: { orderBy: { input_id: "asc" } } },
      }),
    );
    await database.rpc(CASHIER, "fn_restate_nav", {
      strike_id: strike.strike_id,
      inputs: correctedInputs(strike.inputs, mark),
      reason,
      request_id: request(`${monthEnd(month)}/restatement`),
    });
  },
  async approve_restatement(tools, { fundId }, { month, person }) {
    const { proposalId } = await tools.steps.proposeRestatement(await restatementOf(tools, fundId, month));
    await approve(tools, proposalId, person, `${monthEnd(month)}/approval-of-restatement`);
  },
  restate: async (tools, { fundId }, { month }) => tools.steps.restate(await restatementOf(tools, fundId, month)),
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
