// Orders of one dealing date: who joins, adds and leaves, at the published price of that date (R2, R5b). Units lie in lots, first in
// first out, and may leave twelve months after they were bought (R3).
import { between, happens, uuidOf } from "./chance.ts";
import type { DemoInvestor } from "./investors.ts";
import { cashFor, sum, unitsFor } from "./money.ts";
import { type ClassCode, LOCK_MONTHS } from "./terms.ts";

export interface DemoFlow {
  id: string;
  month: number;
  investor: string;
  shareClass: ClassCode;
  direction: "subscription" | "redemption";
  /** Cents. */
  amount: bigint;
  /** Ten-thousandths. */
  units: bigint;
  /** Days between the order and the dealing date. */
  notice: number;
}

interface Lot {
  month: number;
  units: bigint;
}
/** Units of each investor by lot. */
export type Register = Map<string, Lot[]>;

/** An uneasy quarter, 2025-03 to 2025-05: three times as many leave. */
const UNEASY = new Set([17, 18, 19]);
const ADDS_PER_MILLE = 22;
const LEAVES_PER_MILLE = 18;

/** Orders of all investors on one date; the register is brought forward. */
export function dealOn(
  month: number,
  investors: readonly DemoInvestor[],
  prices: Record<ClassCode, bigint>,
  register: Register,
): DemoFlow[] {
  const flows: DemoFlow[] = [];
  for (const investor of investors) {
    const flow = orderOf(month, investor, prices[investor.shareClass], register);
    if (flow) flows.push(flow);
  }
  return flows;
}

function orderOf(month: number, investor: DemoInvestor, price: bigint, register: Register): DemoFlow | undefined {
  const { code, joins, size } = investor;
  if (month < joins) return undefined;
  if (month === joins) return subscribe(month, investor, size, price, register);
  const lots = register.get(code) ?? [];
  const free = sum(lots.filter((lot) => lot.month <= month - LOCK_MONTHS).map((lot) => lot.units));
  if (free > 0n && happens(`leaves/${code}/${month}`, UNEASY.has(month) ? 3 * LEAVES_PER_MILLE : LEAVES_PER_MILLE)) {
    const percent = happens(`all/${code}/${month}`, 150) ? 100 : between(`part/${code}/${month}`, 10, 60);
    return redeem(month, investor, (free * BigInt(percent)) / 100n, price, lots);
  }
  if (lots.length > 0 && happens(`adds/${code}/${month}`, ADDS_PER_MILLE)) {
    const thousands = (size * BigInt(between(`adds-part/${code}/${month}`, 10, 50))) / 100n / 100_000n;
    return subscribe(month, investor, (thousands > 0n ? thousands : 1n) * 100_000n, price, register);
  }
  return undefined;
}

function subscribe(month: number, investor: DemoInvestor, amount: bigint, price: bigint, register: Register): DemoFlow {
  const units = unitsFor(amount, price);
  const lots = register.get(investor.code) ?? [];
  register.set(investor.code, [...lots, { month, units }]);
  return flowOf(month, investor, "subscription", amount, units, between(`notice/${investor.code}/${month}`, 3, 15));
}

function redeem(
  month: number,
  investor: DemoInvestor,
  units: bigint,
  price: bigint,
  lots: Lot[],
): DemoFlow | undefined {
  const amount = cashFor(units, price);
  if (amount <= 0n) return undefined;
  let left = units;
  for (const lot of lots) {
    if (lot.units >= left) {
      lot.units -= left;
      break;
    }
    left -= lot.units;
    lot.units = 0n;
  }
  return flowOf(month, investor, "redemption", amount, units, between(`notice/${investor.code}/${month}`, 30, 60));
}

function flowOf(
  month: number,
  investor: DemoInvestor,
  direction: DemoFlow["direction"],
  amount: bigint,
  units: bigint,
  notice: number,
): DemoFlow {
  const id = uuidOf(`flow/${investor.code}/${month}`);
  return { id, month, investor: investor.code, shareClass: investor.shareClass, direction, amount, units, notice };
}
