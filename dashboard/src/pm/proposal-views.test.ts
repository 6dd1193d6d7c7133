// Every kind of proposal that the domain knows has its words; nothing of a body reaches a page as JSON, whatever somebody wrote into it.
import {
  PROPOSAL_BODIES,
  PROPOSAL_KINDS,
  type ProposalKind,
  ProposalPage,
} from "@evergreen-fund/domain/proposal-page.ts";
import { describe, expect, it } from "vitest";
import { hideAmounts, MASK } from "../words/hidden.ts";
import { viewOf } from "./proposal-views.ts";
import { lines, type View } from "./proposal-words.ts";

const ID = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
const side = {
  net_assets: "1000.00",
  cash: "10.00",
  sleeves: [{ sleeve: "bonds", weight: "0.5", target: "0.5", lower: "0.4", upper: "0.6" }],
  liquidity: { assets_30d: "100.00", required_30d: null, ratio: null },
};
const order = {
  flow_id: ID(4),
  investor: "SYN-INV-1",
  direction: "redemption",
  order_kind: "plain",
  status: "locked",
  amount: null,
  units: "200",
  filled_units: null,
  price: null,
  due: "5400.0000",
  currency: "USD",
  dealing_date: "2026-01-30",
  dealing_day_id: ID(5),
  class: "A",
};
const shares = {
  share_class_id: ID(2),
  code: "A",
  name: "Class A (synthetic)",
  currency: "USD",
  units_dp: 4,
  price_dp: 4,
  units: "1000",
  nav_per_unit: "108",
  mark: "104",
  replaced: null,
  paid_about: "1500.00",
};

