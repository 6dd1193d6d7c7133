// A restatement of a fund with a performance fee, without Temporal: the correction of one mark, the consents it asks for, and what stands in the books after it.
import type { openHouse } from "@evergreen-fund/cli/test-house.ts";
import { expect } from "vitest";
import { z } from "zod";
import { dealingSteps } from "../dealing-steps.ts";
import { approve, brokenIn } from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import type { feeFund } from "./fee-fund.ts";
import { AUDIT, OPS } from "./journeys.ts";
import type { RoomHouse } from "./room-house.ts";

type Fund = Awaited<ReturnType<typeof feeFund>>;

const Verdict = z.object({
  ok: z.boolean(),
  days: z.array(
    z.object({ checks: z.array(z.object({ check: z.string(), ok: z.boolean().nullable(), says: z.string() })) }),
  ),
});

export function restatedFund(rooms: RoomHouse, house: Awaited<ReturnType<typeof openHouse>>) {
  const { database } = rooms;
  const { house: own, look } = dealingRooms(rooms);
  const steps = dealingSteps({ database, crashPoint: () => undefined });

  const proposal = (id: string) =>
    database.read(AUDIT, (tx) => tx.proposals.findUniqueOrThrow({ where: { proposal_id: id } }));

  /** The NAV of a date with the mark of INFRA corrected, begun by operations. Answers the strike that corrects it. */
  async function begin({ fundId }: Fund, date: string, mark: string): Promise<string> {
    const [strike] = await look<{ strike_id: string }>(
      "select strike_id from nav_strikes where fund_id = $1 and nav_date = $2 and state = 'final'",
      [fundId, date],
    );
    const rows = await look<Record<string, string>>(
      "select asset_id, kind, label, value::numeric(38,2)::text as value, as_of::text, source from nav_inputs where strike_id = $1",
      [strike?.strike_id ?? ""],
    );
    const { strike_id } = await database.rpc(OPS, "fn_restate_nav", {
      strike_id: strike?.strike_id ?? "",
      reason: "the appraisal was read wrongly",
      inputs: rows.map(({ asset_id, ...row }) => ({
        ...(asset_id === null ? {} : { asset_id }),
        ...row,
        ...(row.kind === "asset" ? { value: mark } : {}),
      })),
    });
    return strike_id;
  }

  /** Takes a restatement that was begun to its end; answers the consents to fees it asked for, and the date of the NAV that has to follow. */
  async function take(
    { fundId, code }: Fund,
    strikeId: string,
    asksFor?: (body: Record<string, unknown>) => Promise<void>,
  ): Promise<{ fees: Record<string, unknown>[]; follows: string | null }> {
    const event = await database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({
        where: { type: "NAV_RESTATEMENT_BEGUN", payload: { path: ["strike_id"], equals: strikeId } },
      }),
    );
    const ref = { eventId: event.event_id, workflowId: `restate/${strikeId}`, fundId, strikeId };
    await approve(own(), await proposal((await steps.proposeRestatement(ref)).proposalId));
    const fees: Record<string, unknown>[] = [];
    let follows: string | null = null;
    for (let turn = 0; turn < 3; turn++) {
      try {
        await steps.restate(ref);
        break;
      } catch (error) {
        expect(error).toMatchObject({ code: "EG428" });
        const { message } = error as Error;
        follows = /The NAV of (\S+) has to be restated/.exec(message)?.[1] ?? null;
        if (follows !== null) break;
        expect(message).toMatch(/waits for two approvals of the performance fee of class A, taken again/);
        const asked = await database.read(AUDIT, (tx) =>
          tx.proposals.findFirstOrThrow({ where: { fund_id: fundId, kind: "crystallisation", status: "pending" } }),
        );
        fees.push(asked.body as Record<string, unknown>);
        await asksFor?.(asked.body as Record<string, unknown>);
        await approve(own(), asked);
      }
    }
    expect(await brokenIn(own(), code)).toEqual([]);
    return { fees, follows };
  }

  /** The verifier recomputes a date from its public rows, and finds nothing wrong. */
  async function verified({ code }: Fund, date: string): Promise<void> {
    const verdict = await house.json("audit1", Verdict, ["deal", "verify", "--fund", code, "--date", date]);
    expect(verdict.days.flatMap(({ checks }) => checks.filter(({ ok }) => ok === false))).toEqual([]);
  }

  /** What is owed on an account, fund currency: below zero the fund owes it. */
  async function balance({ fundId }: Fund, account: string): Promise<string> {
    const [row] = await look<{ amount: string }>(
      "select coalesce(sum(amount), 0)::numeric(38,2)::text as amount from cash_balances where fund_id = $1 and account = $2",
      [fundId, account],
    );
    return row?.amount ?? "";
  }

  /** Lots by who holds them. */
  async function lots({ classId, people }: Fund): Promise<Record<string, unknown>> {
    const names = new Map([...people].map(([who, id]) => [id, who]));
    const rows = await look<{ who: string; units: string; reference: string; credit: string }>(
      `select investor_id as who, trim_scale(units_left)::text as units, trim_scale(coalesce(high_water, price))::text as reference, trim_scale(equalisation_credit)::text as credit
         from lots where share_class_id = $1 and units_left > 0 order by opened_on`,
      [classId],
    );
    return Object.fromEntries(rows.map(({ who, ...row }) => [names.get(who) ?? who, row]));
  }

  /** Compensation of every deal of the fund, by who dealt. */
  async function owed({ fundId, people }: Fund): Promise<Record<string, unknown>> {
    const names = new Map([...people].map(([who, id]) => [id, who]));
    const rows = await look<Record<string, string>>(
      `select c.investor_id as who, c.kind, c.difference::numeric(38,2)::text as difference, c.owed_to, c.pays, trim_scale(c.units_due)::text as units_due,
              c.cash_due::numeric(38,2)::text as cash_due, c.due ->> 'performance_fee' as fee
         from compensations c join restatements r using (restatement_id) where r.fund_id = $1`,
      [fundId],
    );
    return Object.fromEntries(rows.map(({ who = "", ...row }) => [names.get(who) ?? who, row]));
  }

  return { begin, take, verified, balance, lots, owed, look };
}
