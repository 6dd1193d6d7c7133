// 365 dealing dates of five funds on a real Postgres, each taken through its twelve steps by the actions of the rooms: two schedules, triggers by people and a
// backfill open every date again and again, and on some dates every step is taken by several callers at once. One deal per date comes of it, and nothing is lost.
import { EvergreenError, isErrorCode } from "@evergreen-fund/domain";
import { expect, it } from "vitest";
import { type DayIds, type DealingSteps, dealingSteps } from "../dealing-steps.ts";
import {
  approve,
  type DealingHouse,
  dayAhead,
  dayOf,
  dealingFund,
  payAll,
  redeem,
  subscribe,
} from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { AUDIT, OPS } from "./journeys.ts";
import { useRooms } from "./room-house.ts";

const rooms = useRooms();
/** Dates in all, a fifth of them dealt by each of five funds: every check reads a fund's whole past, and one fund's year of days would be read 365 times. */
const DATES = 365;
const FUNDS = 5;
const EACH = DATES / FUNDS;

const { house } = dealingRooms(rooms);

/** The business dates ahead that a fund deals on, oldest first. */
function datesOf(fund: number): string[] {
  const found: string[] = [];
  for (let n = 1; found.length < DATES; n++)
    if (![0, 6].includes(new Date(`${dayAhead(n)}T00:00:00Z`).getUTCDay())) found.push(dayAhead(n));
  return found.slice(fund * EACH, (fund + 1) * EACH);
}

/** Whoever fires opens what is due, or finds it open. */
async function fired(on: DealingHouse, date: string): Promise<void> {
  const at = `${date}T12:00:00.000Z`;
  const scheduled = (by: string) =>
    rooms.call("commander.openDealingDays", {
      workflowId: `open/${by}/${date}`,
      fundId: on.fundId,
      shareClassId: on.classId,
      at,
    });
  const person = () =>
    rooms.database.rpc(OPS, "fn_open_dealing_day", { fund: on.code, share_class: "A", dealing_date: date });
  await Promise.all([scheduled("schedule"), scheduled("twin"), scheduled("trigger"), person(), person()]);
}

/** Takes a step by so many callers at once: at least one gets through, and who does not is refused with a code. */
async function by(callers: number, step: () => Promise<unknown>): Promise<void> {
  const ends = await Promise.allSettled(Array.from({ length: callers }, step));
  for (const end of ends)
    if (end.status === "rejected" && !(end.reason instanceof EvergreenError && isErrorCode(end.reason.code)))
      throw end.reason;
  // what was overtaken may have done its part without finishing it: once more, alone
  if (ends.some(({ status }) => status === "rejected")) await step();
}

async function intake(steps: DealingSteps): Promise<void> {
  for (;;) {
    const [batch] = await rooms.database.rpc({ role: "service_role" }, "fn_claim_batch", { consumer: "test" });
    if (batch === undefined) return;
    await steps.takeIn(batch.batch_id, batch.type);
  }
}

async function idsOf(on: DealingHouse, date: string): Promise<DayIds> {
  const [row] = await house().look<{ day: string; event: string; run: string }>(
    `select d.dealing_day_id as day, d.workflow_id as run, e.event_id as event from dealing_days d join fund_events e
        on e.type = 'DEALING_DAY_OPENED' and e.payload ->> 'dealing_day_id' = d.dealing_day_id::text
      where d.share_class_id = $1 and d.dealing_date = $2`,
    [on.classId, date],
  );
  return { dealingDayId: row!.day, eventId: row!.event, workflowId: row!.run, fundId: on.fundId };
}

async function deal(on: DealingHouse, steps: DealingSteps, date: string, callers: number): Promise<void> {
  const day = await idsOf(on, date);
  await house().look("update dealing_days set cut_off_at = now() where dealing_day_id = $1", [day.dealingDayId]);
  await by(callers, () => steps.cutOff(day));
  let proposalId = "";
  await by(callers, async () => {
    proposalId = (await steps.proposeNav(day)).proposalId;
  });
  const proposal = await rooms.database.read(AUDIT, (tx) =>
    tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } }),
  );
  await approve(house(), proposal);
  await by(callers, () => steps.deal(day, []));
  await by(callers, () => payAll(house(), on, day.dealingDayId));
  await by(callers, () => steps.close(day));
  expect((await dayOf(house(), day.dealingDayId)).status, date).toBe("closed");
}

