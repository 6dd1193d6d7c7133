// One dealing day of a synthetic fund with as many orders as asked for: arranged before, and then taken by the platform's own run from the cut-off to
// the close. The bench is the two people who approve the NAV and the bank that confirms the cash.
import type { Actor } from "@evergreen-fund/domain/roles.ts";
import type { Check } from "../frame/report.ts";
import type { House } from "./house.ts";

const person = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
const PEOPLE = [1, 2].map((n): Actor => ({ role: "pm_role", userId: person(n) }));
const PM = PEOPLE[0] as Actor;
const OPS: Actor = { role: "ops_role", userId: person(5) };
const AUDIT: Actor = { role: "audit_role", userId: person(6) };
const PRICE_CENTS = 1_234_560n; // of 1,000 units at 12.3456
const PATIENCE_MS = 1_200_000;

export const POLICY = {
  frequency: "daily",
  calendar: "none",
  timeZone: "UTC",
  cutOff: "23:59",
  notice: { subscription: { n: 0, basis: "calendar" }, redemption: { n: 0, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: 12, softFees: [{ untilMonths: 24, rate: "0.02" }] },
  minimums: { initial: "0", additional: "0", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  issuePrice: "12.3456",
  fees: {
    management: { rate: "0.0125", basis: "act/365" },
    performance: { rate: "0", hurdle: "0", catchUp: "1", method: "none" },
  },
  settlementDays: 2,
};
export const TOOLS = {
  pack: "free-form",
  regime: "aif",
  tools: ["redemption_gate", "anti_dilution_levy"],
  gate: { basis: "gross", share: "0.05", threshold: { kind: "nav_share", share: "0.02" } },
  levy: { rate: "0.001", on: "redemptions" },
  carry: "auto_pari_passu",
};

export interface DealDay {
  fund: string;
  dealingDayId: string;
  orders: number;
}

export interface DealtDay extends DealDay {
  /** From the cut-off to the close, statements ready. */
  seconds: number;
  /** When each status was reached, in milliseconds from the cut-off. */
  steps: { status: string; step: number; ms: number }[];
}

const asText = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
/** The dealing date that the platform's own clock opens as well: today, or after a weekend Monday. A later one would wait for it. */
const nearestWeekday = (): string => {
  const days = { 0: 1, 6: 2 }[new Date().getUTCDay()] ?? 0;
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
};

/** A fund with one holder of 1,000 units for each order; four of five redeem about a tenth, one subscribes, its money there before. */
export async function arrange(
  house: House,
  statement: (name: string) => string,
  code: string,
  orders: number,
): Promise<DealDay> {
  const { database, admin } = house;
  const value = BigInt(orders) * PRICE_CENTS;
  const [bonds, cash] = [value / 5n, value / 10n];
  const asset = (key: string, type: string, cents: bigint, liquid: boolean) => ({
    key,
    name: `${key} (synthetic)`,
    type,
    sleeve: type,
    market_value: asText(cents),
    bucket: liquid ? "1d" : "gt365d",
    liquid,
  });
  await database.rpc(PM, "fn_import_fund", {
    fund: {
      code,
      name: `Synthetic bench fund ${code}`,
      currency: "USD",
      as_of: new Date().toISOString().slice(0, 10),
      net_assets: asText(value),
      synthetic: true,
      source: { kind: "synthetic" },
      assets: [
        asset("INFRA", "infrastructure", value - bonds - cash, false),
        asset("BOND", "debt", bonds, true),
        asset("CASH", "cash", cash, true),
      ],
      ladder: [{ side: "asset", bucket: "1d", capacity: asText(bonds + cash) }],
    },
  });
  const share_class_id = await database.rpc(PM, "fn_open_class", {
    fund: code,
    code: "A",
    name: "Class A",
    issue_price: "12.3456",
  });
  await database.rpc(PM, "fn_set_dealing_policy", { share_class_id, body: POLICY, effective_from: "2020-01-01" });
  await database.rpc(PM, "fn_set_lmt_policy", {
    fund: code,
    pack: "free-form",
    body: TOOLS,
    effective_from: "2020-01-01",
  });
  const positions = (await admin.query<Record<string, unknown>>(statement("positions"), [orders])).rows;
  await database.rpc(OPS, "fn_open_register", { share_class_id, positions });
  await admin.query(statement("orders"), [share_class_id, orders]);
  const paid = (await admin.query<Record<string, unknown>>(statement("subscriptions"), [share_class_id])).rows;
  await database.rpc(OPS, "fn_confirm_cash", { fund: code, payments: paid });
  await admin.query(statement("settle"));
  const { dealing_day_id } = await database.rpc(OPS, "fn_open_dealing_day", {
    fund: code,
    share_class: "A",
    dealing_date: nearestWeekday(),
  });
  return { fund: code, dealingDayId: dealing_day_id, orders };
}

/** From the cut-off to the close. */
export async function take(house: House, statement: (name: string) => string, day: DealDay): Promise<DealtDay> {
  const { database, admin, reaches } = house;
  const id = day.dealingDayId;
  const start = performance.now();
  await admin.query(statement("cut-off"), [id]);
  await database.rpc(OPS, "fn_knock_dealing_day", { dealing_day_id: id, reason: "the cut-off is now" });
  await reaches(id, ["nav_proposed"], PATIENCE_MS);
  const [proposal] = (await admin.query<{ proposal_id: string; hash: string }>(statement("proposal"), [id])).rows;
  for (const who of PEOPLE)
    await database.rpc(who, "fn_decide_proposal", {
      proposal_id: proposal?.proposal_id ?? "",
      hash: proposal?.hash ?? "",
      decision: "approved",
    });
  await reaches(id, ["claimable"], PATIENCE_MS);
  const payments = (await admin.query<Record<string, unknown>>(statement("claims"), [id])).rows;
  await database.rpc(OPS, "fn_confirm_cash", { fund: day.fund, payments });
  await reaches(id, ["closed"], PATIENCE_MS);
  const seconds = (performance.now() - start) / 1_000;
  return { ...day, seconds, steps: (await admin.query<DealtDay["steps"][number]>(statement("steps"), [id])).rows };
}

interface Outcome {
  orders: number;
  settled: number;
  statements: number;
  carried: number;
  filled: string;
  cap: string;
  status: string;
  day_hash: string | null;
}

/** A time counts only for a day on which everything happened: every order settled, the cap paid to the last unit, a statement each, nothing broken. */
export async function rightly(house: House, statement: (name: string) => string, day: DealDay): Promise<Check> {
  const [seen] = (await house.admin.query<Outcome>(statement("outcome"), [day.dealingDayId])).rows;
  const broken = await house.database.rpc(AUDIT, "fn_verify_invariants", { fund: day.fund });
  const redeemed = day.orders - Math.floor(day.orders / 5);
  return {
    what: `${day.fund}: every order settled, the cap paid to the last unit, the rest carried, a statement for each investor, no invariant broken`,
    ok:
      seen?.status === "closed" &&
      seen.day_hash !== null &&
      seen.orders === day.orders &&
      seen.settled === day.orders &&
      seen.statements === day.orders &&
      seen.carried === redeemed &&
      seen.filled === seen.cap &&
      broken.length === 0,
    seen:
      seen === undefined
        ? "no day"
        : `${seen.settled} of ${seen.orders} settled, ${seen.filled} of ${seen.cap} units, ${seen.carried} carried, ${seen.statements} statements, ${broken.length} broken`,
  };
}
