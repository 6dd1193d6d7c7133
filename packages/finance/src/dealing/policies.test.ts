// R9c: which policies of liquidity tools may stand; and the packs in policies/, held against their own limits, each limit seen to bind.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DealingPolicy,
  LmtPolicy,
  parsePack,
  SELECTABLE_TOOLS,
  type SelectableTool,
} from "@evergreen-fund/domain/policies/index.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONG, must, RUNS } from "./arbitrary-day.ts";
import { lmtPolicyVerdict } from "./lmt-verdict.ts";
import { regimeCheck } from "./regime-check.ts";

const TERMS = {
  redemption_gate: { gate: { basis: "gross", share: "0.05", threshold: { kind: "nav_share", share: "0.02" } } },
  notice_extension: { noticeExtension: { upTo: { n: 180, basis: "calendar" } } },
  redemption_fee: { redemptionFee: { rate: "0.01" } },
  swing_pricing: { swing: { mode: "partial", tiers: [{ above: "0.02", factor: "0.004" }], maxFactor: "0.02" } },
  dual_pricing: { dual: { bidSpread: "0.004", offerSpread: "0.006" } },
  anti_dilution_levy: { levy: { rate: "0.001", on: "both" } },
  redemption_in_kind: { inKind: { professionalOnly: true } },
} as const satisfies Record<SelectableTool, object>;
const policyOf = (tools: readonly SelectableTool[], change: object = {}): LmtPolicy =>
  LmtPolicy.parse({
    pack: "test",
    regime: "aif",
    carry: "auto_pari_passu",
    tools,
    ...Object.assign({}, ...tools.map((tool) => TERMS[tool])),
    ...change,
  });
const codes = (policy: LmtPolicy): string[] => lmtPolicyVerdict({ policy }).problems.map(({ code }) => code);

describe("R9c vectors", () => {
  it.each([
    ["a gate and a levy", ["redemption_gate", "anti_dilution_levy"], {}, []],
    ["one tool", ["redemption_gate"], {}, ["too_few_tools"]],
    ["one tool of a money market fund", ["redemption_fee"], { regime: "mmf" }, []],
    ["no tool of a money market fund", [], { regime: "mmf" }, ["too_few_tools"]],
    ["swing with dual pricing alone", ["swing_pricing", "dual_pricing"], {}, ["only_swing_and_dual"]],
    ["swing, dual pricing and a fee", ["swing_pricing", "dual_pricing", "redemption_fee"], {}, []],
    ["an interval fund with one tool", ["redemption_fee"], { regime: "us_interval" }, []],
    [
      "a levy without its terms",
      ["redemption_fee", "anti_dilution_levy"],
      { levy: undefined },
      ["not_configured:anti_dilution_levy"],
    ],
    [
      "a gate without its threshold",
      ["redemption_gate", "redemption_fee"],
      { gate: { basis: "gross", share: "0.05" } },
      ["gate_without_threshold"],
    ],
    [
      "a UCITS with a threshold in money",
      ["redemption_gate", "redemption_fee"],
      { regime: "ucits", gate: { basis: "gross", share: "0.05", threshold: { kind: "money", amount: "1" } } },
      ["threshold_not_nav_share"],
    ],
    [
      "a gate without a cap",
      ["redemption_gate", "redemption_fee"],
      { gate: { basis: "gross", threshold: { kind: "nav_share", share: "0.1" } } },
      ["gate_without_cap"],
    ],
  ] as [string, SelectableTool[], object, string[]][])("%s", (_what, tools, change, wanted) => {
    expect(codes(policyOf(tools, change))).toEqual(wanted);
  });

  it("suspension and side pocket are there whatever is selected", () => {
    expect(lmtPolicyVerdict({ policy: policyOf([]) }).alwaysAvailable).toEqual(["suspension", "side_pocket"]);
  });
});

