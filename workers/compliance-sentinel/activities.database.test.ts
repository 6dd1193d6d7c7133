// Compliance Sentinel on a real Postgres: each verdict recorded once, under its own role.
import { describe, expect, it } from "vitest";
import { AUDIT, importFund, PM_ONE } from "../tests/journeys.ts";
import {
  expectEveryCrashPointPassed,
  expectWrongInputRefused,
  proposed,
  recorded,
  twice,
  useRooms,
} from "../tests/room-house.ts";

const house = useRooms();

const token = { chain: "test", instrument: "UNIT", size: "1" };

describe("checkTrades", () => {
  it("records each rule once and passes when all limits held", async () => {
    const { proposal } = await proposed(house);
    expect(await twice(house, "compliance-sentinel.checkTrades", proposal)).toEqual({
      result: "passed",
      reason: "all limits held",
    });
    const rows = await house.database.read(AUDIT, (tx) =>
      tx.compliance_logs.findMany({ where: { entity_id: proposal.proposalId } }),
    );
    expect(rows.map((row) => [row.rule, row.result])).toEqual([["no_short_position", "passed"]]);
  });
  it("fails for an issuer that the mandate's limit does not allow to grow, and names the rule", async () => {
    // the solver keeps the limits it is given: so the stored proposal is checked against a stricter mandate than it was made under
    const { proposal, fundId } = await proposed(house);
    const mandate = await house.database.read(AUDIT, (tx) =>
      tx.mandates.findFirstOrThrow({ where: { fund_id: fundId } }),
    );
    const { default: pg } = await import("pg");
    const admin = new pg.Client({ connectionString: house.adminUrl });
    await admin.connect();
    await admin.query("set session_replication_role = replica");
    await admin.query("update mandates set body = $1 where fund_id = $2", [
      { ...(mandate.body as object), limits: { assetMax: "0.26" } },
      fundId,
    ]);
    await admin.end();
    expect(await twice(house, "compliance-sentinel.checkTrades", proposal)).toEqual({
      result: "failed",
      reason: "asset_concentration",
    });
    const failed = await house.database.read(AUDIT, (tx) =>
      tx.fund_events.count({ where: { fund_id: fundId, type: "COMPLIANCE_FAILED" } }),
    );
    expect(failed).toBe(1);
  });
});

describe("checkTokenization", () => {
  it("without an approval fails and is logged once", async () => {
    const { fundId } = await importFund(house.database);
    const run = await recorded(house, PM_ONE, fundId, "TOKENIZATION_REQUESTED", token);
    expect(await twice(house, "compliance-sentinel.checkTokenization", run)).toEqual({
      result: "failed",
      reason: "no compliance approval is named",
    });
  });
  it("an approval of another fund is none", async () => {
    const [own, other] = [await importFund(house.database), await importFund(house.database)];
    const first = await recorded(house, PM_ONE, other.fundId, "TOKENIZATION_REQUESTED", token);
    const log = await house.database.rpc({ role: "agent_compliance_sentinel" }, "fn_log_compliance", {
      event_id: first.eventId,
      rule: "approval_by_hand",
      rule_version: "1",
      result: "passed",
    });
    const named = { ...token, compliance_log_id: log };
    const foreign = await recorded(house, PM_ONE, own.fundId, "TOKENIZATION_REQUESTED", named);
    expect(await house.call("compliance-sentinel.checkTokenization", foreign)).toMatchObject({ result: "failed" });
    const its = await recorded(house, PM_ONE, other.fundId, "TOKENIZATION_REQUESTED", named);
    expect(await house.call("compliance-sentinel.checkTokenization", its)).toEqual({
      result: "passed",
      reason: "compliance approval passed",
    });
  });
});

it("refuses input that the contract does not take", () => expectWrongInputRefused(house, "compliance-sentinel"));
it("may not do what other rooms do", async () => {
  const { proposal, run } = await proposed(house);
  const agent = { role: "agent_compliance_sentinel" } as const;
  await expect(
    house.database.rpc(agent, "fn_open_proposal", { proposal_id: proposal.proposalId }),
  ).rejects.toMatchObject({ code: "EG403" });
  await expect(house.database.rpc(agent, "fn_register_tokenization", { event_id: run.eventId })).rejects.toMatchObject({
    code: "EG403",
  });
  await expect(
    house.database.rpc(agent, "fn_raise_alert", { event_id: run.eventId, kind: "x", severity: "notice", reason: "x" }),
  ).rejects.toMatchObject({ code: "EG403" });
});
it("passes every crash point that the table names, and no other", () =>
  expectEveryCrashPointPassed(house, "compliance-sentinel"));
