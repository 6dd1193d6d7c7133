// Journeys of dealing days during which a worker may die: whatever dies when, what they end with is the same.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "@evergreen-fund/testing/working-house.ts";
import { expect } from "vitest";
import { ensureSchedule, readScheduledClasses, scheduleIdOf } from "../schedules.ts";
import {
  approve,
  brokenIn,
  dayReaches,
  dealAhead,
  dealingFund,
  expectVectorDealt,
  navProposed,
  openDay,
  orderVector,
  reachCutOff,
  takeDay,
} from "./dealing-journeys.ts";
import { clientOf, type TestHouse } from "./houses.ts";
import { AUDIT, expectEnd, OPS } from "./journeys.ts";
import { daysOnWrongMark, expectRestated, nextRestatement, restate, strikeProposed } from "./restatement-journeys.ts";

type Journey = (house: TestHouse) => Promise<void>;
type DayJourney = (house: TestHouse, dealingDayId: string) => Promise<void>;

/** The run of a dealing day that was opened. */
const runOf = (house: TestHouse, dealingDayId: string) =>
  house.database.read(AUDIT, (tx) =>
    tx.fund_events.findFirstOrThrow({
      where: { type: "DEALING_DAY_OPENED", payload: { path: ["dealing_day_id"], equals: dealingDayId } },
    }),
  );

/** Operations asks for the files of a statement of the day: they are there, and said to be there once. */
const documented: DayJourney = async ({ database, home, look }, dealingDayId) => {
  const [statement] = await look<{ id: string; day: string }>(
    "select statement_id as id, body ->> 'dealingDate' as day from statements where dealing_day_id = $1 limit 1",
    [dealingDayId],
  );
  const { id, day } = statement!;
  const { event_id } = await database.rpc(OPS, "fn_request_documents", { statement_id: id });
  await expectEnd(database, event_id, "completed");
  expect(existsSync(join(home, "reports", day, id, "statement.pdf"))).toBe(true);
  const said = { type: "STATEMENT_DOCUMENTS_KEPT", payload: { path: ["statement_id"], equals: id } };
  expect(await database.read(AUDIT, (tx) => tx.fund_events.count({ where: said }))).toBe(1);
};

/** Twelve steps of a gated day: whatever dies after whichever of them, the totals are those of R6. `ordered` happens between the orders and the day, `after` when it is closed. */
export const dealtWith =
  (ordered: Journey, after: DayJourney = async () => {}): Journey =>
  async (house) => {
    const on = await dealingFund(house);
    const flows = await orderVector(house, on);
    await ordered(house);
    const { dealing_day_id } = await openDay(house, on.code, dealAhead(1));
    await takeDay(house, on, dealing_day_id);
    await expectVectorDealt(house, on, dealing_day_id, flows);
    await expectEnd(house.database, (await runOf(house, dealing_day_id)).event_id, "completed");
    await after(house, dealing_day_id);
  };

export const dealt = dealtWith(async () => {}, documented);

/** A day that has to be stopped: people decide on `tool`, and nothing is struck. */
export const stopped =
  (tool: "suspension" | "notice_extension", end: string, order: string): Journey =>
  async (house) => {
    const { database } = house;
    const on = await dealingFund(house, {
      lmt: {
        tools: ["redemption_gate", tool === "suspension" ? "anti_dilution_levy" : tool],
        gate: { basis: "gross", money: "100000", threshold: { kind: "nav_share", share: "0.02" } },
      },
    });
    const flows = await orderVector(house, on);
    const { dealing_day_id } = await openDay(house, on.code, dealAhead(1));
    await reachCutOff(house, dealing_day_id);
    await approve(house, await navProposed(house, dealing_day_id));
    const asked = await until(
      () =>
        database.read(AUDIT, (tx) =>
          tx.lmt_activations.findFirst({ where: { fund_id: on.fundId }, include: { proposal: true } }),
        ),
      "a tool to be asked for",
    );
    await approve(house, asked.proposal);
    await dayReaches(house, dealing_day_id, end);
    const seen = await database.read(AUDIT, async (tx) => ({
      orders: (await tx.fund_flows.findMany({ where: { flow_id: { in: flows } } })).map(({ status }) => status),
      asked: await tx.lmt_activations.count({ where: { fund_id: on.fundId } }),
      struck: await tx.fund_events.count({ where: { fund_id: on.fundId, type: "NAV_STRUCK" } }),
      ended: await tx.fund_events.count({
        where: { fund_id: on.fundId, type: { in: ["SUSPENDED", "DEALING_DAY_DISCARDED"] } },
      }),
    }));
    expect(seen).toEqual({ orders: flows.map(() => order), asked: 1, struck: 0, ended: 1 });
    await expectEnd(database, (await runOf(house, dealing_day_id)).event_id, "refused");
  };

