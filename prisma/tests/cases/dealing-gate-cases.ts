// RPC cases: what is decided of the liquidity tools on a dealing day.
import { expect } from "vitest";
import { agent } from "../arrange.ts";
import { dayAt, GATED } from "../dealing-day.ts";
import { wrongDay } from "./dealing-day-cases.ts";
import type { RpcCase } from "./rpc-case.ts";

const ENGINE = agent("liquidity-engine");

export const DEALING_GATE_CASES: RpcCase[] = [
  {
    fn: "fn_decide_lmt",
    by: ENGINE,
    arrange: async (db) => ({ dealing_day_id: (await dayAt(db, "struck")).dayId, decision: GATED }),
    check: async ([row], args, db) => {
      expect(row?.fn_decide_lmt).toMatchObject({ status: "lmt_decided", step: 6 });
      // the use of the gate, under the two approvals of the NAV
      expect(
        await db.look(
          `select a.tool, a.status, a.trigger ->> 'fraction' as fraction, p.kind, p.approvals_needed as approvals, length(a.notice) > 20 as drafted
             from lmt_activations a join proposals p using (proposal_id) join nav_strikes s on s.proposal_id = p.proposal_id
             join dealing_days d on d.strike_id = s.strike_id where d.dealing_day_id = $1`,
          [args.dealing_day_id],
        ),
      ).toEqual([
        { tool: "redemption_gate", status: "active", fraction: "0.25", kind: "nav", approvals: 2, drafted: true },
      ]);
    },
    other: (args) => ({ ...args, decision: { gate: false } }),
    audits: 1,
    events: ["LMT_ACTIVATED", "LMT_DECIDED"],
    refuses: [
      ...wrongDay((db) => dayAt(db, "proposed")),
      { what: "no object", code: "EG400", change: (a) => ({ ...a, decision: JSON.stringify([]) }) },
      { what: "a gate that is not said", code: "EG400", change: (a) => ({ ...a, decision: {} }) },
      { what: "a gate without a cap", code: "EG400", change: (a) => ({ ...a, decision: { gate: true } }) },
      {
        what: "a notice of no words",
        code: "EG400",
        change: (a) => ({ ...a, decision: { ...GATED, notice: "soon" } }),
      },
      {
        what: "a gate below ordinary use that nobody decided on",
        code: "EG428",
        change: async (a, db) => {
          const [day] = await db.look("select fund_id from dealing_days where dealing_day_id = $1", [a.dealing_day_id]);
          await db.look(
            `with p as (insert into lmt_policies (fund_id, version, effective_from, pack, body, hash, set_by)
               select fund_id, version + 1, effective_from, pack, jsonb_set(body, '{gate,ordinaryFrom}', '"1/2"'), hash, set_by from lmt_policies where fund_id = $1 returning policy_id)
             update dealing_days d set lmt_policy_id = p.policy_id from p where d.dealing_day_id = $2`,
            [day?.fund_id, a.dealing_day_id],
          );
          return a;
        },
      },
      { what: "a NaN cap", code: "EG400", change: (a) => ({ ...a, decision: { gate: true, cap_units: "NaN" } }) },
      {
        what: "a cap without a gate",
        code: "EG400",
        change: (a) => ({ ...a, decision: { gate: false, cap_units: "5" } }),
      },
      {
        what: "a gate that the policy does not have",
        code: "EG428",
        change: async (a, db) => {
          await db.look("update dealing_days set lmt_policy_id = null where dealing_day_id = $1", [a.dealing_day_id]);
          return a;
        },
      },
      {
        what: "a suspension that nobody activated",
        code: "EG428",
        change: async (_a, db) => ({
          dealing_day_id: (await dayAt(db, "proposed")).dayId,
          decision: { suspend: true },
        }),
      },
    ],
  },
];
