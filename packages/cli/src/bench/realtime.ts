// `bench realtime`: investors who listen to their own orders over the shipped gateway while orders are placed, how late each hears of them, and whether
// anybody misses one although half of the lines are cut meanwhile: who comes back reads what happened before the server said that it tells again.

import type { Home } from "@evergreen-fund/domain/pages.ts";
import { openDatabase } from "@evergreen-fund/supabase-client";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import ws from "ws";
import type { RunBench } from "../commands/bench.ts";
import { type Gateway, type House, type Person, seedHouse, startGateway, tokenOf } from "./dashboard/house.ts";
import { openCluster } from "./frame/cluster.ts";
import { describeMachine, machineNow } from "./frame/machine.ts";
import { answerOf, short } from "./frame/report.ts";
import { quantile, type Round } from "./frame/rounds.ts";

const FULL = { listeners: 500, perSecond: 100, seconds: 20 };
const QUICK = { listeners: 20, perSecond: 20, seconds: 3 };
const LATE_MS = 1_000;
/** After the last order: what has not come by then counts as lost. */
const PATIENCE_MS = 30_000;
const OPS = { role: "ops_role", userId: "00000000-0000-4000-8000-0000000000a1" } as const;

interface Listener {
  person: Person;
  client: SupabaseClient;
  /** When each order was heard of, by its id. */
  heard: Map<string, number>;
  joined: number;
  /** Ends the line as a network that fails: without a word. */
  cut(): void;
}

export const run: RunBench = async ({ quick, environment, progress }) => {
  const plan = quick ? QUICK : FULL;
  const machine = await describeMachine();
  const cluster = await openCluster();
  const ends: (() => Promise<unknown>)[] = [];
  try {
    return await progress("realtime", async ({ say }) => {
      const house = await seedHouse(cluster, "house", plan.listeners, say, plan.listeners);
      const gateway = await startGateway(house.apiUrl, environment);
      ends.push(gateway.stop);
      const appUrl = new URL(cluster.urlFor("evergreen_app"));
      appUrl.pathname = "/house";
      const database = openDatabase({ url: appUrl.href, connections: 4 });
      ends.push(() => database.close());
      say(`${plan.listeners} listeners join`);
      const listeners = await Promise.all(house.people.map((person) => listen(gateway, person)));
      ends.push(async () => Promise.all(listeners.map(({ client }) => client.realtime.disconnect())));
      const before = await machineNow();
      const placed = new Map<string, { at: number; by: Listener }>();
      const place = async (turn: number): Promise<void> => {
        const by = listeners[(turn * 7919) % listeners.length] as Listener;
        const flow_id = await database.rpc(OPS, "fn_place_order", {
          fund: "BENCH",
          investor_id: by.person.investor_id,
          direction: "subscription",
          amount: "100.00",
          currency: "USD",
          request_id: `bench/${turn}`,
        });
        placed.set(flow_id, { at: performance.now(), by });
      };
      const total = plan.perSecond * plan.seconds;
      const begun = performance.now();
      const cut = new Set<Listener>();
      const work: Promise<void>[] = [];
      for (let turn = 0; turn < total; turn += 1) {
        const due = begun + (turn * 1_000) / plan.perSecond;
        const wait = due - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        work.push(place(turn));
        if (turn === Math.floor(total / 2))
          for (const listener of listeners.filter((_, at) => at % 2 === 1)) {
            cut.add(listener);
            listener.cut();
          }
      }
      await Promise.all(work);
      const placing = (performance.now() - begun) / 1_000;
      say("waiting for the last");
      const missing = () => [...placed].filter(([id, { by }]) => !by.heard.has(id)).length;
      const until = performance.now() + PATIENCE_MS;
      const away = () => [...cut].filter(({ joined }) => joined < 2).length;
      while (missing() + away() > 0 && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 100));
      const strangers = listeners.reduce(
        (sum, one) => sum + [...one.heard.keys()].filter((id) => placed.get(id)?.by !== one).length,
        0,
      );
      const late = [...placed]
        .filter(([, { by }]) => !cut.has(by))
        .map(([id, { at, by }]) => Math.max(0, (by.heard.get(id) ?? Number.POSITIVE_INFINITY) - at));
      const p99 = quantile(late, 0.99);
      const round: Round = { round: 1, before, figures: { p50: quantile(late, 0.5), p99, perSecond: total / placing } };
      return answerOf({
        name: "realtime",
        quick,
        machine,
        findings: [
          {
            what: `1 s / an order is heard of, p99, ${plan.listeners} listeners`,
            ratio: { median: LATE_MS / p99, low: LATE_MS / p99, high: LATE_MS / p99 },
            floor: 1,
            sense: "least",
            figures: `p50 ${short(quantile(late, 0.5))} ms, p99 ${short(p99)} ms at ${short(total / placing)} orders/s`,
          },
        ],
        checks: [
          {
            what: "every order was heard of by its investor, the lines that were cut included",
            ok: placed.size === total && missing() + away() === 0 && cut.size > 0,
            seen: `${placed.size} orders, ${missing()} missed; ${cut.size} lines cut, ${cut.size - away()} of them back`,
          },
          { what: "nobody heard of another's order", ok: strangers === 0, seen: `${strangers}` },
        ],
        absent: [],
        rounds: { "ms after the order was placed": [round] },
        details: plan,
      });
    });
  } finally {
    for (const end of ends.reverse()) await end();
    await cluster.stop();
  }
};

/** Joins; after every join but the first it reads the home again, as the portal does: what happened while nobody told stands there. */
async function listen(gateway: Gateway, person: House["people"][number]): Promise<Listener> {
  const token = tokenOf(person, gateway.jwtSecret);
  const lines: ws[] = [];
  class Line extends ws {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols);
      lines.push(this);
    }
  }
  const client = createClient(`http://127.0.0.1:${gateway.port}`, gateway.publishableKey, {
    accessToken: async () => token,
    realtime: { transport: Line as never },
  });
  const listener: Listener = { person, client, heard: new Map(), joined: 0, cut: () => lines.at(-1)?.terminate() };
  const hear = (id: string): void => {
    if (!listener.heard.has(id)) listener.heard.set(id, performance.now());
  };
  await client.realtime.setAuth(token);
  await new Promise<void>((resolve) => {
    client
      .channel(`bench-${person.user_id}`)
      .on(
        "postgres_changes" as never,
        { event: "INSERT", schema: "public", table: "fund_flows" } as never,
        ((change: { new: { flow_id: string } }) => hear(change.new.flow_id)) as never,
      )
      .subscribe((status) => {
        if (status !== "SUBSCRIBED") return;
        listener.joined += 1;
        if (listener.joined > 1)
          void client.rpc("fn_read_home").then(({ data }) => {
            // those of before the bench are settled
            for (const { flow_id, status } of (data as Home | null)?.orders ?? [])
              if (status !== "settled") hear(flow_id);
          });
        resolve();
      });
  });
  return listener;
}
