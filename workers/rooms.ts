// Which rooms there are: name → factory. The name is the task queue, the folder and the audit actor `agent:<name>`.
import type { RoomTools } from "@evergreen-fund/agent-kit";
import type { RoomName } from "@evergreen-fund/domain";
import type { FundMemory } from "@evergreen-fund/memory";
import type { PersonalData } from "@evergreen-fund/personal-data";
import type { Scores } from "@evergreen-fund/tracing";
import { commander } from "./commander/activities.ts";
import { complianceSentinel } from "./compliance-sentinel/activities.ts";
import type { DataQuality } from "./data-quality.ts";
import { kyc } from "./kyc/activities.ts";
import { liquidityEngine } from "./liquidity-engine/activities.ts";
import type { MarketFeed } from "./market-feed.ts";
import type { MorningReports } from "./morning-reports.ts";
import { rebalancing } from "./rebalancing/activities.ts";
import type { Retention } from "./retention.ts";
import { riskGuardian } from "./risk-guardian/activities.ts";
import type { Shelf } from "./shelf.ts";
import { simulation } from "./simulation/activities.ts";
import type { Snapshots } from "./snapshots.ts";
import type { Solver } from "./solver.ts";
import type { StatementFiles } from "./statement-files.ts";
import type { StressEngine } from "./stress-engine.ts";
import type { TokenChain } from "./token-chain.ts";
import { tokenization } from "./tokenization/activities.ts";
import type { Watchlists } from "./watchlists.ts";
import type { WebhookDoor } from "./webhooks.ts";

/** The memory door is opened per room, because what can be recalled is what the room's role may read. */
export interface House extends RoomTools {
  memoryOf(room: RoomName): FundMemory;
  solver: Solver;
  snapshots: Snapshots;
  shelf: Shelf;
  engine: StressEngine;
  reports: MorningReports;
  statements: StatementFiles;
  retention: Retention;
  watchlists: Watchlists;
  /** Personal data of parties, as the KYC room may put and read it. */
  personal: PersonalData;
  /** Absent: this process sends no webhooks. */
  webhooks?: WebhookDoor;
  /** Absent: no chain is configured. */
  chain?: TokenChain;
  /** Absent: no feed of market data is configured. */
  feed?: MarketFeed;
  /** Absent: this process has no analytical files. */
  quality?: DataQuality;
  /** Absent: results of checks are stored, and sent nowhere. */
  scores?: Scores;
}
export type Activities = Record<string, (input: unknown) => Promise<unknown>>;

export const ROOM_TABLE: Record<RoomName, (house: House) => Activities> = {
  commander,
  rebalancing,
  "liquidity-engine": liquidityEngine,
  "compliance-sentinel": complianceSentinel,
  "risk-guardian": riskGuardian,
  kyc,
  simulation,
  tokenization,
};
