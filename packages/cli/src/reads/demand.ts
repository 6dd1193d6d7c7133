// What was asked of a dealing day, net of what was left unfilled the day before and is the same request again (R8).

import type { Session } from "../session.ts";
import type { ClassRow } from "./classes.ts";
import { type Deal, type FillRow, fillsOf, listDays } from "./deals.ts";
import { type OrderRow, ordersOfDay } from "./orders.ts";

/** Units of the class. */
export interface Demand {
  gross: string;
  repeats: string;
  net: string;
}

/** What each investor asked to redeem and got, in units; what is asked in money counts once its units are known. */
function askedAndFilled(orders: readonly OrderRow[], fills: readonly FillRow[], shareClass: ClassRow) {
  const byOrder = new Map(fills.map((fill) => [fill.flow_id, fill]));
  return orders
    .filter(
      (order) =>
        order.direction === "redemption" &&
        order.order_kind === "plain" &&
        order.share_class?.code === shareClass.code &&
        order.status !== "cancelled",
    )
    .flatMap((order) => {
      const fill = byOrder.get(order.flow_id);
      const requested = fill?.requested_units ?? order.requested_units;
      return requested === null ? [] : [{ id: order.investor_id, requested, filled: fill?.filled_units ?? "0" }];
    });
}

/** Of a day with its orders and fills, against the last one of its class that dealt. */
export async function demandOf(session: Session, deal: Omit<Deal, "demand">): Promise<Demand> {
  const { day, shareClass, orders, fills } = deal;
  const earlier = await listDays(session, {
    fundId: undefined,
    classId: day.share_class_id,
    status: undefined,
    limit: 1000,
  });
  const before = earlier.find((row) => row.dealing_date < day.dealing_date && DEALT.includes(row.status));
  const { demandNetOfRepeats } = await import("@evergreen-fund/finance/dealing/carry.ts");
  const dayOf = (date: string, rows: ReturnType<typeof askedAndFilled>) => ({
    date,
    investors: perInvestor(rows, shareClass.units_dp),
  });
  const past =
    before === undefined
      ? []
      : [
          dayOf(
            before.dealing_date,
            askedAndFilled(
              await ordersOfDay(session, before.dealing_day_id),
              await fillsOf(session, before.dealing_day_id),
              shareClass,
            ),
          ),
        ];
  const { days } = demandNetOfRepeats({
    unitsDp: shareClass.units_dp,
    days: [...past, dayOf(day.dealing_date, askedAndFilled(orders, fills, shareClass))],
  });
  const { gross, repeats, net } = days.at(-1) ?? { gross: "0", repeats: "0", net: "0" };
  return { gross, repeats, net };
}

/** Days whose fills stand. */
const DEALT: readonly string[] = ["posted", "claimable", "settled", "closed"];

/** One row per investor: the orders of one day added up, exactly. */
function perInvestor(rows: readonly { id: string; requested: string; filled: string }[], dp: number) {
  const whole = (text: string): bigint => {
    const [units = "0", digits = ""] = text.split(".");
    return BigInt(units + digits.padEnd(dp, "0").slice(0, dp));
  };
  const plainOf = (value: bigint): string => {
    const digits = value.toString().padStart(dp + 1, "0");
    return dp === 0 ? digits : `${digits.slice(0, -dp)}.${digits.slice(-dp)}`;
  };
  const sums = new Map<string, { requested: bigint; filled: bigint }>();
  for (const { id, requested, filled } of rows) {
    const sum = sums.get(id) ?? { requested: 0n, filled: 0n };
    sums.set(id, { requested: sum.requested + whole(requested), filled: sum.filled + whole(filled) });
  }
  return [...sums].map(([id, { requested, filled }]) => ({
    id,
    requested: plainOf(requested),
    filled: plainOf(filled),
  }));
}
