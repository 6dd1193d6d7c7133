// Named places at which a test kills the process, or holds it while the test kills a server, to prove that the work finishes all the same. Off unless
// EVERGREEN_CRASH_AT names one.
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { CONTRACTS, RoomName } from "@evergreen-fund/domain";
import type { RoomStep } from "@evergreen-fund/tracing";

/** Places in the dispatcher. */
export const DISPATCHER_POINTS = [
  "dispatcher.claimed",
  "dispatcher.started",
  "dispatcher.told",
  "dispatcher.finished",
  "dispatcher.batched",
] as const;

/** The steps each action takes; each ends at a crash point. The rooms' own tests hold this table to what the rooms do. */
const ALL = ["facts", "decide", "record"] as const;
const STEPS: { [R in RoomName]: { [A in keyof (typeof CONTRACTS)[R]]: readonly RoomStep[] } } = {
  commander: {
    brief: ["facts", "decide", "record", "narrate"],
    openProposal: ["record"],
    readDecision: ["record"],
    withdrawProposal: ["record"],
    close: ["record"],
    remember: ["facts", "decide", "narrate"],
    sendWebhooks: ALL,
    makeDocuments: ["facts", "record"],
    openDay: ["facts", "decide", "record"],
    lookAtDay: ["facts"],
    lockOrders: ["record"],
    freezeNav: ["record", "facts", "decide"],
    proposeNav: ["facts", "decide", "record"],
    escalateNav: ["record"],
    strikeNav: ["facts", "record"],
    crystalliseFees: ALL,
    postDay: ["record"],
    openClaims: ["record"],
    prepareStatements: ["record"],
    closeDay: ["record"],
    discardDay: ["record"],
    activateTool: ["record"],
    openDealingDays: ALL,
    openRestatement: ALL,
    proposeRestatement: ALL,
    strikeRestatement: ["record"],
    compensate: ALL,
    retakeFees: ALL,
    restateStatements: ["facts", "record"],
    beginNextRestatement: ALL,
  },
  rebalancing: { propose: ALL, apply: ["record"] },
  "liquidity-engine": {
    reserve: ALL,
    release: ["record"],
    stressLadder: ALL,
    runLab: ALL,
    foresee: ["facts", "decide"],
    suspendDay: ["record"],
    decideLmt: ALL,
    proposeTool: ALL,
    allocate: ALL,
  },
  "compliance-sentinel": {
    checkTrades: ALL,
    checkTokenization: ALL,
    checkOrders: ALL,
    checkApplicant: ALL,
    checkFund: ALL,
    tickCalendar: ["record"],
  },
  "risk-guardian": { alert: ALL },
  kyc: {
    review: ALL,
    tick: ["record"],
    recheckOrders: ["record"],
    answerTests: ALL,
    refreshList: ["facts", "record"],
    requestRefreshes: ["facts", "record"],
    screenParty: ALL,
    rescreenParties: ALL,
    screenWaiting: ALL,
  },
  simulation: {
    stress: ALL,
    openStress: ALL,
    valueShard: ALL,
    concludeScenario: ALL,
    failScenario: ["facts", "record"],
    repeatScenario: ALL,
    publishStress: [...ALL, "narrate"],
    closeStress: ["facts", "record"],
    openNightly: ALL,
    takeMarketFeed: ["record"],
    checkData: [...ALL, "narrate"],
    retireRows: ["record"],
  },
  tokenization: { register: ["record"], settle: ALL, refuse: ["record"], reconcile: ALL },
};

/** Every named crash point: those of the dispatcher, and after each step of each room's actions. */
export function crashPoints(): string[] {
  const rooms = Object.entries(STEPS).flatMap(([room, actions]) =>
    Object.entries(actions).flatMap(([action, steps]) => steps.map((step: RoomStep) => `${room}.${action}.${step}`)),
  );
  return [...DISPATCHER_POINTS, ...rooms];
}

export type CrashPoint = (name: string) => void;

const HOLD = "hold:";

/**
 * Kills this process with SIGKILL the first time one of the named places is reached; a mark in `home` shows that it fired there and keeps it from
 * firing there again.
 * @param crashAt the configured names with commas between, or null for never. `hold:` before them: the process is stopped with SIGSTOP instead,
 *   until somebody sends SIGCONT.
 */
export function crashPointAt(crashAt: string | null, home: string): CrashPoint {
  if (crashAt === null) return () => {};
  const held = crashAt.startsWith(HOLD);
  const places = new Set((held ? crashAt.slice(HOLD.length) : crashAt).split(","));
  return (name) => {
    const mark = join(home, `crashed-at-${name}`);
    if (!places.has(name) || existsSync(mark)) return;
    appendFileSync(mark, `${process.pid}\n`);
    process.kill(process.pid, held ? "SIGSTOP" : "SIGKILL");
  };
}
