// A fund of one asset whose class has a performance fee: a dealing day from its mark to its close, without Temporal, with the consent to a fee that it asks for.
import { expect } from "vitest";
import { type DayIds, dealingSteps } from "../dealing-steps.ts";
import { approve, asset, brokenIn, DEALING_POLICY, newInvestor, payAll } from "./dealing-journeys.ts";
import { dealingRooms } from "./dealing-rooms.ts";
import { AUDIT, importFund, OPS, PM_ONE } from "./journeys.ts";
import type { RoomHouse } from "./room-house.ts";

export interface Asked {
  who: string;
  amount?: string;
  units?: string;
  /** A switch into another class that deals on the day. */
  into?: string;
}

/** A fund of one asset of 100,000.00 and a class of 1,000 units at 100, held by "first" since the last day of March 2025: the fee is due a year later. */
export async function feeFund(rooms: RoomHouse, performance: Record<string, string>, names: readonly string[]) {
  const { database } = rooms;
  const { house } = dealingRooms(rooms);
  const { fundId, code } = await importFund(database, {
    as_of: "2026-01-02",
    net_assets: "100000.00",
    assets: [asset("INFRA", "infrastructure", "100000.00", false)],
    ladder: [{ side: "asset", bucket: "gt365d", capacity: "100000.00" }],
  });
  const classId = await database.rpc(PM_ONE, "fn_open_class", {
    fund: code,
    code: "A",
    name: "Class A (synthetic)",
    issue_price: "100",
  });
  const fees = { management: { rate: "0", basis: "act/365" }, performance };
  await database.rpc(PM_ONE, "fn_set_dealing_policy", {
    share_class_id: classId,
    body: { ...DEALING_POLICY, issuePrice: "100", fees },
    effective_from: "2020-01-01",
  });
  const people = new Map<string, string>();
  for (const who of names) people.set(who, await newInvestor(house()));
  await database.rpc(OPS, "fn_open_register", {
    share_class_id: classId,
    positions: [{ investor_id: people.get("first"), units: "1000", opened_on: "2025-03-31", price: "100" }],
  });
  const steps = dealingSteps({ database, crashPoint: () => undefined });

  async function order({ who, amount, units, into }: Asked): Promise<string> {
    const flow = await database.rpc(OPS, "fn_place_order", {
      fund: code,
      share_class: "A",
      investor_id: people.get(who) ?? "",
      ...(amount === undefined
        ? {
            direction: "redemption",
            units: units ?? "0",
            ...(into === undefined ? {} : { order_kind: "switch", to_class: into }),
          }
        : { direction: "subscription", amount }),
    });
    return flow;
  }
  async function intake(): Promise<void> {
    for (;;) {
      const [batch] = await database.rpc({ role: "service_role" }, "fn_claim_batch", { consumer: "test" });
      if (batch === undefined) return;
      await steps.takeIn(batch.batch_id, batch.type);
    }
  }
  const decided = async (proposalId: string) =>
    approve(
      house(),
      await database.read(AUDIT, (tx) => tx.proposals.findUniqueOrThrow({ where: { proposal_id: proposalId } })),
    );

  async function openDay(share_class: string, date: string): Promise<DayIds> {
    const { dealing_day_id, workflow_id } = await database.rpc(OPS, "fn_open_dealing_day", {
      fund: code,
      share_class,
      dealing_date: date,
    });
    const event = await database.read(AUDIT, (tx) =>
      tx.fund_events.findFirstOrThrow({
        where: { type: "DEALING_DAY_OPENED", payload: { path: ["dealing_day_id"], equals: dealing_day_id } },
      }),
    );
    return { eventId: event.event_id, workflowId: workflow_id!, fundId, dealingDayId: dealing_day_id };
  }

  /** A day from its mark and its orders to its close; answers the consent to a fee that it asked for, if it did. */
  async function day(
    date: string,
    mark: string,
    orders: readonly Asked[],
    struck?: () => Promise<void>,
    also: readonly string[] = [],
  ): Promise<{ dayId: string; fee: boolean }> {
    await database.rpc(OPS, "fn_record_marks", {
      fund: code,
      marks: [{ asset: "INFRA", value: mark, as_of: date, source: "appraisal", confirmed: true }],
    });
    const flows: string[] = [];
    for (const one of orders) flows.push(await order(one));
    await intake();
    await house().look(
      "update fund_flows set requested_at = $2::date - interval '3 days' where flow_id = any ($1) or linked_flow_id = any ($1)",
      [flows, date],
    );
    const payments = orders.flatMap(({ amount }, i) =>
      amount === undefined ? [] : [{ flow_id: flows[i], amount, reference: `synthetic/${flows[i]}` }],
    );
    if (payments.length > 0) await database.rpc(OPS, "fn_confirm_cash", { fund: code, payments });
    const ids = await openDay("A", date);
    const others: DayIds[] = [];
    for (const share_class of also) others.push(await openDay(share_class, date));
    for (const one of [ids, ...others]) await steps.cutOff(one);
    await decided((await steps.proposeNav(ids)).proposalId);
    let fee = false;
    try {
      await steps.deal(ids, others);
    } catch (error) {
      // nothing is dealt before the fee of this NAV is taken
      expect(error).toMatchObject({ code: "EG428", message: expect.stringMatching(/performance fee of class A/) });
      await struck?.();
      const asked = await database.read(AUDIT, (tx) =>
        tx.proposals.findFirstOrThrow({ where: { fund_id: fundId, kind: "crystallisation", status: "pending" } }),
      );
      await decided(asked.proposal_id);
      await steps.deal(ids, others);
      fee = true;
    }
    for (const one of [ids, ...others]) {
      await payAll(house(), { fundId, code, classId, holders: [], other: "" }, one.dealingDayId);
      await steps.close(one);
    }
    expect(await brokenIn(house(), code)).toEqual([]);
    return { dayId: ids.dealingDayId, fee };
  }

  const fillsOf = (dayId: string) =>
    house().look<{ who: string; price: string; net: string }>(
      "select investor_id as who, trim_scale(price)::text as price, trim_scale(net_amount)::text as net from allocations where dealing_day_id = $1",
      [dayId],
    );
  return { fundId, code, classId, people, day, fillsOf };
}
