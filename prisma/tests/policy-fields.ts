// One row per field of the two policies: two values of it, and what differs for them in the engine. The sweep holds the list against the schemas.
import type { DealingPolicy, LmtPolicy } from "@evergreen-fund/domain/policies/index.ts";
import { deal } from "@evergreen-fund/finance/dealing/deal.ts";
import { draftNav } from "@evergreen-fund/finance/dealing/draft-nav.ts";
import { dealingCalendar } from "@evergreen-fund/finance/dealing/eligibility.ts";
import { lmtPolicyVerdict } from "@evergreen-fund/finance/dealing/lmt-verdict.ts";
import { compensation } from "@evergreen-fund/finance/dealing/restated-nav.ts";
import { crystallisationDue } from "@evergreen-fund/finance/fees/class-crystallisation.ts";
import { programmeVerdict } from "@evergreen-fund/finance/stress-liquidity/programme-verdict.ts";

type Change = Record<string, unknown>;
export interface FieldRow {
  field: string;
  values: readonly [unknown, unknown];
  /** What the engine does with a value; a refusal counts by its code. */
  outcome: (value: unknown) => unknown;
}

const DEALING = {
  frequency: "monthly",
  on: { dayOfMonth: 31 },
  calendar: "none",
  timeZone: "UTC",
  cutOff: "12:00",
  notice: { subscription: { n: 3, basis: "calendar" }, redemption: { n: 20, basis: "calendar" } },
  pricing: "forward",
  lockUp: { hardMonths: 0, softFees: [] },
  minimums: { initial: "0", additional: "0", redemption: "0", holding: "0" },
  units_dp: 4,
  price_dp: 4,
  fees: {
    management: { rate: "0.01", basis: "act/365" },
    performance: { rate: "0.2", hurdle: "0", catchUp: "1", method: "series" },
  },
  settlementDays: 2,
};
const LMT = {
  pack: "free-form",
  regime: "aif",
  tools: ["redemption_gate", "anti_dilution_levy"],
  gate: { basis: "gross", share: "0.1" },
  levy: { rate: "0", on: "both" },
  carry: "auto_pari_passu",
};

/** Both, the change inside of the base; what is undefined is taken out. */
const merged = (base: Change, change: Change): Change => {
  const out: Change = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const inner = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Change) : null;
    const known = typeof out[key] === "object" && out[key] !== null ? (out[key] as Change) : {};
    out[key] = inner === null ? value : merged(known, inner);
    if (value === undefined) delete out[key];
  }
  return out;
};
const at = (path: string, value: unknown): Change =>
  path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Change;
/** What a call answers, or the code with which it is refused. */
const answered = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return (error as { code?: string }).code ?? "refused";
  }
};

/** The dates of a year with their notice days and cut-offs. */
const dates = (change: Change): unknown =>
  answered(() =>
    dealingCalendar({
      policy: merged(DEALING, change) as unknown as DealingPolicy,
      calendar: { holidays: ["2026-06-30"] },
      from: "2026-01-01",
      to: "2026-12-31",
    }),
  );
const dated = (field: string, values: FieldRow["values"], also: Change = {}): FieldRow => ({
  field: `dealing.${field}`,
  values,
  outcome: (value) => dates(merged(also, at(field, value))),
});