it("R9c for any selection: it stands when it has two tools, not only two prices, each with its terms", {
  timeout: LONG,
}, () => {
  const regime = fc.constantFrom("aif", "ucits", "mmf", "eltif", "ltaf", "us_interval", "us_nav_reit", "other");
  fc.assert(
    fc.property(fc.subarray([...SELECTABLE_TOOLS]), fc.subarray([...SELECTABLE_TOOLS]), regime, (tools, bare, of) => {
      const terms = Object.assign({}, ...tools.filter((tool) => !bare.includes(tool)).map((tool) => TERMS[tool]));
      const policy = { pack: "test", regime: of, carry: "lapse_resubmit", tools, ...terms } as LmtPolicy;
      const found = codes(policy);
      const free = of.startsWith("us_") || of === "other";
      const prices = tools.every((tool) => tool === "swing_pricing" || tool === "dual_pricing");
      must(found.includes("too_few_tools") === (!free && tools.length < (of === "mmf" ? 1 : 2)), "too few");
      must(found.includes("only_swing_and_dual") === (!free && prices && tools.length === 2), "only prices");
      for (const tool of tools) must(found.includes(`not_configured:${tool}`) === bare.includes(tool), tool);
      must(lmtPolicyVerdict({ policy }).valid === (found.length === 0), "valid means no problem");
    }),
    RUNS,
  );
});

const FOLDER = join(import.meta.dirname, "../../../../policies");
const PACKS = ["eltif", "ltaf", "us-interval-23c-3", "us-open-end-22e-4", "free-form"].map((name) =>
  parsePack(readFileSync(join(FOLDER, `${name}.yaml`), "utf8")),
);

type Terms = { dealing: DealingPolicy; lmt: LmtPolicy };
const withDealing =
  (change: object) =>
  ({ dealing, lmt }: Terms) => ({ dealing: { ...dealing, ...change }, lmt });
const withLmt =
  (change: object) =>
  ({ dealing, lmt }: Terms) => ({ dealing, lmt: { ...lmt, ...change } });
const withGate =
  (change: object) =>
  ({ dealing, lmt }: Terms) => ({ dealing, lmt: { ...lmt, gate: { ...lmt.gate, ...change } } });
const withNotice =
  (redemption: object) =>
  ({ dealing, lmt }: Terms) => ({
    dealing: { ...dealing, notice: { ...dealing.notice, redemption: { ...dealing.notice.redemption, ...redemption } } },
    lmt,
  });
/** For each limit that a pack may have: terms a step beyond it. */
const BEYOND: Record<string, (terms: Terms) => object> = {
  "lmt.eltif present": withLmt({ eltif: undefined }),
  "lmt.gate absent": withLmt({ gate: { basis: "gross", share: "0.05" } }),
  "lmt.gate present": withLmt({ gate: undefined }),
  "lmt.gate.share present": withGate({ share: undefined, money: "1" }),
  "lmt.gate.share gte": withGate({ share: "0.049" }),
  "lmt.gate.share lte": withGate({ share: "0.251" }),
  "lmt.gate.basis eq": withGate({ basis: "net" }),
  "dealing.frequency in": withDealing({ frequency: "daily", on: undefined }),
  "dealing.frequency eq": withDealing({ frequency: "weekly", on: { weekday: 1 } }),
  "dealing.pricing eq": withDealing({ pricing: "prior_nav" }),
  "dealing.offerNoticeDays present": withDealing({ offerNoticeDays: undefined }),
  "dealing.offerNoticeDays gte": withDealing({ offerNoticeDays: 20 }),
  "dealing.offerNoticeDays lte": withDealing({ offerNoticeDays: 43 }),
  "dealing.settlementDays lte": withDealing({ settlementDays: 8 }),
  "dealing.notice.redemption.basis eq": withNotice({ basis: "business" }),
  "derived.selectedTools gte": withLmt({ tools: ["redemption_gate"] }),
  "derived.redemptionNoticeDays gte": withNotice({ n: 89 }),
  "derived.redemptionNoticeDays lte": withNotice({ n: 15 }),
  "derived.redemptionCharge lte": withLmt({ redemptionFee: { rate: "0.0201" }, tools: ["redemption_fee"] }),
};

describe.each(PACKS.map((pack) => [pack.pack, pack] as const))("the pack %s", (_name, pack) => {
  it("keeps its own limits, and its tools may stand", () => {
    const { dealing, lmt } = pack;
    expect(regimeCheck({ pack, dealing, lmt }).breaches).toEqual([]);
    expect(lmtPolicyVerdict({ policy: lmt }).problems).toEqual([]);
  });

  it.each(pack.limits.map((limit) => [limit.id, limit] as const))("names a breach of %s", (id, { field, op }) => {
    const step = BEYOND[`${field} ${op}`];
    expect(step, `${field} ${op} has no terms beyond it here`).toBeDefined();
    const terms = step?.({ dealing: pack.dealing, lmt: pack.lmt }) as Terms;
    expect(regimeCheck({ pack, ...terms }).breaches.map((breach) => breach.id)).toContain(id);
  });
});