it.each(Array.from({ length: FUNDS }, (_, fund) => fund))(
  "dates of fund %i: one deal per date, whoever opens it and however many take its steps",
  { timeout: 1_800_000 },
  async (fund) => {
    const on = await dealingFund(house());
    // the class has its terms from its first date on: before that no date was missed
    await house().look(
      `begin; set local session_replication_role = replica;
       update dealing_policies set recorded_at = '${datesOf(fund)[0]} 00:00+00' where share_class_id = '${on.classId}'; commit`,
    );
    // marks of today serve the whole year: their age is not what is tested here
    await house().look(`update platform_settings set value = '{"default": 4000}' where key = 'nav_max_age_days'`);
    const steps = dealingSteps({ database: rooms.database, crashPoint: () => undefined });
    for (const [n, date] of datesOf(fund).entries()) {
      // what autovacuum does beside a database that lives longer than a test
      if (n % 40 === 39) await house().look("analyze");
      if (n % 9 !== 4) await fired(on, date); // nothing runs on one date of nine, and the next firing catches it up
      if (n % 3 === 0) await subscribe(house(), on, on.other, `${1_000 + n}.00`);
      // on one date of twenty-five more is asked for than the gate lets through
      if (n % 5 === 2) await redeem(house(), on, on.other, n % 25 === 2 ? "60000" : "12.3456");
      if (n % 3 === 0 || n % 5 === 2) await intake(steps);
      if (n % 9 === 4) await fired(on, date);
      await deal(on, steps, date, n % 30 === 7 ? 4 : n % 10 === 3 ? 2 : 1);
    }
    // somebody backfills all of it once more
    for (const date of datesOf(fund).filter((_, n) => n % 5 === 0)) await fired(on, date);
    const [seen] = await house().look<Record<string, string>>(
      `select count(*) filter (where d.status = 'closed')::text as closed, count(distinct d.dealing_date) filter (where d.status = 'closed')::text as dates,
        (select count(*) from nav_strikes s where s.fund_id = $1 and s.state = 'final')::text as strikes,
        (select count(*) from fund_events e where e.fund_id = $1 and e.type = 'NAV_STRUCK')::text as struck,
        (select count(*) from fund_events e where e.fund_id = $1 and e.type = 'DEALING_DAY_POSTED')::text as posted,
        (select count(*) from fund_events e where e.fund_id = $1 and e.type = 'DEALING_DAY_CLOSED')::text as ended,
        (select count(*) from proposals p where p.fund_id = $1 and p.kind = 'nav' and p.status = 'applied')::text as proposals,
        count(*) filter (where d.decision ->> 'gate' = 'true')::text as gated
       from dealing_days d where d.fund_id = $1`,
      [on.fundId],
    );
    const each = String(EACH);
    expect(seen).toMatchObject({
      closed: each,
      dates: each,
      strikes: each,
      struck: each,
      posted: each,
      ended: each,
      proposals: each,
    });
    expect(Number(seen?.gated)).toBeGreaterThan(0);
    // units and cash, counted anew from what was filled
    const [totals] = await house().look<Record<string, string>>(
      `select (select sum(h.units) from holdings h where h.share_class_id = $2) = 1000000 + sum(case f.direction when 'subscription' then a.filled_units else -a.filled_units end) as units,
        (select sum(b.amount) from cash_balances b where b.fund_id = $1 and b.account = 'bank') = sum(case f.direction when 'subscription' then a.gross_amount else -a.net_amount end) as bank,
        (select sum(b.amount) from cash_balances b where b.fund_id = $1) = 0 as zero, count(*) = count(distinct a.flow_id) as once
       from allocations a join dealing_days d using (dealing_day_id) join fund_flows f on f.flow_id = a.flow_id where d.fund_id = $1`,
      [on.fundId, on.classId],
    );
    expect(totals).toEqual({ units: true, bank: true, zero: true, once: true });
  },
);