/** A day of two classes of holders: 100,000 of NAV at 100.1234, an old investor who waited, and one that subscribes. */
function day(dealing: Change, lmt: Change, also: Change = {}): unknown {
  const redemption = (n: number, units: string, more: Change = {}): Change => ({
    id: `r${n}`,
    classId: "A",
    investorId: `lp${n}`,
    direction: "redemption",
    units,
    vintage: n === 2 ? "2026-01-31" : "2026-03-31",
    ...more,
  });
  return answered(() => {
    const out = deal({
      dealingDate: "2026-03-31",
      currency: "EUR",
      fund: {
        nav: "100000.00",
        liquidAssets: "50000.00",
        quarterBase: "80000.00",
        redeemedInQuarter: "1000.00",
        redeemedInMonth: "700.00",
        certainInflows: "100.00",
      },
      classes: [{ id: "A", navPerUnit: "100.1234", dealing: merged(DEALING, dealing) }],
      lmt: merged(LMT, lmt),
      orders: [
        redemption(1, "100"),
        redemption(2, "50", { partialFills: 1, dealings: 2 }),
        redemption(3, "4", { partialFills: 1, asked: true }),
        {
          id: "s",
          classId: "A",
          investorId: "lp4",
          direction: "subscription",
          amount: "2000.01",
          vintage: "2026-03-31",
        },
      ],
      lots: [1, 2, 3].flatMap((n) =>
        ["2020-01-31", "2025-12-31"].map((openedOn, k) => ({
          id: `l${n}${k}`,
          classId: "A",
          investorId: `lp${n}`,
          openedOn,
          units: "60",
        })),
      ),
      ...also,
    } as unknown as Parameters<typeof deal>[0]);
    return { status: out.status, classes: out.classes, orders: out.orders };
  });
}
/** `path`: what is set, where a field stands in a list or among others that go with it. */
const dealt = (
  field: string,
  values: FieldRow["values"],
  also: Change = {},
  facts: Change = {},
  path = field,
): FieldRow => ({
  field,
  values,
  outcome: (value) => {
    const change = merged(also, at(path, value));
    return day((change.dealing ?? {}) as Change, (change.lmt ?? {}) as Change, facts);
  },
});
const lmt = (change: Change): Change => ({ lmt: change });
const TIER = { above: "0.01", factor: "0.004" };
const SWINGING = lmt({
  tools: ["redemption_gate", "swing_pricing"],
  swing: { mode: "partial", maxFactor: "0.02", tiers: [TIER] },
});
const owners = [1, 2, 3].map((n) => ({ ownerId: `lp${n}`, classId: "A", units: "120", step: n - 1 }));
/** An ELTIF that deals weekly; its limit is lower than the gate. */
const eltif = (field: string, ...values: [Change, Change]): FieldRow =>
  dealt(
    `lmt.eltif.${field}`,
    values,
    { dealing: { frequency: "weekly", on: { weekday: 2, dayOfMonth: undefined } }, lmt: { gate: { share: "1" } } },
    {},
    "lmt.eltif",
  );
/** A field of the rows of a list, the list set as a whole. */
const listed = (field: string, path: string, rows: [Change, Change], also: Change = {}): FieldRow =>
  dealt(field, [[rows[0]], [rows[1]]], also, {}, path);

/** The fees of a class that gained a fifth in a leap year. */
const fees = (change: Change): unknown =>
  answered(() => {
    const { management, performance } = merged(DEALING, change).fees as never as {
      management: never;
      performance: never;
    };
    const row = {
      id: "A",
      units: "1000",
      unitsDp: 4,
      priceDp: 4,
      price: "100",
      issuePrice: "100",
      management,
      performance,
    };
    return draftNav({
      currency: "EUR",
      navDate: "2024-03-31",
      inputs: [{ kind: "asset", value: "120000.00" }],
      classes: [
        {
          ...row,
          last: { date: "2023-12-31", nav: "100000.00", units: "1000" },
          mark: "100",
          lots: [{ id: "l", series: "1", units: "1000", mark: "100", openedOn: "2023-03-31" }],
        },
      ],
    });
  });
const charged = (field: string, values: FieldRow["values"], also: Change = {}): FieldRow => ({
  field: `dealing.${field}`,
  values,
  outcome: (value) => fees(merged(also, at(field, value))),
});
/** What a NAV that was 0.6 % too high owes: two deals of one day, to one investor less than a dollar. */
const owed = (navError: Change): unknown =>
  answered(() =>
    compensation({
      currency: "EUR",
      regime: "aif",
      reason: "synthetic",
      nav_error: navError,
      prices: [{ share_class_id: "A", units_dp: 4, price_dp: 4, published: "100.6000", correct: "100.0000" }],
      days: [{ dealing_day_id: "d", share_class_id: "A" }],
      deals: ["1", "100"].map((units, n) => ({
        dealing_day_id: "d",
        flow_id: `f${n}`,
        share_class_id: "A",
        investor_id: `lp${n}`,
        direction: "subscription",
        units,
        amount: `${units}00.60`,
      })),
    } as unknown as Parameters<typeof compensation>[0]),
  );
const erring = (field: string, ...values: [Change, Change]): FieldRow => ({
  field: `lmt.navError.${field}`,
  values,
  outcome: (value) => owed(value as Change),
});
const PROFESSIONAL = { fundKind: "professional", tolerance: "0.005", analysis: "board of May" };

