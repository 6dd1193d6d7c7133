// The three loops of the dispatcher: single events, batches, sealing. Each survives a database or Temporal that is away and goes on when it is back.
import { hostname } from "node:os";
import type { CrashPoint } from "@evergreen-fund/agent-kit";
import type { Database } from "@evergreen-fund/supabase-client";
import { traced } from "@evergreen-fund/tracing";
import type { Rooms } from "@evergreen-fund/workflows/proxies.ts";
import type { Client } from "@temporalio/client";
import { type ClaimedEvent, type Courier, type Delivery, deliverBatch, deliverEvent } from "./deliver.ts";

const SERVICE = { role: "service_role" } as const;
/** After work is found: again at once, then at pauses as long as the quiet so far, from 20 ms to a second (the bell shortens them). */
const EAGER_MS = 20;
const IDLE_MS = 1_000;
const SEAL_EVERY_MS = 500;
const MAX_EVENTS = 50;
/** A dispatcher that died gives its events back after this; one that is only slow meets "already started", which is success. */
const LEASE_S = 10;

export interface DispatcherOptions {
  database: Database;
  client: Client;
  rooms: Rooms;
  crashPoint: CrashPoint;
  log: (message: string) => void;
}

export interface Dispatcher {
  /** Ends when stop() was called and nothing is in hand any more. */
  readonly done: Promise<void>;
  stop(): void;
}

export function startDispatcher({ database, client, rooms, crashPoint, log }: DispatcherOptions): Dispatcher {
  const consumer = `${hostname()}/${process.pid}`;
  const courier: Courier = { client, rooms, crashPoint };
  const bell = openBell();
  let stopped = false;

  const settle = async (event: ClaimedEvent, delivery: Delivery): Promise<void> => {
    if (delivery === "away") await database.rpc(SERVICE, "fn_release_events", { seqs: [event.seq] });
    else if (delivery !== "done") {
      const state = await database.rpc(SERVICE, "fn_fail_event", { seq: event.seq, reason: delivery.failed });
      log(
        `event ${event.event_id}: ${delivery.failed}${state === "dead" ? "; it is a dead letter now" : "; again later"}`,
      );
    }
  };

  const deliverEvents = async (): Promise<boolean> => {
    const events = await database.rpc(SERVICE, "fn_claim_events", {
      consumer,
      max_events: MAX_EVENTS,
      lease_seconds: LEASE_S,
    });
    if (events.length === 0) return false;
    crashPoint("dispatcher.claimed");
    const deliveries = await Promise.all(events.map((event) => deliverEvent(event, courier)));
    const seqs = events.filter((_event, i) => deliveries[i] === "done").map((event) => event.seq);
    if (seqs.length > 0) await database.rpc(SERVICE, "fn_finish_events", { seqs });
    crashPoint("dispatcher.finished");
    await Promise.all(events.map((event, i) => settle(event, deliveries[i]!)));
    return !deliveries.includes("away");
  };

  const deliverBatches = async (): Promise<boolean> => {
    const [claimed] = await database.rpc(SERVICE, "fn_claim_batch", { consumer });
    if (claimed === undefined) return false;
    const delivery = await deliverBatch(claimed, courier);
    if (delivery === "done") return true;
    if (delivery !== "away") log(`batch ${claimed.batch_id}: ${delivery.failed}`);
    await database.rpc(SERVICE, "fn_fail_batch", {
      batch_id: claimed.batch_id,
      reason: delivery === "away" ? "Temporal was not there" : delivery.failed,
      ...(delivery === "away" ? { max_attempts: 0 } : {}),
    });
    return false;
  };

  /** Repeats `turn` at the pace of the work; a failure is logged once until it changes. */
  const loop = async (name: string, turn: () => Promise<boolean>): Promise<void> => {
    let lastWork = 0;
    let complaint = "";
    while (!stopped) {
      let found = false;
      try {
        found = await turn();
        if (complaint !== "") {
          log(`${name}: working again`);
          bell.lost();
        }
        complaint = "";
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message !== complaint) log(`${name}: ${message}`);
        complaint = message;
      }
      if (found) lastWork = Date.now();
      else await bell.wait(complaint === "" ? Math.min(Math.max(Date.now() - lastWork, EAGER_MS), IDLE_MS) : IDLE_MS);
    }
  };

  const seal = async (): Promise<boolean> => {
    const sealed = await database.rpc(SERVICE, "fn_seal_audit", {});
    if (sealed > 0) await traced("dispatcher.seal", {}, () => {});
    await pause(SEAL_EVERY_MS);
    return true;
  };

  const hearing = keepListening(database, bell, () => stopped);
  const done = Promise.all([
    loop("events", deliverEvents),
    loop("batches", deliverBatches),
    loop("audit", seal),
    hearing,
  ]).then(() => undefined);
  return {
    done,
    stop() {
      stopped = true;
      bell.ring();
    },
  };
}

/** LISTEN, and again after something was away: its connection may have died with it, and nobody would say so. Only a hint: the loops poll in any case. */
async function keepListening(database: Database, bell: Bell, ended: () => boolean): Promise<void> {
  let hangUp: (() => Promise<void>) | undefined;
  while (!ended()) {
    if (bell.wasLost()) {
      await hangUp?.().catch(() => undefined);
      hangUp = undefined;
    }
    hangUp ??= await database.listen(bell.ring).catch(() => undefined);
    await pause(IDLE_MS);
  }
  await hangUp?.().catch(() => undefined);
}

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

interface Bell {
  ring(): void;
  wait(ms: number): Promise<void>;
  /** The wire may be cut: it has to be laid again. */
  lost(): void;
  /** Whether lost() was called since it was last asked. */
  wasLost(): boolean;
}

function openBell(): Bell {
  let sleepers: (() => void)[] = [];
  let cut = false;
  return {
    lost() {
      cut = true;
    },
    wasLost() {
      const was = cut;
      cut = false;
      return was;
    },
    ring() {
      for (const wake of sleepers.splice(0)) wake();
    },
    wait: (ms) =>
      new Promise((wake) => {
        const timer = setTimeout(() => {
          sleepers = sleepers.filter((sleeper) => sleeper !== rouse);
          wake();
        }, ms);
        const rouse = (): void => {
          clearTimeout(timer);
          wake();
        };
        sleepers.push(rouse);
      }),
  };
}
