// What redemptions may take: free units, the gate per investor, the caps of the fund's gate, and everybody's fill by largest remainder (R3, R6 to R9b).
import {
  down,
  type Exact,
  exact,
  least,
  minus,
  most,
  ONE,
  order,
  over,
  plus,
  shown,
  sum,
  times,
  whole,
  ZERO,
} from "./exact.ts";
import { takeLots } from "./lots.ts";
import { figure, type Json, part, periodOf, word, words } from "./policy.ts";
import type { DealRecord, RecordedClassNav, RecordedDay, RecordedOrder } from "./record.ts";

/** A redemption of the date that asks the fund for money. */
export interface Asked {
  readonly order: RecordedOrder;
  readonly day: RecordedDay;
  /** Whole numbers of the last decimal of the class: asked for, free, let through by the gate per investor. */
  readonly units: bigint;
  readonly free: bigint;
  readonly admitted: bigint;
  /** NAV of the last decimal of a unit. */
  readonly worth: Exact;
}

export interface Gate {
  readonly gated: boolean;
  readonly caps: readonly { readonly name: string; readonly amount: Exact }[];
  readonly cap: Exact | null;
  /** Cap and what subscriptions of the day pay where the gate is net; null without a cap. */
  readonly payable: Exact | null;
  readonly demand: Exact;
  readonly redemptions: Exact;
  readonly pay: Exact;
  /** A cap is below what must be executed at least: then nothing may be allocated. */
  readonly mustStop: boolean;
  /** Ratio of those among whom the money ends; 1 when everybody is paid. */
  readonly ratio: Exact;
  readonly fills: ReadonlyMap<string, bigint>;
}

const value = (row: Pick<Asked, "admitted" | "worth">): Exact => times({ n: row.admitted, d: 1n }, row.worth);
const byId = (a: { order: RecordedOrder }, b: { order: RecordedOrder }): number =>
  a.order.flowId < b.order.flowId ? -1 : 1;

/** Units a fill is about, in whole numbers of the last decimal; money is turned into units at the NAV per unit, rounded down. */
export function unitsAsked(order: RecordedOrder, of: RecordedClassNav): bigint {
  const units =
    order.units === null
      ? down(over(exact(order.amount ?? "0"), exact(of.navPerUnit)), of.unitsDp)
      : exact(order.units);
  return whole(units, of.unitsDp) ?? -1n;
}

/** Redemptions, and what is switched or transferred, over all classes, in the order of their ids; what stays in the fund passes every gate. */
export function askedOf(
  record: DealRecord,
  navs: ReadonlyMap<string, RecordedClassNav>,
): { redeemed: Asked[]; moved: Asked[] } {
  const orders = new Map(record.orders.map((row) => [row.flowId, row]));
  const asked = record.days.flatMap((day) =>
    day.fills.flatMap(({ flowId }): Asked[] => {
      const row = orders.get(flowId);
      const of = row === undefined ? undefined : navs.get(row.classId);
      if (row === undefined || of === undefined || row.direction !== "redemption") return [];
      const units = unitsAsked(row, of);
      const worth = { n: exact(of.navPerUnit).n, d: exact(of.navPerUnit).d * 10n ** BigInt(of.unitsDp) };
      return [{ order: row, day, units, free: units, admitted: units, worth }];
    }),
  );
  const covered = withFree(record, asked.sort(byId));
  const redeemed = covered.filter((row) => row.order.kind === "plain");
  const lmt = record.lmt ?? {};
  const policy = words(lmt, "tools").includes("redemption_gate") ? part(lmt, "investorGate") : null;
  return {
    redeemed: policy === null ? redeemed : gatedPerInvestor(record, redeemed, policy),
    moved: covered.filter((row) => row.order.kind !== "plain"),
  };
}

function grouped<T>(list: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of list) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return groups;
}

/** Locked lots and more than is held are not admitted. */
function withFree(record: DealRecord, asked: readonly Asked[]): Asked[] {
  const pieces = takeLots(
    record,
    asked.map((row) => ({ of: row.order, units: { n: row.units, d: 10n ** BigInt(row.day.unitsDp) } })),
  );
  return asked.map((row) => {
    const covered = whole(sum((pieces.get(row.order.flowId) ?? []).map(({ units }) => units)), row.day.unitsDp) ?? 0n;
    return { ...row, free: covered, admitted: covered };
  });
}