const verdict = (field: string, values: FieldRow["values"], base: Change): FieldRow => ({
  field: `lmt.${field}`,
  values,
  outcome: (value) =>
    answered(() => {
      const policy = merged(merged(LMT, base), value === undefined ? {} : at(field, value));
      return lmtPolicyVerdict({ policy: policy as unknown as LmtPolicy });
    }),
});

const PROGRAMME = {
  document: "stress policy",
  frequency: "quarterly",
  kinds: ["historical", "hypothetical", "reverse"],
  sides: ["assets", "liabilities", "combined"],
  atLaunch: true,
  onMaterialChange: true,
  board: { withinDays: 30, followUp: true },
};
/** R34: one test was run and reported without what followed, and the fund changed afterwards. */
const tested = (field: string, values: FieldRow["values"]): FieldRow => ({
  field: `lmt.stressProgramme.${field}`,
  values,
  outcome: (value) =>
    answered(() =>
      programmeVerdict({
        programme: merged(PROGRAMME, at(field, value)) as unknown as Parameters<
          typeof programmeVerdict
        >[0]["programme"],
        launchedOn: "2025-01-02",
        changes: ["2026-02-10"],
        today: "2026-03-02",
        runs: [{ id: "one", date: "2026-01-15", kind: "reverse", side: "assets", reportedOn: "2026-01-20" }],
      }),
    ),
});

