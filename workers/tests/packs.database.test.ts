// A dealing day under each pack of policies/ as it ships, through the rooms on a real database: the pack's own terms and tools decide what is paid.
// Every fund is worth 12,345,600.00, of which 1,000,000.00 is liquid, and has 1,000,000 units; the figures were worked out beside the rules, by hand.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { parsePack } from "@evergreen-fund/domain/policies/index.ts";
import { addDays, dealingDates } from "@evergreen-fund/finance/dealing/calendar.ts";
import { expect, it } from "vitest";
import { dealingSteps } from "../dealing-steps.ts";
import {
  approve,
  asset,
  brokenIn,
  dayAhead,
  dayOf,
  dealingFund,
  newInvestor,
  payAll,
  redeem,
  subscribe,
  VECTOR,
} from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { AUDIT, OPS } from "./journeys.ts";
import { useRooms } from "./room-house.ts";

const rooms = useRooms();
const { house } = dealingRooms(rooms);

const packOf = (name: string) => parsePack(readFileSync(join(REPOSITORY_ROOT, "policies", `${name}.yaml`), "utf8"));
const ASSETS = [asset("INFRA", "infrastructure", "11345600.00", false), asset("CASH", "cash", "1000000.00", true)];
/** By then no lot of the register is under any pack's lock-up or soft fee any more. */
const UNLOCKED = "2027-02-01";

/** 10^-4 units. */
const scaled = (units: string): bigint => {
  const [whole = "0", part = ""] = units.split(".");
  return BigInt(whole + part.padEnd(4, "0"));
};
/** Shares of `cap` in proportion to what each asks for: rounded down, then one more to the largest remainders. */
function shared(asked: readonly bigint[], cap: bigint): bigint[] {
  const all = asked.reduce((sum, each) => sum + each, 0n);
  if (all <= cap) return [...asked];
  const parts = asked.map((each) => (each * cap) / all);
  const left = cap - parts.reduce((sum, each) => sum + each, 0n);
  const order = asked.map((each, i) => ({ i, rest: (each * cap) % all })).sort((a, b) => (a.rest < b.rest ? 1 : -1));
  for (const { i } of order.slice(0, Number(left))) parts[i] = (parts[i] ?? 0n) + 1n;
  return parts;
}

const isWeekday = (date: string): boolean => ![0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay());

interface Expected {
  pack: string;
  /** Subscription of somebody new, its cash there before the NAV. */
  subscribes?: string;
  /** Units that the large holder asks for beside the four of R6. */
  more?: string;
  /** Share of each of the four requests that the pack's investor gate admits, as 1 in so many. */
  admits?: bigint;
  /** Units of all redemptions together. */
  cap: string;
  status: string;
  price: string;
  /** Share of gross that stays in the fund, in ten-thousandths. */
  levy?: bigint;
  /** What becomes of the rest. */
  rest: "carried" | "lapsed";
}

const EXPECTED: Expected[] = [
  // Annex I, quarterly with three months of notice: a third of 1,000,000.00 is less than 5 % of NAV; 333,333.33… / 12.3456
  { pack: "eltif", cap: "27000.1728", status: "gated", price: "12.3456", levy: 50n, rest: "carried" },
  // half of 1,000,000.00 beside what is subscribed: 600,000.00 / 12.3456; 4.05 % go out on balance: 0.4 % swing
  { pack: "ltaf", subscribes: "100000.00", cap: "48600.3110", status: "gated", price: "12.2962", rest: "carried" },
  // an offer for 5 % of the units; what it does not fill lapses
  { pack: "us-interval-23c-3", cap: "50000", status: "gated", price: "12.3456", rest: "lapsed" },
  // no gate: all 77,679.5122 units that are asked for are paid; the redemption fee is a tool that nobody activated
  { pack: "us-open-end-22e-4", cap: "77679.5122", status: "not_active", price: "12.3456", rest: "lapsed" },
  // a quarter of each holding, then 2 % of NAV: 20,000 units, of which nothing is above 2 % on balance: 0.3 % swing
  {
    pack: "free-form",
    more: "10000",
    admits: 4n,
    cap: "20000",
    status: "gated",
    price: "12.3086",
    levy: 50n,
    rest: "carried",
  },
];

it("every pack that ships is dealt under", () => {
  const shipped = readdirSync(join(REPOSITORY_ROOT, "policies"))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.replace(".yaml", ""));
  expect(EXPECTED.map(({ pack }) => pack).sort()).toEqual(shipped.sort());
});