function gatedPerInvestor(record: DealRecord, asked: readonly Asked[], policy: Json): Asked[] {
  const period = periodOf(record.date, word(policy, "period") ?? "quarterly");
  const steps = words(policy, "steps").map(exact);
  const admitted = new Map<string, bigint>();
  // accounts of nominees and feeders count with those of who stands behind them
  const owner = (row: { ownerId: string; classId: string }): string => `${row.ownerId} ${row.classId}`;
  const entries = grouped(record.entries, owner);
  const pasts = grouped(record.past, owner);
  for (const [key, own] of grouped(asked, (row) => owner(row.order))) {
    const dp = own[0]?.day.unitsDp ?? 0;
    const counted = (entries.get(key) ?? []).filter((row) => row.countsOn === null || row.countsOn < period.starts);
    const held = sum(counted.map((entry) => exact(entry.units)));
    const past = pasts.get(key) ?? [];
    const redeemed = sum(past.filter((row) => row.date >= period.starts).map((row) => exact(row.filledUnits)));
    const before = new Set(past.filter((row) => row.date < period.starts).map((row) => period.ago(row.date)));
    let step = 0;
    while (before.has(step + 1)) step += 1;
    const share = steps[Math.min(step, steps.length - 1)] ?? ONE;
    const limit = whole(most(ZERO, minus(down(times(share, held), dp), redeemed)), dp) ?? 0n;
    const total = own.reduce((all, row) => all + row.free, 0n);
    const parts =
      total <= limit
        ? own.map((row) => row.free)
        : largestRemainder(
            own.map((row) => row.free),
            over({ n: limit, d: 1n }, { n: total, d: 1n }),
            limit,
          );
    for (const [at, row] of own.entries()) admitted.set(row.order.flowId, parts[at] ?? 0n);
  }
  return asked.map((row) => ({ ...row, admitted: admitted.get(row.order.flowId) ?? 0n }));
}

/** Everybody `ratio` of the request rounded down, then one more for the largest remainders until `target` is met; ties to the earlier. */
export function largestRemainder(requests: readonly bigint[], ratio: Exact, target: bigint): bigint[] {
  const parts = requests.map((request) => (request * ratio.n) / ratio.d);
  let left = target - parts.reduce((all, fill) => all + fill, 0n);
  const rest = requests
    .map((request, at) => ({ at, rest: (request * ratio.n) % ratio.d }))
    .sort((a, b) => (a.rest === b.rest ? a.at - b.at : a.rest > b.rest ? -1 : 1));
  for (const { at } of rest) {
    if (left <= 0n) break;
    parts[at] = (parts[at] ?? 0n) + 1n;
    left -= 1n;
  }
  return parts;
}

/** The gate over all classes of the date. Errors: a cap whose base nobody recorded. */
export function gateOf(record: DealRecord, asked: readonly Asked[], subscriptions: Exact): Gate {
  const lmt = record.lmt ?? {};
  const inUse = words(lmt, "tools").includes("redemption_gate");
  const policy = offered(record, part(lmt, "gate"));
  const caps = inUse ? capsOf(record, policy, lmt) : [];
  const cap = caps.length === 0 ? null : caps.map(({ amount }) => amount).reduce(least);
  const net = policy !== null && word(policy, "basis") === "net";
  const redemptions = sum(asked.map(value));
  const demand = net ? most(ZERO, minus(redemptions, subscriptions)) : redemptions;
  const gated = cap !== null && order(demand, cap) > 0;
  const threshold = policy === null ? null : thresholdOf(record, part(policy, "threshold"));
  const mustStop = gated && threshold !== null && order(cap, least(demand, threshold)) < 0;
  const payable = cap === null ? null : plus(cap, net ? subscriptions : ZERO);
  const pay = gated && payable !== null ? least(redemptions, payable) : redemptions;
  return {
    gated,
    caps,
    cap,
    payable,
    demand,
    redemptions,
    pay,
    mustStop,
    ...fillsOf(asked, policy, lmt, cap ?? pay, pay),
  };
}

const based = (base: string | null | undefined, name: string): Exact => {
  if (base === null || base === undefined) throw new Error(`a cap is a share of ${name}, which is not recorded`);
  return exact(base);
};