export const ENGINE_FIELDS: readonly FieldRow[] = [
  dated("frequency", ["monthly", "quarterly"]),
  dated("on.weekday", [2, 3], { frequency: "weekly", on: { dayOfMonth: undefined } }),
  dated("on.dayOfMonth", [15, "last"]),
  dated("on.businessDayOfMonth", [1, "last"], { on: { dayOfMonth: undefined } }),
  dated("anchorMonth", [3, 2], { frequency: "quarterly" }),
  dated("anchorDate", ["2026-01-06", "2026-01-13"], {
    frequency: "biweekly",
    on: { dayOfMonth: undefined, weekday: 2 },
  }),
  dated("roll", ["preceding", "following"]),
  dated("timeZone", ["UTC", "America/New_York"]),
  dated("cutOff", ["12:00", "16:00"]),
  ...["subscription", "redemption"].flatMap((side) => [
    dated(`notice.${side}.n`, [3, 4]),
    dated(`notice.${side}.basis`, ["calendar", "business"]),
  ]),
  dealt("dealing.lockUp.hardMonths", [0, 12]),
  listed("dealing.lockUp.softFees.untilMonths", "dealing.lockUp.softFees", [
    { untilMonths: 1, rate: "0.02" },
    { untilMonths: 120, rate: "0.02" },
  ]),
  listed("dealing.lockUp.softFees.rate", "dealing.lockUp.softFees", [
    { untilMonths: 120, rate: "0.02" },
    { untilMonths: 120, rate: "0.01" },
  ]),
  dealt("dealing.units_dp", [4, 2]),
  dealt("dealing.price_dp", [4, 6]),
  dealt("dealing.refundFrom", [undefined, "0"], { dealing: { units_dp: 2 } }),
  charged("fees.management.rate", ["0.01", "0.02"]),
  charged("fees.management.basis", ["act/365", "act/360"]),
  charged("fees.performance.rate", ["0.2", "0.1"]),
  charged("fees.performance.hurdle", ["0", "0.05"], { fees: { performance: { catchUp: "0.2" } } }),
  charged("fees.performance.catchUp", ["0.2", "cliff"], { fees: { performance: { hurdle: "0.05" } } }),
  charged("fees.performance.method", ["series", "none"]),
  {
    field: "dealing.fees.performance.crystallise",
    values: ["annual", "monthly"],
    outcome: (crystallise) =>
      answered(() =>
        crystallisationDue({
          nav_date: "2026-02-27",
          nav_per_unit: "110",
          mark: "100",
          since: "2025-12-31",
          crystallised_on: "2025-12-31",
          policy: merged(DEALING, { fees: { performance: { method: "equalisation", crystallise } } }),
        } as unknown as Parameters<typeof crystallisationDue>[0]),
      ),
  },
  dealt("lmt.tools", [
    ["redemption_gate", "anti_dilution_levy"],
    ["anti_dilution_levy", "redemption_fee"],
  ]),
  dealt("lmt.gate.basis", ["gross", "net"]),
  dealt("lmt.gate.share", ["0.1", "0.2"]),
  dealt("lmt.gate.money", ["5000.00", "6000.00"]),
  dealt("lmt.gate.liquidShare", ["0.1", "0.11"]),
  dealt("lmt.gate.quarterShare", ["0.05", "0.06"]),
  ...(
    [
      ["kind", { kind: "nav_share", share: "0.15" }, { kind: "liquid_share", share: "0.15" }],
      ["share", { kind: "nav_share", share: "0.1" }, { kind: "nav_share", share: "0.11" }],
      ["amount", { kind: "money", amount: "10000" }, { kind: "money", amount: "10001" }],
    ] as const
  ).map(([field, ...values]) => dealt(`lmt.gate.threshold.${field}`, values, {}, {}, "lmt.gate.threshold")),
  dealt("lmt.gate.smallOrder", ["0", "500"]),
  dealt("lmt.investorGate.steps", [["0.25"], ["0.5", "1"]], lmt({ investorGate: { period: "quarterly" } }), {
    referenceHoldings: owners,
  }),
  dealt("lmt.carry", ["auto_pari_passu", "priority_by_vintage"]),
  dealt("lmt.carryMaxDealings", [2, 9]),
  dealt("lmt.dust.minimum", ["1000", "10"], lmt({ dust: { mode: "ask_then_cancel", tolerance: "0" } })),
  dealt(
    "lmt.dust.mode",
    ["ask_then_cancel", "pay_from_tolerance"],
    lmt({ dust: { minimum: "1000", tolerance: "0.9" } }),
  ),
  dealt("lmt.dust.tolerance", ["0", "0.9"], lmt({ dust: { minimum: "1000", mode: "pay_from_tolerance" } })),
  dealt("lmt.swing.mode", ["partial", "full"], SWINGING),
  listed("lmt.swing.tiers.above", "lmt.swing.tiers", [TIER, { ...TIER, above: "0.5" }], SWINGING),
  listed("lmt.swing.tiers.factor", "lmt.swing.tiers", [TIER, { ...TIER, factor: "0.005" }], SWINGING),
  dealt("lmt.swing.maxFactor", ["0.02", "0.001"], SWINGING),
  dealt("lmt.levy.rate", ["0.01", "0.02"]),
  dealt("lmt.levy.on", ["subscriptions", "redemptions"], lmt({ levy: { rate: "0.01" } })),
  dealt("lmt.redemptionFee.rate", ["0.01", "0.02"], lmt({ tools: ["redemption_gate", "redemption_fee"] })),
  dealt(
    "lmt.dual.bidSpread",
    ["0.01", "0.02"],
    lmt({ tools: ["redemption_gate", "dual_pricing"], dual: { offerSpread: "0" } }),
  ),
  dealt(
    "lmt.dual.offerSpread",
    ["0.01", "0.02"],
    lmt({ tools: ["redemption_gate", "dual_pricing"], dual: { bidSpread: "0" } }),
  ),
  eltif("annex", { annex: "I", noticeMonths: "0", monthlyAggregate: true }, { annex: "II" }),
  eltif(
    "noticeMonths",
    { annex: "I", noticeMonths: "3", monthlyAggregate: false },
    { annex: "I", noticeMonths: "6", monthlyAggregate: false },
  ),
  eltif(
    "monthlyAggregate",
    { annex: "I", noticeMonths: "3", monthlyAggregate: true },
    { annex: "I", noticeMonths: "3", monthlyAggregate: false },
  ),
  erring("fundKind", { fundKind: "bond_or_mixed" }, { fundKind: "equity_or_other" }),
  erring("tolerance", PROFESSIONAL, { ...PROFESSIONAL, tolerance: "0.05" }),
  erring("analysis", PROFESSIONAL, { ...PROFESSIONAL, analysis: "board of June" }),
  erring("deMinimis", { fundKind: "bond_or_mixed" }, { fundKind: "bond_or_mixed", deMinimis: "5" }),
  verdict("inKind.professionalOnly", [true, undefined], { tools: ["redemption_gate", "redemption_in_kind"] }),
  tested("document", ["", "stress policy of 2026"]),
  tested("frequency", ["weekly", "annual"]),
  tested("kinds", [["historical", "hypothetical", "reverse"], ["reverse"]]),
  tested("sides", [["assets", "liabilities", "combined"], ["assets"]]),
  tested("atLaunch", [true, false]),
  tested("onMaterialChange", [true, false]),
  tested("board.withinDays", [10, 90]),
  tested("board.followUp", [true, false]),
];
