// Faults in how events and requests take effect, in traces and in money on its way: the checker must find each, and nothing without it.
import { describe, expect, it } from "vitest";
import { OPS, SERVICE } from "./arrange.ts";
import { broken, type Day, dayAt, dealingDatabase, dealingFund, openDay, payments, place } from "./dealing-day.ts";
import { describeMutants, type Findings, findingsWith, type Mutant } from "./planted.ts";

const db = await dealingDatabase();

/** What is broken in a fund; it stays as the fault left it. */
const invariants = async (fund: Day["fund"]): Promise<Findings> => {
  const found = [...new Set((await broken(db, fund)).map((row) => `${row.invariant}: ${row.detail}`))].sort();
  if (found.length > 0) db.broken(fund.fundId, "a fault was planted");
  return found;
};
/** Takes a step that may be refused, then asks the checker. */
const after = async (fund: Day["fund"], ...steps: (() => Promise<unknown>)[]): Promise<Findings> => {
  for (const step of steps) await step().catch(() => undefined);
  return invariants(fund);
};
const confirm = (day: Day, n: number, request_id: string) => () =>
  db.call(OPS, "fn_confirm_cash", { fund: day.fund.code, payments: [payments(day)[n]], request_id });

/** Every batch that waits in the database, taken in by KYC. */
async function takeIn(): Promise<void> {
  await db.settled();
  for (;;) {
    const [batch] = await db.call(SERVICE, "fn_claim_batch", { consumer: "test" });
    if (batch === undefined) return;
    await db.call({ role: "agent_kyc" }, "fn_intake_orders", { batch_id: batch.batch_id });
  }
}
const twoOrders = async (): Promise<Findings> => {
  const on = await dealingFund(db);
  for (const units of ["100", "200"]) await place(db, on, on.holder, { direction: "redemption", units });
  await takeIn();
  return invariants(on.fund);
};

/** The first event of a fund that the dispatcher hands over fails for good. */
const deadLetter = async (): Promise<Findings> => {
  const { fund } = await openDay(db);
  await db.settled();
  const claimed = await db.call(SERVICE, "fn_claim_events", { consumer: "test" });
  const mine = claimed.find((event) => event.fund_id === fund.fundId);
  await db.call(SERVICE, "fn_fail_event", { seq: mine?.seq, reason: "no such thing", max_attempts: 1 });
  return invariants(fund);
};