/** The NAV of the classes that deal: that of the fund without its side pockets. */
export function dealingNav({ strike }: DealRecord): string | null | undefined {
  const apart = (strike?.classes ?? []).filter(({ pocket }) => pocket === true);
  if (apart.length === 0 || strike?.nav === null || strike?.nav === undefined) return strike?.nav;
  return shown(minus(exact(strike.nav), sum(apart.map(({ nav }) => exact(nav)))), 18).replaceAll(",", "");
}

/** A repurchase offer of the date says how much of the NAV is bought back. */
const offered = ({ offerShare }: DealRecord, policy: Json | null): Json | null =>
  offerShare === null ? policy : { ...(policy ?? { basis: "gross" }), share: offerShare };

function capsOf(record: DealRecord, policy: Json | null, lmt: Json): Gate["caps"] {
  const caps: { name: string; amount: Exact }[] = [];
  // shares are rounded down at the 18th decimal: a whole last unit is never lost by it
  const add = (name: string, amount: Exact): void => {
    caps.push({ name, amount: most(ZERO, down(amount, 18)) });
  };
  const of = policy ?? {};
  const [share, money, liquid, quarter] = ["share", "money", "liquidShare", "quarterShare"].map((name) =>
    figure(of, name),
  );
  if (share) add("share of NAV", times(share, based(dealingNav(record), "the NAV")));
  if (money) add("money", money);
  if (liquid) add("share of liquid assets", times(liquid, based(record.strike?.liquidAssets, "liquid assets")));
  if (quarter)
    add(
      "share of the quarter's NAV",
      minus(
        down(times(quarter, quarterBase(record)), 18),
        redeemedSince(record, periodOf(record.date, "quarterly").starts),
      ),
    );
  const eltif = part(lmt, "eltif");
  if (eltif !== null) add("ELTIF", eltifCap(record, eltif));
  return caps;
}

const redeemedSince = (record: DealRecord, since: string): Exact =>
  sum(
    record.redeemedBefore.filter((row) => row.date >= since && row.date < record.date).map((row) => exact(row.amount)),
  );

/** The last NAV before the quarter; of a fund that is younger, its first. */
function quarterBase(record: DealRecord): Exact {
  const { starts } = periodOf(record.date, "quarterly");
  const sorted = record.navsBefore.filter((row) => row.date < record.date).sort((a, b) => (a.date < b.date ? -1 : 1));
  const base = sorted.findLast((row) => row.date < starts) ?? sorted[0];
  // before the first strike of all, the base is the NAV of the day
  return based(base?.nav ?? dealingNav(record), "the NAV before the quarter");
}

/** R9b: φ of Annex I, min(1, f / (12 − n)), or of Annex II, of the liquid assets, less what the month has paid where it is held over a month. */
function eltifCap(record: DealRecord, policy: Json): Exact {
  const frequency = word(record.days[0]?.terms ?? {}, "frequency") ?? "";
  const liquid = based(record.strike?.liquidAssets, "liquid assets");
  const available = plus(liquid, exact(record.strike?.certainInflows ?? "0"));
  const often = frequency === "weekly" || frequency === "biweekly";
  if (word(policy, "annex") === "II") {
    const [floor, phi] = (
      { annual: ["0.10", "1"], semiannual: ["0.15", "0.67"], quarterly: ["0.20", "0.5"] }[frequency] ?? ["0.25", "0.2"]
    ).map(exact) as [Exact, Exact];
    if (order(over(liquid, based(dealingNav(record), "the NAV")), floor) < 0) return ZERO;
    const monthly = often || frequency === "monthly";
    return minus(
      down(times(phi, available), 18),
      monthly ? redeemedSince(record, periodOf(record.date, "monthly").starts) : ZERO,
    );
  }
  const aggregate = policy.monthlyAggregate === true && often;
  const every =
    { annual: "12", semiannual: "6", quarterly: "3", biweekly: "1/2", weekly: "12/52" }[aggregate ? "" : frequency] ??
    "1";
  const left = minus(exact("12"), exact(word(policy, "noticeMonths") ?? "0"));
  const phi = order(left, ZERO) <= 0 ? ONE : least(ONE, over(exact(every), left));
  return minus(
    down(times(phi, available), 18),
    aggregate ? redeemedSince(record, periodOf(record.date, "monthly").starts) : ZERO,
  );
}

