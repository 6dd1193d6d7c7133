// How workflows call rooms: one table of timeouts and retries per action, and the switch between one process and many.
// `local`: the room runs in the Commander's process as a local activity · `split`: on the room's own task queue. The Commander's own actions are
// local activities either way: they run where the run itself does, and every way through a task queue costs Temporal four writes.
import type { RoomActivities, RoomName } from "@evergreen-fund/domain/agents.ts";
import { proxyActivities, proxyLocalActivities } from "@temporalio/workflow";

export type Rooms = "local" | "split";

interface Limits {
  /** One attempt may take this long. */
  seconds: number;
  /** On a queue of its own: heard from at least so often, or its worker is taken for dead and another one begins. Absent: after `seconds` only. */
  heardWithin?: number;
  /** Attempts in all; 0: until the run is cancelled. A coded refusal is never retried. */
  attempts: number;
}

const quick: Limits = { seconds: 20, attempts: 0 };
const solving: Limits = { seconds: 120, attempts: 0 };
const lastWord: Limits = { seconds: 60, attempts: 0 };
/** A step of a dealing day over up to 50,000 orders. */
const dealing: Limits = { seconds: 300, attempts: 0 };

/**
 * Hundreds of pages are drawn and copied to a store. What cannot be drawn must be said. It beats with the run itself, whose task is heard from within five seconds
 * (`dispatcher/deliver.ts`): a local activity has no heartbeat of its own.
 */
const drawing: Limits = { seconds: 300, attempts: 20 };

/** A step of a stress run: a snapshot is taken, a shard of 200,000 positions is valued. Few attempts: what cannot be computed must be said. */
const computing: Limits = { seconds: 600, attempts: 10, heardWithin: 30 };

/** Timeouts and retries of every action; what is not named is `quick`. A service that is away is waited for: nothing is lost. */
export const LIMITS: { [R in RoomName]?: Record<string, Limits> } = {
  rebalancing: { propose: solving },
  simulation: {
    stress: solving,
    openStress: computing,
    valueShard: computing,
    concludeScenario: computing,
    repeatScenario: { seconds: 1_800, attempts: 3, heardWithin: 30 },
    publishStress: computing,
    openNightly: lastWord,
    takeMarketFeed: solving,
    checkData: dealing,
    // months of rows are written, read back and copied; what is still old after the last attempt is taken by the next month
    retireRows: { seconds: 3_600, attempts: 20, heardWithin: 30 },
  },
  commander: {
    brief: lastWord,
    sendWebhooks: solving,
    makeDocuments: drawing,
    remember: { seconds: 60, attempts: 30 },
    lockOrders: dealing,
    freezeNav: dealing,
    strikeNav: dealing,
    crystalliseFees: dealing,
    postDay: dealing,
    openClaims: dealing,
    prepareStatements: dealing,
    closeDay: dealing,
    discardDay: dealing,
    proposeRestatement: dealing,
    strikeRestatement: dealing,
    compensate: dealing,
    retakeFees: dealing,
    restateStatements: dealing,
    beginNextRestatement: dealing,
  },
  "compliance-sentinel": { checkOrders: dealing },
  // contracts are deployed one transaction after the other
  tokenization: { settle: dealing, reconcile: dealing },
  kyc: {
    tick: dealing,
    recheckOrders: dealing,
    answerTests: dealing,
    refreshList: dealing,
    screenParty: solving,
    rescreenParties: dealing,
    screenWaiting: dealing,
  },
  "liquidity-engine": {
    stressLadder: solving,
    runLab: dealing,
    foresee: dealing,
    decideLmt: dealing,
    proposeTool: dealing,
    allocate: dealing,
  },
};

const RETRY = { initialInterval: "200ms", backoffCoefficient: 2, maximumInterval: "30s" } as const;

/** The activities of a room, called as the run was started: `rooms` is an argument of the run, so that a replay decides the same. */
export function callRoom<R extends RoomName>(room: R, rooms: Rooms, summary?: string): RoomActivities<R> {
  const call = (action: string) => {
    const { seconds, attempts, heardWithin } = LIMITS[room]?.[action] ?? quick;
    const options = {
      startToCloseTimeout: `${seconds}s`,
      retry: { ...RETRY, ...(attempts > 0 ? { maximumAttempts: attempts } : {}) },
      summary: summary ?? `${room}.${action}`,
      // a write that is under way when the run is cancelled is waited for: what it did must be known to be taken back
      cancellationType: "WAIT_CANCELLATION_COMPLETED",
    } as const;
    const activities: Record<string, (input: unknown) => Promise<unknown>> =
      rooms === "local" || room === "commander"
        ? proxyLocalActivities({ ...options, localRetryThreshold: "10s" })
        : proxyActivities({
            ...options,
            taskQueue: room,
            ...(heardWithin === undefined ? {} : { heartbeatTimeout: `${heardWithin}s` }),
          });
    return activities[`${room}.${action}`]!;
  };
  return new Proxy(
    {},
    { get: (_target, action) => (typeof action === "string" ? call(action) : undefined) },
  ) as RoomActivities<R>;
}