it.each(EXPECTED)("a dealing day under the pack $pack", { timeout: 180_000 }, async (expected) => {
  const pack = packOf(expected.pack);
  const calendar = { weekend: [6, 7], holidays: new Set<string>() };
  const notice = pack.dealing.notice.redemption.n + 7;
  const from = [addDays(dayAhead(0), notice), UNLOCKED].sort().at(-1) as string;
  // an offer is told four to six weeks before its deadline, and priced two weeks after it: the quarter of an interval fund is laid around today
  const ahead = [0, 1, 2].map((n) => addDays(dayAhead(0), 49 + n)).find((day) => isWeekday(day)) as string;
  const offers = pack.dealing.offerNoticeDays !== undefined;
  const quarter = { on: { dayOfMonth: Number(ahead.slice(8)) }, anchorMonth: Number(ahead.slice(5, 7)) };
  const [date] = offers ? [ahead] : dealingDates(pack.dealing, calendar, from, addDays(from, 400));
  const on = await dealingFund(house(), {
    assets: ASSETS,
    // a pack says nothing of how many decimals a class has
    policy: { ...pack.dealing, ...(offers ? quarter : {}), issuePrice: "12.3456", units_dp: 4, price_dp: 4 },
    lmt: pack.lmt,
  });
  if (offers)
    await rooms.database.rpc(OPS, "fn_open_repurchase_offer", {
      fund: on.code,
      deadline: addDays(ahead, -14 - [0, 1, 2].findIndex((n) => isWeekday(addDays(ahead, -14 - n)))),
      pricing_date: ahead,
      share: "0.05",
      notice: "The fund offers to buy back 5 % of its units (synthetic).",
    });
  const holders = [...on.holders, ...(expected.more === undefined ? [] : [on.other])];
  const asks = [...VECTOR.map(({ units }) => units), ...(expected.more === undefined ? [] : [expected.more])];
  const flows: string[] = [];
  for (const [i, units] of asks.entries()) flows.push(await redeem(house(), on, holders[i] as string, units));
  // marks of today serve a date ahead: their age is not what is tested here
  await house().look(`update platform_settings set value = '{"default": 4000}' where key = 'nav_max_age_days'`);
  let bought: string | undefined;
  if (expected.subscribes !== undefined) {
    bought = await subscribe(house(), on, await newInvestor(house()), expected.subscribes);
    const payments = [{ flow_id: bought, amount: expected.subscribes, reference: "synthetic/1" }];
    await rooms.database.rpc(OPS, "fn_confirm_cash", { fund: on.code, payments });
  }
  const steps = dealingSteps({ database: rooms.database, crashPoint: () => undefined });
  for (;;) {
    const [batch] = await rooms.database.rpc({ role: "service_role" }, "fn_claim_batch", { consumer: "test" });
    if (batch === undefined) break;
    await steps.takeIn(batch.batch_id, batch.type);
  }
  const { dealing_day_id, workflow_id } = await rooms.database.rpc(OPS, "fn_open_dealing_day", {
    fund: on.code,
    share_class: "A",
    dealing_date: date as string,
  });
  const event = await rooms.database.read(AUDIT, (tx) =>
    tx.fund_events.findFirstOrThrow({
      where: { type: "DEALING_DAY_OPENED", payload: { path: ["dealing_day_id"], equals: dealing_day_id } },
    }),
  );
  const day = { dealingDayId: dealing_day_id, eventId: event.event_id, workflowId: workflow_id!, fundId: on.fundId };
  await house().look("update dealing_days set cut_off_at = now() where dealing_day_id = $1", [dealing_day_id]);
  await steps.cutOff(day);
  const { proposalId } = await steps.proposeNav(day);
  await approve(
    house(),
    await rooms.database.read(AUDIT, (tx) => tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } })),
  );
  await steps.deal(day, []);
  await payAll(house(), on, dealing_day_id);
  await steps.close(day);
  const closed = await dayOf(house(), dealing_day_id);
  expect(closed).toMatchObject({
    status: "closed",
    decision: { status: expected.status, gate: expected.status === "gated" },
  });
  const fills = await rooms.database.read(AUDIT, (tx) =>
    tx.allocations.findMany({ where: { dealing_day_id }, include: { flow: true } }),
  );
  const rowOf = (flowId: string) => fills.find((fill) => fill.flow_id === flowId)!;
  const units = asks.map(scaled);
  const admitted = units.map((each, i) =>
    expected.admits === undefined || i >= VECTOR.length ? each : each / expected.admits,
  );
  const got = shared(admitted, scaled(expected.cap));
  expect(flows.map((id) => scaled(rowOf(id).filled_units.toFixed(4)))).toEqual(got);
  expect(fills.every((fill) => fill.price.toFixed() === expected.price)).toBe(true);
  for (const [i, id] of flows.entries()) {
    const { gross_amount, levy, carried_units } = rowOf(id);
    // cents, down; the levy half up
    const gross = ((got[i] as bigint) * scaled(expected.price)) / 1_000_000n;
    expect(gross_amount.toFixed(2)).toBe(`${gross / 100n}.${String(gross % 100n).padStart(2, "0")}`);
    expect(scaled(levy.toFixed(2))).toBe(((gross * (expected.levy ?? 0n) * 2n + 10_000n) / 20_000n) * 100n);
    expect(scaled(carried_units.toFixed(4))).toBe(
      expected.rest === "carried" ? (units[i] as bigint) - (got[i] as bigint) : 0n,
    );
  }
  if (bought !== undefined) {
    // down to 10^-4 units
    const bought10k = (scaled(expected.subscribes as string) * 10_000n) / scaled(expected.price);
    expect(scaled(rowOf(bought).filled_units.toFixed(4))).toBe(bought10k);
  }
  expect(await brokenIn(house(), on.code)).toEqual([]);
});
