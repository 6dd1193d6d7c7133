// Faults planted in the functions of this file's own database: a checker must find each, and must find nothing without it. What is planted is taken out again.
import { proRata } from "@evergreen-fund/finance/dealing/pro-rata.ts";
import { agent, callOn, OPS, PM_ONE } from "./arrange.ts";
import {
  broken,
  type Day,
  dayAt,
  dealingDatabase,
  dealingFund,
  fills,
  openDay,
  ordered,
  place,
  strikeOf,
  take,
} from "./dealing-day.ts";
import { definitionOf, describeMutants, type Findings, type Mutant } from "./planted.ts";

const db = await dealingDatabase();
const COMMANDER = agent("commander");
const ENGINE = agent("liquidity-engine");

/** Invariants that are broken in a fund, each once; the fund stays as the fault left it. */
const invariants = async (fund: Day["fund"]): Promise<Findings> => {
  const found = [...new Set((await broken(db, fund)).map((row) => `${row.invariant}: ${row.detail}`))];
  if (found.length > 0) db.broken(fund.fundId, "a fault was planted");
  return found;
};
/** The refusal of a step, or what is broken after it. */
const refusedOr = async (fund: Day["fund"], steps: () => Promise<unknown>): Promise<Findings> => {
  try {
    await steps();
  } catch (error) {
    return [`${(error as { code?: string }).code}`];
  }
  return invariants(fund);
};
const run = async (day: Day, fn: string, more: object = {}, actor = COMMANDER) =>
  db.call(actor, fn, { dealing_day_id: day.dayId, ...more });
const allocate = (day: Day, rows: object[]) =>
  run(day, "fn_record_allocations", { terms: {}, fills: JSON.stringify(rows) }, ENGINE);
const redemption = (flow_id: string, requested: bigint, filled: bigint, price = 1_080_000n) => {
  const text = (units: bigint) => (Number(units) / 10_000).toFixed(4);
  const cents = (filled * price) / 1_000_000n;
  const money = (Number(cents) / 100).toFixed(2);
  return {
    flow_id,
    cohort: "all",
    requested_units: text(requested),
    filled_units: text(filled),
    carried_units: text(requested - filled),
    gross_amount: money,
    net_amount: money,
    reason: "gate",
  };
};

/** Three redemptions of 50 units each under a cap of a few units of the last place, filled by `rounding`, posted. */
const thirds = (cap: bigint, rounding: (share: number) => number) => async (): Promise<Findings> => {
  const day = await openDay(db);
  const orders = [day.redemption];
  for (let i = 0; i < 2; i++)
    orders.push(await ordered(db, day, day.holder, { direction: "redemption", units: "200" }));
  await take(db, day, "struck");
  await run(day, "fn_decide_lmt", { decision: { gate: true, cap_units: (Number(cap) / 10_000).toFixed(4) } }, ENGINE);
  const asked = 2_000_000n;
  const exact = proRata([asked, asked, asked], { num: cap, den: 3n * asked }, cap);
  const rows = orders.map((id, i) =>
    redemption(id, asked, rounding === EXACT ? (exact[i] ?? 0n) : BigInt(rounding(Number(cap) / 3))),
  );
  return refusedOr(day.fund, async () => {
    await allocate(day, [fills(day)[0] ?? {}, ...rows]);
    await run(day, "fn_post_dealing_day");
  });
};
const EXACT = (share: number): number => share;