/** A body of each kind with what it refers to, and figures that have to be read on its page. All values are synthetic. */
const SAID: Readonly<Record<ProposalKind, { body: object; inputs?: object; refers?: object; reads: string[] }>> = {
  rebalancing: {
    body: {
      cash_asset_id: ID(1),
      currency: "USD",
      cash_band: null,
      trades: [
        {
          asset_id: ID(1),
          side: "buy",
          amount: "1234.50",
          cost: "0.05",
          name: "Bond A",
          sleeve: "bonds",
          weight_before: "0.4",
          weight_after: "0.5",
          reason: { code: "band", words: "Below its band" },
        },
      ],
      cost: "0.05",
      turnover: "0.05",
      before: side,
      after: side,
      steered: [{ name: "private equity", code: "c", words: "left to pacing" }],
      widened: [{ name: "infra", words: "out of reach", from: "0.1", to: "0.2" }],
      words: "Bonds are below their band.",
      reason_code: "c",
      objective: "1e-9",
      dual_bound: "0",
      method: "lp",
    },
    reads: ["Bonds are below their band.", "1,234.50", "50.00 %", "Below its band", "left to pacing"],
  },
  nav: {
    body: {
      strike_id: ID(3),
      nav_date: "2026-01-30",
      version: 2,
      supersedes: ID(6),
      reason: "a mark was wrong",
      total_assets: "109000.00",
      liabilities: "0",
      performance_fee: "1000.00",
      nav: "108000.00",
      stale_share: "0.125",
      classes: [{ share_class_id: ID(2), nav: "108000.00", nav_per_unit: "108.0000" }],
      restatement: {
        material: true,
        days: [
          {
            dealing_day_id: ID(5),
            published: "107",
            correct: "108",
            error: "0.00925",
            material: true,
            fund_pays: "200.00",
            fund_receives: "0.00",
          },
        ],
      },
    },
    refers: {
      class_codes: { [ID(2)]: "A" },
      strike: {
        strike_id: ID(3),
        date: "2026-01-30",
        version: 2,
        state: "provisional",
        nav: null,
        reason: "a mark was wrong",
      },
      before: {
        strike_id: ID(6),
        date: "2026-01-30",
        version: 1,
        state: "superseded",
        total_assets: "108000.0000",
        liabilities: "0.0000",
        performance_fee: "1000.0000",
        nav: "107000.0000",
        classes: { [ID(2)]: { nav: "107000.0000", nav_per_unit: "107" } },
      },
    },
    reads: [
      "Correct the NAV of DEMO",
      "a mark was wrong",
      "107,000.00",
      "108,000.00",
      "12.50 %",
      "200.00",
      "107.00 USD per unit",
    ],
  },
  lmt: {
    body: {
      activation_id: ID(1),
      tool: "redemption_gate",
      notice: "To the investors of the fund (synthetic).\nA draft.",
    },
    inputs: {
      dealing_date: "2026-01-30",
      status: "gated",
      fraction: "0.2",
      redemptions: "27000.00",
      subscriptions: "0.00",
      pay: "5400.00",
      cap: "5400.00",
      caps: [{ name: "nav_share", amount: "5400.00" }],
      threshold: null,
      nav: "108000.00",
    },
    refers: {
      use: {
        activation_id: ID(1),
        status: "proposed",
        active_from: null,
        active_until: null,
        authority_told: null,
        end_reason: null,
      },
    },
    reads: ["27,000.00 USD", "5,400.00 USD", "20.00 %", "Cap as a share of the NAV", "A draft.", "108,000.00 USD"],
  },
  token: {
    body: {
      action_id: ID(1),
      kind: "force_transfer",
      share_class: "A",
      chain: "31337",
      units: "12.5",
      wallet: `0x${"aa".repeat(20)}`,
      to_wallet: `0x${"bb".repeat(20)}`,
      legal_basis: "court order 7 (synthetic)",
    },
    refers: {
      class: shares,
      action: {
        action_id: ID(1),
        kind: "force_transfer",
        status: "awaiting_approval",
        refusal: null,
        tx_hash: null,
        block: null,
        incident: false,
        verdict: { result: "passed", rule: "tokenization_approval", reason: null },
        contract: { chain_id: 31_337, paused: false, limits: {}, chain_units: "100" },
      },
    },
    reads: [
      "Transfer by law",
      "12.5 units",
      "court order 7 (synthetic)",
      `0x${"bb".repeat(20)}`,
      "100 units",
      "passed",
    ],
  },
  cancellation: {
    body: { flow_id: ID(4), reason: "needed elsewhere" },
    refers: { order },
    reads: ["needed elsewhere", "locked at the cut-off", "cancelled", "SYN-INV-1", "200 units"],
  },
  crystallisation: {
    body: {
      share_class_id: ID(2),
      strike_id: ID(3),
      accrued: "1000",
      fee: "1000",
      high_water: "108",
      series: [{ series: "S1", fee: "1000", high_water: "108", since: "2026-01-30", rolled_into: "S0", cash: "0.01" }],
    },
    refers: {
      class: shares,
      strike: { strike_id: ID(3), date: "2026-01-30", version: 1, state: "final", nav: "108000.0000", reason: null },
      lots: { count: 3, refund: "180", depreciation: "180", change: "0", cash: "0" },
    },
    reads: ["104.00 USD per unit", "108.00 USD per unit", "1,000.00 USD", "180.00 USD", "S1"],
  },
  distribution: {
    body: { share_class_id: ID(2), ex_date: "2026-01-30", per_unit: "1.5" },
    refers: { class: shares },
    reads: ["1.50 USD per unit", "1,500.00 USD", "1,000 units", "Jan 30, 2026"],
  },
  in_kind: {
    body: { flow_id: ID(4), deliveries: [{ asset_id: ID(7), quantity: "45", value: "4500.00" }], cash: "900.00" },
    refers: { order, delivered: "4500", assets: { [ID(7)]: "Toll road (synthetic)" } },
    reads: ["5,400.00 USD", "900.00 USD", "4,500.00", "Toll road (synthetic)", "45"],
  },
};

const pageOf = (kind: string, body: object, inputs: object = {}, refers: object = {}): ProposalPage =>
  ProposalPage.parse({
    read_at: "2026-01-31T08:00:00Z",
    proposal: {
      proposal_id: ID(9),
      kind,
      status: "pending",
      hash: "a".repeat(64),
      body,
      inputs,
      proposed_by: "agent:commander",
      requested_by: "agent:commander",
      approvals_needed: 2,
      created_at: "2026-01-30T08:00:00Z",
      expires_at: "2026-02-02T08:00:00Z",
      decided_at: null,
      applied_at: null,
      refusal: null,
      workflow_id: "lmt/1",
      event: "LMT_PROPOSED",
      fund: { fund_id: ID(8), code: "DEMO", currency: "USD", decimals: 2, status: "active" },
    },
    approvals: [],
    checks: [],
    memories: [],
    refers: { assets: {}, day: null, ...refers },
  });