/** One corrected input: two strikes, three deals. */
export const restated: Journey = async (house) => {
  const wrong = await daysOnWrongMark(house);
  const corrected = await restate(house, wrong.days[0], "INFRA", "10145600.00");
  await approve(house, await strikeProposed(house, corrected));
  const next = await nextRestatement(house, wrong.on.fundId, corrected);
  await approve(house, await strikeProposed(house, next.strike_id));
  const begun = await house.database.read(AUDIT, (tx) =>
    tx.fund_events.findMany({ where: { type: "NAV_RESTATEMENT_BEGUN", fund_id: wrong.on.fundId } }),
  );
  expect(begun).toHaveLength(2);
  for (const { event_id } of begun) await expectEnd(house.database, event_id, "completed");
  await expectRestated(house, wrong);
};

/** Nobody decides on a NAV for more than a day. */
export const overdue: Journey = async (house) => {
  const on = await dealingFund(house);
  const { dealing_day_id } = await openDay(house, on.code, dealAhead(1));
  await reachCutOff(house, dealing_day_id);
  const proposal = await navProposed(house, dealing_day_id);
  await house.look(
    `begin; set local session_replication_role = replica;
     update proposals set created_at = now() - interval '25 hours' where proposal_id = '${proposal.proposal_id}'; commit`,
  );
  await house.database.rpc(OPS, "fn_knock_dealing_day", { dealing_day_id, reason: "time has passed" });
  const said = () =>
    house.database.read(AUDIT, (tx) =>
      tx.fund_events.count({ where: { fund_id: on.fundId, type: "NAV_APPROVAL_OVERDUE" } }),
    );
  await until(async () => (await said()) > 0, "the overdue approval to be said");
  await approve(house, proposal);
  await dayReaches(house, dealing_day_id, "closed");
  expect(await said()).toBe(1);
};

const DAYS = 86_400_000;

/** A schedule fires for the days to come: each dealing date among them is opened once. */
export const scheduled: Journey = async (house) => {
  const on = await dealingFund(house);
  const client = await clientOf(house);
  try {
    const [one] = (await readScheduledClasses(house.database)).filter(({ fund }) => fund === on.code);
    if (one === undefined) throw new Error("the class has no schedule to make");
    await ensureSchedule(client, one, "local");
    const schedule = client.schedule.getHandle(scheduleIdOf(one));
    // it fires once when it is made; the server forgets a backfill that comes in the same moment
    await until(async () => (await schedule.describe()).info.numActionsTaken > 0, "the schedule to fire");
    await schedule.backfill({ start: new Date(), end: new Date(Date.now() + 5 * DAYS), overlap: "ALLOW_ALL" });
    const seen = () =>
      house.database.read(AUDIT, async (tx) => ({
        days: await tx.dealing_days.count({ where: { fund_id: on.fundId } }),
        events: await tx.fund_events.count({ where: { fund_id: on.fundId, type: "DEALING_DAY_OPENED" } }),
      }));
    await until(async () => {
      const { numActionsTaken, runningActions } = (await schedule.describe()).info;
      return numActionsTaken > 5 && runningActions.length === 0 && (await seen()).days >= 3;
    }, "dealing days to be opened");
    const { days, events } = await seen();
    expect(events).toBe(days);
    // each of them has a run, before nobody is left to begin it
    await until(async () => (await brokenIn(house, on.code)).length === 0, "a run for each day");
  } finally {
    await client.connection.close();
  }
};