const MUTANTS: Mutant[] = [
  {
    what: "a request that takes effect again when it is sent again",
    plant: [
      ["earlier_answer", "begin\n", "begin\n  return null;\n"],
      ["keep_answer", "result);", "result) on conflict do nothing;"],
    ],
    scenario: async () => {
      const on = await dealingFund(db);
      for (let i = 0; i < 2; i++)
        await place(db, on, on.holder, { direction: "redemption", units: "100", request_id: `again/${on.classId}` });
      return invariants(on.fund);
    },
    finds: ["I4: a request took effect more than once"],
  },
  {
    what: "a request whose answer nobody keeps",
    plant: [["keep_answer", "request_id is not null", "false"]],
    scenario: async () => {
      const on = await dealingFund(db);
      await place(db, on, on.holder, { direction: "redemption", units: "100", request_id: `once/${on.classId}` });
      return invariants(on.fund);
    },
    finds: ["I4: a request took effect and no answer to it is kept"],
  },
  {
    what: "an event that is put into no outbox",
    plant: [["emit", "if handling.mode <> 'note' and (", "if false and ("]],
    scenario: async () => invariants((await openDay(db)).fund),
    finds: ["I7: it waits nowhere, and no batch has it", "I7: it waits nowhere, and no run of it began"],
  },
  {
    what: "a batch that forgets its last event",
    plant: [
      ["fn_claim_batch", "array_agg(d.event_id order by d.seq)", "(array_agg(d.event_id order by d.seq desc))[2:]"],
    ],
    before: takeIn,
    scenario: twoOrders,
    finds: ["I7: it waits nowhere, and no batch has it"],
  },
  {
    what: "a dead letter that does not say why",
    plant: [["fn_fail_event", "reason = left(fn_fail_event.reason, 500)", "reason = null"]],
    scenario: deadLetter,
    finds: ["I7: a dead letter without a reason"],
  },
  {
    what: "a batch whose events still wait",
    plant: [["fn_claim_batch", "using due where o.seq = due.seq", "using due where o.seq = due.seq and false"]],
    scenario: async () => {
      const on = await dealingFund(db);
      await place(db, on, on.holder, { direction: "subscription", amount: "1000.00" });
      await db.settled();
      await db.call(SERVICE, "fn_claim_batch", { consumer: "test" });
      const found = await invariants(on.fund);
      await db.look(
        "delete from event_batches b where exists (select from event_outbox o where o.event_id = any (b.event_ids))",
      );
      return found;
    },
    finds: ["I8: it was handed over more than once"],
  },
  {
    what: "an intake that passes orders over",
    plant: [["fn_intake_orders", "where f.status = 'submitted' order by", "where false order by"]],
    before: takeIn,
    scenario: twoOrders,
    finds: ["I8: its batch is done, and nobody looked at it"],
  },
  {
    what: "a step that names the event of the first step",
    plant: [
      [
        "fn_open_claims",
        "'allocated', 'claimable', event,",
        "'allocated', 'claimable', (select f.event_id from public.fund_flows f where f.flow_id = m.flow_id),",
      ],
    ],
    scenario: async () => invariants((await dayAt(db, "claimable")).fund),
    finds: ["I9: it moved by an earlier event after a later one"],
  },
  {
    what: "a posting without its event",
    plant: [["post_ledger", "evergreen.actor(), event)", "evergreen.actor(), null)"]],
    scenario: async () => invariants((await dayAt(db, "posted")).fund),
    finds: ["trace: posted without an event of its own, or without a trace id"],
  },
  {
    what: "orders locked without an event",
    plant: [["fn_lock_orders", "'locked', event,", "'locked', null,"]],
    scenario: async () => invariants((await dayAt(db, "locked")).fund),
    finds: ["trace: an order moved without an event, or without a trace id"],
  },
  {
    what: "events without a trace id",
    plant: [["emit", "jsonb_build_object('trace_id',", "jsonb_build_object('trace',"]],
    scenario: async () => invariants((await dayAt(db, "locked")).fund),
    finds: [
      "trace: an order moved without an event, or without a trace id",
      "trace: posted without an event of its own, or without a trace id",
    ],
  },
  {
    what: "a day that is posted under the name of something else",
    plant: [["fn_post_dealing_day", "emit('DEALING_DAY_POSTED'", "emit('DEALING_DAY_OPENED'"]],
    scenario: async () => invariants((await dayAt(db, "posted")).fund),
    finds: ["trace: there is no event of DEALING_DAY_POSTED"],
  },
  {
    what: "a redemption that is paid again",
    plant: [
      [
        "fn_confirm_cash",
        "f.cleared_at is not null or case f.direction when 'redemption' then f.status <> 'claimable'",
        "case f.direction when 'redemption' then false",
      ],
    ],
    scenario: async () => {
      const day = await dayAt(db, "claimable");
      return after(day.fund, confirm(day, 1, `first/${day.dayId}`), confirm(day, 1, `second/${day.dayId}`));
    },
    finds: ["in_transit: more was paid than was owed"],
  },
  {
    what: "money that is sent back again",
    plant: [["fn_return_cash", "back.cleared_at is not null and", ""]],
    scenario: async () => {
      const day = await openDay(db);
      const back = () => db.call(OPS, "fn_return_cash", { flow_id: day.subscription, reference: "synthetic" });
      return after(day.fund, confirm(day, 0, `first/${day.dayId}`), back, back);
    },
    finds: ["in_transit: more was sent back than had come"],
  },
];

describeMutants(db, MUTANTS);