/** Everything that a page shows of a view. */
function shownBy(view: View): string[] {
  return [
    view.asks,
    view.why ?? "",
    view.effect,
    ...view.blocks.flatMap((block) => {
      if (block.kind === "text") return [block.title, block.text];
      const cells =
        block.kind === "table"
          ? block.rows.flat()
          : block.facts.flatMap(({ what, before, is }) => [{ shown: what, note: "" }, ...(before ? [before] : []), is]);
      const heads = block.kind === "table" ? block.headers.map(({ header }) => header) : [];
      return [block.title, block.caption, ...heads, ...cells.flatMap(({ shown, note = "" }) => [shown, note])];
    }),
  ];
}
const JSON_OF_SOMETHING = /[{}[\]"]|\b(undefined|NaN|object Object)\b/;

describe.each(PROPOSAL_KINDS.map((kind) => [kind, SAID[kind]] as const))(
  "%s",
  (kind, { body, inputs, refers, reads }) => {
    it("is written in words and figures with their units, not as JSON", () => {
      PROPOSAL_BODIES[kind].parse(body);
      const view = viewOf(pageOf(kind, body, inputs, refers));
      const shown = shownBy(view);
      expect(view.known).toBe(true);
      for (const text of reads)
        expect(
          shown.some((one) => one.includes(text)),
          text,
        ).toBe(true);
      expect(shown.filter((text) => JSON_OF_SOMETHING.test(text))).toEqual([]);
      expect(view.blocks.length).toBeGreaterThan(0);
      for (const block of view.blocks)
        if (block.kind === "table") for (const row of block.rows) expect(row).toHaveLength(block.headers.length);
    });

    it("says the same where nothing that it refers to is to be seen", () => {
      const view = viewOf(pageOf(kind, body, inputs));
      expect(view.known).toBe(true);
      expect(shownBy(view).filter((text) => JSON_OF_SOMETHING.test(text))).toEqual([]);
    });

    it("of another form is read line by line, every value of it", () => {
      const odd = { tool: 3, units: { of: ["12.5", true, null] }, nested: {}, none: [], when: "2026-01-30" };
      const view = viewOf(pageOf(kind, odd, { asked: "why" }));
      expect(view.known).toBe(false);
      const shown = shownBy(view);
      for (const text of ["units, of 1", "12.5", "yes", "nothing", "Jan 30, 2026", "why"])
        expect(shown).toContain(text);
      expect(shown.filter((text) => JSON_OF_SOMETHING.test(text))).toEqual([]);
    });
  },
);

it("limits that are to be set stand beside those on the chain", () => {
  const limits = { min_holding: "10", max_holding: "0", min_transfer: "0", lock_up: "86400", transferable: true };
  const body = { ...SAID.token.body, kind: "limits", limits: { ...limits, min_holding: "25.5", transferable: false } };
  const refers = { action: { ...(SAID.token.refers as { action: object }).action, kind: "limits" } };
  const linesOf = (onChain: object) => {
    Object.assign(refers.action, {
      contract: { chain_id: 31_337, paused: false, limits: onChain, chain_units: "100" },
    });
    const view = viewOf(pageOf("token", body, {}, refers));
    return view.blocks.flatMap((block) =>
      block.kind === "facts" ? block.facts.map(({ what, before, is }) => [what, before?.exact, is.exact]) : [],
    );
  };
  expect(linesOf(limits)).toEqual(
    expect.arrayContaining([
      ["Least holding, units", "10", "25.5"],
      ["Most holding, units", "none", "none"],
      ["Transfers between holders", "allowed", "not allowed"],
    ]),
  );
  expect(linesOf({})).toContainEqual(["Least holding, units", "not known", "25.5"]);
});

it("a kind that is not known yet is read line by line", () => {
  const view = viewOf(pageOf("merge_funds", { into_fund: "SECOND", share: "0.25" }));
  expect(view).toMatchObject({ known: false, asks: "merge funds of DEMO" });
  expect(shownBy(view)).toEqual(expect.arrayContaining(["into fund", "SECOND", "0.25"]));
});

it("a body of many lines says how many there are", () => {
  const view = viewOf(pageOf("merge_funds", { lots: Array.from({ length: 300 }, (_, at) => at) }));
  expect(view.blocks).toMatchObject([{ caption: "What it says: the first 200 of 300 values" }]);
  expect(lines({ a: { b: 1 } })).toEqual([{ what: "a, b", is: { shown: "1", exact: "1" } }]);
});

it("writes no amount where amounts are hidden", () => {
  hideAmounts(true);
  try {
    const { body, inputs, refers } = SAID.lmt;
    const shown = shownBy(viewOf(pageOf("lmt", body, inputs, refers)));
    expect(shown.some((text) => text.includes(MASK))).toBe(true);
    expect(shown.filter((text) => /27,000|5,400|108,000/.test(text))).toEqual([]);
  } finally {
    hideAmounts(false);
  }
});