/** The first redemption of 600 of 1,000 units is not committed yet when the second comes. */
const twoRedemptions = async (): Promise<Findings> => {
  const on = await dealingFund(db);
  const redeem = {
    fund: on.fund.code,
    share_class: "A",
    investor_id: on.holder,
    direction: "redemption",
    units: "600",
  };
  let second: Promise<unknown> = Promise.resolve();
  await db.as(OPS, async (client) => {
    await callOn(client, "fn_place_order", redeem);
    second = place(db, on, on.holder, { direction: "redemption", units: "600" }).catch(() => undefined);
    // either it is through, or it waits for this one
    const through = second.then(() => true);
    for (let tries = 0; tries < 2_000; tries++) {
      const waiting = await db.look(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if (waiting.length > 0 || (await Promise.race([through, new Promise((r) => setTimeout(() => r(false), 5))])))
        break;
    }
  });
  await second;
  const [row] = await db.look(
    "select sum(requested_units) > 1000 as over from fund_flows where investor_id = $1 and status = 'submitted'",
    [on.holder],
  );
  return row?.over === true ? ["1,200 of 1,000 units are promised"] : [];
};

/** A cancellation is not committed yet when the book is locked. */
const cancelledMeanwhile = async (): Promise<Findings> => {
  const day = await openDay(db);
  let locking: Promise<unknown> = Promise.resolve();
  await db.as(OPS, async (client) => {
    await callOn(client, "fn_cancel_order", { flow_id: day.redemption });
    locking = run(day, "fn_lock_orders").catch((error: unknown) => error);
    for (let tries = 0; tries < 2_000; tries++) {
      const waiting = await db.look(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if (waiting.length > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  const outcome = await locking;
  return outcome instanceof Error ? [String((outcome as { code?: string }).code)] : invariants(day.fund);
};

const NO_CHECK: Mutant["plant"] = [["check_allocations", "begin\n", "begin\n  return;\n"]];

const MUTANTS: Mutant[] = [
  {
    what: "naive rounding of fills, up to more than the cap: the allocation is refused",
    plant: [],
    scenario: thirds(2n, Math.round),
    finds: ["EG424"],
  },
  {
    what: "naive rounding of fills, down to less than the cap: the allocation is refused",
    plant: [],
    scenario: thirds(4n, Math.round),
    finds: ["EG424"],
  },
  {
    what: "naive rounding of fills where nothing refuses it",
    plant: NO_CHECK,
    scenario: thirds(2n, Math.round),
    finds: ["I13: the fills exceed the cap"],
  },
  {
    what: "an allocation that is floor and largest remainder",
    plant: [],
    scenario: thirds(2n, EXACT),
    finds: [],
  },
  {
    what: "check, then insert, without the lock of the holding",
    plant: [["check_redemption", " for no key update", ""]],
    scenario: twoRedemptions,
    finds: ["1,200 of 1,000 units are promised"],
  },
  {
    what: "a gate that lets more through than its cap",
    plant: NO_CHECK,
    scenario: async () => {
      const day = await dayAt(db, "decided");
      const rows = [fills(day)[0] ?? {}, redemption(day.redemption, 2_000_000n, 500_001n)];
      return refusedOr(day.fund, async () => {
        await allocate(day, rows);
        await run(day, "fn_post_dealing_day");
      });
    },
    finds: ["I13: the fills exceed the cap"],
  },
  {
    what: "one of a cohort treated better, under whatever name of a cohort",
    plant: NO_CHECK,
    scenario: async () => {
      const day = await openDay(db);
      const second = await ordered(db, day, day.holder, { direction: "redemption", units: "200" });
      await take(db, day, "decided");
      const better = { ...redemption(day.redemption, 2_000_000n, 300_000n), cohort: "2026-01-29" };
      const worse = { ...redemption(second, 2_000_000n, 200_000n), cohort: "2026-01-30" };
      return refusedOr(day.fund, async () => {
        await allocate(day, [fills(day)[0] ?? {}, better, worse]);
        await run(day, "fn_post_dealing_day");
      });
    },
    finds: ["I13: the orders of a cohort are not treated equally"],
  },
  {
    what: "a book locked without looking at its orders again",
    plant: [
      [
        "fn_lock_orders",
        "where f.status in ('accepted', 'locked') order by f.flow_id for no key update of f",
        "order by f.flow_id",
      ],
    ],
    scenario: cancelledMeanwhile,
    finds: ["EG428"],
  },
  {
    what: "a day that can be posted again",
    plant: [
      ["fn_post_dealing_day", "d.status = 'allocated'", "d.status in ('allocated', 'posted')"],
      [
        "fn_post_dealing_day",
        "from ends e where f.flow_id = e.flow_id",
        "from ends e where f.flow_id = e.flow_id and f.status = 'priced'",
      ],
      ["check_allocations", "begin\n", "begin\n  return;\n"],
      [
        "fn_post_dealing_day",
        "select e.flow_id, 'priced', e.status, event, e.reason, evergreen.actor() from ends e",
        "select e.flow_id, 'priced', e.status, event, e.reason, evergreen.actor() from ends e where d.status = 'allocated'",
      ],
    ],
    scenario: async () => {
      const day = await dayAt(db, "posted");
      await run(day, "fn_post_dealing_day").catch(() => undefined);
      return invariants(day.fund);
    },
    finds: ["I4: a day is posted more than once", "I6: the fill is not what was posted"],
  },
  {
    what: "lots that a redemption does not touch",
    plant: [
      ["keep_unit_balances", "where l.lot_id = d.lot_id and d.units <> 0", "where l.lot_id = d.lot_id and d.units > 0"],
    ],
    scenario: async () => invariants((await dayAt(db, "posted")).fund),
    finds: ["I2: lots do not sum to the holding", "I3: the balance is not the sum of its entries"],
  },
  {
    what: "cash that one account does not get",
    plant: [
      [
        "keep_cash_balances",
        "from added a group by 1, 2, 3, 4",
        "from added a where a.account <> 'capital' group by 1, 2, 3, 4",
      ],
    ],
    scenario: async () => invariants((await dayAt(db, "posted")).fund),
    finds: ["I1: the accounts of a currency do not sum to zero", "I3: the balance is not the sum of its entries"],
  },
  {
    what: "a NAV that one person approves",
    plant: [["has_approvals", ">= p.approvals_needed", ">= 1"]],
    scenario: async () => {
      const day = await dayAt(db, "proposed");
      const [proposal] = await db.look("select proposal_id, hash from proposals where fund_id = $1 and kind = 'nav'", [
        day.fund.fundId,
      ]);
      await db.call(PM_ONE, "fn_decide_proposal", { ...proposal, decision: "approved" });
      const strike_id = await strikeOf(db, day.dayId);
      await db.call(COMMANDER, "fn_strike_nav", { strike_id }).catch(() => undefined);
      const original = await definitionOf(db, "has_approvals");
      await db.look(original.replaceAll(">= 1", ">= p.approvals_needed"));
      return (await invariants(day.fund)).sort();
    },
    finds: ["I12: applied without the approvals it needs", "I12: final without two approvals on its hash"],
  },
  {
    what: "units for who is not cleared",
    plant: [["fn_post_dealing_day", "and not evergreen.is_cleared(a.investor_id)", "and false"]],
    scenario: async () => {
      const day = await dayAt(db, "allocated");
      await db.look("update investors set kyc_status = 'expired' where investor_id = $1", [day.subscriber]);
      return refusedOr(day.fund, () => run(day, "fn_post_dealing_day")).then((found) =>
        found.filter((f) => f !== "EG430"),
      );
    },
    finds: ["I14: units were issued to an investor who was not cleared"],
  },
  {
    what: "an order whose state moves without a record",
    plant: [
      ["watch_transitions", "begin\n", "begin\n  return null;\n"],
      ["move_order", "where m.status <> to_state", "where false"],
    ],
    scenario: async () => {
      const day = await openDay(db);
      await db.call(OPS, "fn_cancel_order", { flow_id: day.redemption });
      return invariants(day.fund);
    },
    finds: ["R1: the state is not that of its last record"],
  },
  {
    what: "a Merkle tree that loses its odd leaf",
    plant: [["merkle_level", "else string_agg(n.h, ''::bytea) end", "else '\\x00'::bytea end"]],
    scenario: async () => {
      const day = await openDay(db);
      await ordered(db, day, day.holder, { direction: "redemption", units: "1" });
      await take(db, day, "locked");
      const original = await definitionOf(db, "merkle_level");
      await db.look(original.replaceAll("else '\\x00'::bytea end", "else string_agg(n.h, ''::bytea) end"));
      return invariants(day.fund);
    },
    finds: ["order_root: the order book is not what was committed"],
  },
];

describeMutants(db, MUTANTS);
