// What a playbook is given and what it answers. A playbook is a plain function: it awaits rooms and pushes compensations.
import type { RoomActivities, RoomName, RunRef, RunStatus } from "@evergreen-fund/domain/agents.ts";
import type { Knocks } from "../knocks.ts";
import type { Rooms } from "../proxies.ts";
import type { Saga } from "../saga.ts";

export interface Brief {
  run: RunRef;
  type: string;
  memoryIds: string[];
}

export interface House {
  /** How rooms are called, for a child of the run to be told. */
  rooms: Rooms;
  room<R extends RoomName>(name: R): RoomActivities<R>;
  saga: Saga;
  /** A knock may mean nothing, so the row is read after it; the count is taken before a row is read. */
  knocks: Knocks;
  /** Puts where the run stands into the UI and the search attribute Stage. */
  stage(name: string): void;
}

export interface Outcome {
  status: Exclude<RunStatus, "running">;
  /** A code and words without amounts or personal data. */
  reason: string;
  proposalId?: string;
}

export type PlaybookFunction = (brief: Brief, house: House) => Promise<Outcome>;