function thresholdOf(record: DealRecord, policy: Json | null): Exact | null {
  if (policy === null) return null;
  const kind = word(policy, "kind");
  if (kind === "money") return figure(policy, "amount");
  const base =
    kind === "nav_share" ? based(dealingNav(record), "the NAV") : based(record.strike?.liquidAssets, "liquid assets");
  return down(times(figure(policy, "share") ?? ZERO, base), 18);
}

/** Who waited as long as may be if all of them fit, dust within its tolerance, then small investors if all of them fit, then older vintages or everybody alike; in full while the money lasts. */
function fillsOf(
  asked: readonly Asked[],
  policy: Json | null,
  lmt: Json,
  cap: Exact,
  pay: Exact,
): Pick<Gate, "ratio" | "fills"> {
  const stages = stagesOf(asked, policy, lmt, cap, pay);
  const fills = new Map<string, bigint>();
  let left = pay;
  let ratio = ONE;
  const byStage = grouped(asked, (row) => stages.get(row.order.flowId) ?? "");
  for (const [, own] of [...byStage].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const requested = sum(own.map(value));
    const paid = least(requested, left);
    const share = requested.n === 0n ? ONE : over(paid, requested);
    if (order(paid, requested) < 0 && ratio === ONE) ratio = share;
    left = minus(left, paid);
    for (const ofClass of grouped(own, (row) => row.order.classId).values()) {
      const requests = ofClass.map((row) => row.admitted);
      const target = (requests.reduce((all, units) => all + units, 0n) * share.n) / share.d;
      const parts = largestRemainder(requests, share, target);
      for (const [at, row] of ofClass.entries()) fills.set(row.order.flowId, parts[at] ?? 0n);
    }
  }
  return { ratio, fills };
}

function stagesOf(
  asked: readonly Asked[],
  policy: Json | null,
  lmt: Json,
  cap: Exact,
  pay: Exact,
): Map<string, string> {
  const byVintage = word(lmt, "carry") === "priority_by_vintage";
  const stages = new Map(asked.map((row) => [row.order.flowId, byVintage ? `3 ${row.order.vintage ?? ""}` : "3"]));
  let left = pay;
  const longest = word(lmt, "carry") === "lapse_resubmit" ? null : word(lmt, "carryMaxDealings");
  const overdue = asked.filter((row) => longest !== null && row.order.dealings >= Number(longest));
  const waited = sum(overdue.map(value));
  if (order(waited, left) <= 0) {
    for (const row of overdue) stages.set(row.order.flowId, "0");
    left = minus(left, waited);
  }
  const dust = part(lmt, "dust");
  if (dust !== null && word(dust, "mode") === "pay_from_tolerance") {
    let reserve = most(ZERO, times(cap, figure(dust, "tolerance") ?? ZERO));
    for (const row of asked) {
      const worth = value(row);
      const isDust = row.order.filledBefore && order(worth, figure(dust, "minimum") ?? ZERO) < 0;
      if (!isDust || order(worth, reserve) > 0) continue;
      if (stages.get(row.order.flowId) === "0" || order(worth, left) > 0) continue;
      stages.set(row.order.flowId, "1");
      reserve = minus(reserve, worth);
      left = minus(left, worth);
    }
  }
  const limit = policy === null ? null : figure(policy, "smallOrder");
  if (limit === null) return stages;
  const all = grouped(asked, (row) => row.order.ownerId);
  const isSmall = new Map([...all].map(([ownerId, own]) => [ownerId, order(sum(own.map(value)), limit) <= 0]));
  const small = asked.filter(
    (row) => !["0", "1"].includes(stages.get(row.order.flowId) ?? "") && isSmall.get(row.order.ownerId),
  );
  if (order(sum(small.map(value)), left) <= 0) for (const row of small) stages.set(row.order.flowId, "2");
  return stages;
}

/** "5,400.00 (share of NAV)" of the cap that binds. */
export const capText = ({ caps, cap }: Gate, cashDp: number, currency: string): string =>
  cap === null
    ? "no cap"
    : `cap ${shown(down(cap, cashDp), cashDp)} ${currency} (${caps.find(({ amount }) => order(amount, cap) === 0)?.name ?? ""})`;