describe("rows changed behind the functions' back", async () => {
  const day = await dayAt(db, "closed");
  const other = await dayAt(db, "closed");
  const eventOf = (type: string): string =>
    `(select event_id from fund_events where fund_id = '${day.fund.fundId}' and type = '${type}' order by seq limit 1)`;

  it.each<[what: string, changes: string, finds: string]>([
    [
      "two runs of one event",
      `insert into workflow_runs (workflow_id, type, status, started_at, trace_id, event_id)
         select x, 'dealing-day', 'running', now(), repeat('0', 32), ${eventOf("DEALING_DAY_OPENED")} from unnest('{run/1, run/2}'::text[]) x`,
      "I8: more than one run began for it",
    ],
    [
      "a batch that is a dead letter without a reason",
      `insert into event_batches (type, event_ids, events, dead_at) select type, array[event_id], 1, now() from fund_events where event_id = ${eventOf("REDEMPTION_REQUESTED")}`,
      "I7: a dead letter without a reason",
    ],
    [
      "one event that moved an order twice",
      `insert into order_transitions (flow_id, from_status, to_status, event_id, actor)
         select flow_id, from_status, to_status, event_id, actor from order_transitions where flow_id = '${day.redemption}' and to_status = 'settled'`,
      "I8: one event moved it to a state more than once",
    ],
    [
      "one event that was posted twice",
      `insert into ledger_transactions (fund_id, kind, description, posted_by, event_id, tx)
         select fund_id, 'cash', description, posted_by, event_id, tx from ledger_transactions where fund_id = '${day.fund.fundId}' and kind = 'dealing'`,
      "I8: one event was posted more than once",
    ],
    [
      "claims that were opened before the posting",
      `update fund_events set seq = -seq where event_id = ${eventOf("CLAIMABLE")}`,
      "I9: its events are not in the order of its steps",
    ],
    [
      "a reversal of what came after it",
      `insert into ledger_transactions (fund_id, kind, description, posted_by, event_id, reverses)
         select t.fund_id, 'reversal', 'synthetic', 'user:x', ${eventOf("DEALING_DAY_OPENED")}, t.ledger_tx_id from ledger_transactions t where t.fund_id = '${day.fund.fundId}' and t.kind = 'dealing'`,
      "I9: it reverses what came after it",
    ],
    [
      "two final NAVs of one date",
      `drop index nav_strikes_final; insert into nav_strikes select (jsonb_populate_record(s, jsonb_build_object('strike_id', gen_random_uuid(), 'version', 9))).* from nav_strikes s where s.fund_id = '${day.fund.fundId}'`,
      "I16: a date has more than one NAV",
    ],
    [
      "two dealings of one class and date",
      `alter table dealing_days drop constraint if exists dealing_days_fund_id_share_class_id_dealing_date_key; drop index if exists dealing_days_fund_id_share_class_id_dealing_date_key;
       insert into dealing_days select (jsonb_populate_record(d, jsonb_build_object('dealing_day_id', gen_random_uuid(), 'status', 'cut_off', 'day_hash', null, 'closed_at', null))).* from dealing_days d where d.dealing_day_id = '${day.dayId}'`,
      "I16: a class deals more than once on a date",
    ],
    [
      "a day dealt at the price of another date",
      `update nav_strikes set nav_date = nav_date - 1 where fund_id = '${day.fund.fundId}'`,
      "I16: the price was struck for another date, or is that of no strike",
    ],
    [
      "a day dealt at the price of another fund",
      `update dealing_days set strike_id = (select strike_id from dealing_days where dealing_day_id = '${other.dayId}') where dealing_day_id = '${day.dayId}'`,
      "I16: the price was struck for another date, or is that of no strike",
    ],
    [
      "a switch that leaves its money on the way",
      `update cash_balances set account = 'in_transit' where fund_id = '${day.fund.fundId}' and account = 'bank'`,
      "in_transit: a switch left money in transit",
    ],
  ])("%s", async (_what, changes, finds) => {
    expect(await findingsWith(db, day.fund.fundId, "select 1")).toEqual([]);
    expect(await findingsWith(db, day.fund.fundId, changes)).toContain(finds);
  });
});
