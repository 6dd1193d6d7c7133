// The steps of a dealing day, and of a restatement, called one after another in this process, without Temporal: for a past that is made in batch, where nobody is waited for.
// They are the actions of the rooms, under their roles and with their request ids, so that taken again they give the first answer.
import type { RoomTools } from "@evergreen-fund/agent-kit";
import {
  type ActionInput,
  type ActionOutput,
  type Contracts,
  EvergreenError,
  isErrorCode,
  type RoomName,
} from "@evergreen-fund/domain";
import type { DayRef } from "@evergreen-fund/domain/dealing-agents.ts";
import type { RestatementRef } from "@evergreen-fund/domain/restatement-agents.ts";
import { ApplicationFailure } from "@temporalio/common";
import { commander } from "./commander/activities.ts";
import { kyc } from "./kyc/activities.ts";
import { liquidityEngine } from "./liquidity-engine/activities.ts";
import type { House } from "./rooms.ts";

/** A day by its ids; `eventId` is that of the event that opened it. */
export type DayIds = Omit<DayRef, "round">;

/** Each call does what is left to do of its part, so that it may be called again after whatever ended the last call. */
export interface DealingSteps {
  /** KYC takes a batch of orders in. */
  takeIn(batchId: string, type: string): Promise<void>;
  /** Steps 1 and 2. */
  cutOff(day: DayIds): Promise<void>;
  /** Steps 3 to 5 for every class that deals on the date, by the one that leads. Errors: EG429 with the names of what blocks the NAV. */
  proposeNav(leader: DayIds): Promise<{ proposalId: string }>;
  /** Steps 5 to 9 once two people have approved. Errors: EG428 when two people have to approve a performance fee first, a cap is below what must be paid, or a party is not cleared any more. */
  deal(leader: DayIds, others: readonly DayIds[]): Promise<void>;
  /** Steps 11 and 12, once the cash has moved. */
  close(day: DayIds): Promise<void>;
  /** The corrected NAV of a restatement that was begun goes before two people. */
  proposeRestatement(restatement: RestatementRef): Promise<{ proposalId: string }>;
  /** Once they have approved: the strike, what every deal is owed, statements anew. Errors: EG428 when a later strike has to follow, or two people have to approve a fee first: then it is called again. */
  restate(restatement: RestatementRef): Promise<void>;
}

/** Errors of every step: those of the fn_* behind it, as EvergreenError. */
export function dealingSteps(tools: RoomTools): DealingSteps {
  const refuse = (): never => {
    throw new EvergreenError("EG500", "A dealing day needs neither memory, solver nor snapshots.");
  };
  const house: House = {
    ...tools,
    memoryOf: refuse,
    solver: { solve: refuse, ready: refuse, close: refuse },
    snapshots: { freshAfter: refuse, book: refuse, publish: refuse },
    shelf: { all: refuse },
    engine: {
      codeHash: "",
      about: refuse,
      valueShard: refuse,
      conclude: refuse,
      whole: refuse,
      report: refuse,
      close: refuse,
    },
    reports: { keep: refuse },
    statements: { keep: refuse },
    retention: { run: refuse },
    watchlists: { fetch: refuse, screen: refuse, affected: refuse },
    personal: {
      put: refuse,
      read: refuse,
      readMany: refuse,
      findByIndex: refuse,
      putDocument: refuse,
      readDocument: refuse,
    },
  };
  const actions = { ...commander(house), ...kyc(house), ...liquidityEngine(house) };

  const act = async <R extends RoomName, A extends string & keyof Contracts[R]>(
    room: R,
    action: A,
    input: ActionInput<R, A>,
  ): Promise<ActionOutput<R, A>> => {
    try {
      return (await actions[`${room}.${action}`]?.(input)) as ActionOutput<R, A>;
    } catch (failure) {
      throw codedOf(failure);
    }
  };
  // what a day does twice is another request the second time
  const first = (day: DayIds): DayRef => ({ ...day, round: 1 });
  const again = (day: DayIds): DayRef => ({ ...day, round: 2 });
  const look = (day: DayIds) => act("commander", "lookAtDay", first(day));

  return {
    async takeIn(batchId, type) {
      await actions["kyc.intakeOrders"]?.({ batchId, type }).catch((failure: unknown) => {
        throw codedOf(failure);
      });
    },
    async cutOff(day) {
      const { status, rechecked } = await look(day);
      if (status === "open") await act("commander", "lockOrders", first(day));
      if (!rechecked) await act("kyc", "recheckOrders", first(day));
    },
    async proposeNav(leader) {
      const before = await look(leader);
      if (before.status === "cut_off") {
        const { blockers } = await act("commander", "freezeNav", first(leader));
        if (blockers.length > 0)
          throw new EvergreenError("EG429", `The NAV is blocked: ${blockers.join("; ")}`.slice(0, 400));
      }
      const { status, lab, proposalId } = await look(leader);
      if (proposalId !== null) return { proposalId };
      if (status !== "inputs_frozen") throw new EvergreenError("EG428", `The dealing day is ${status}.`);
      if (!lab) await act("liquidity-engine", "runLab", first(leader));
      return await act("commander", "proposeNav", first(leader));
    },
    async deal(leader, others) {
      const stopped = () =>
        new EvergreenError("EG428", "A cap is below what must be paid: people decide what is done.");
      if ((await look(leader)).status === "nav_proposed") await act("commander", "strikeNav", first(leader));
      if ((await look(leader)).status === "struck") {
        const { waitsFor } = await act("commander", "crystalliseFees", first(leader));
        if (waitsFor !== null) throw new EvergreenError("EG428", `The day waits for ${waitsFor}.`);
        const { status } = await act("liquidity-engine", "decideLmt", first(leader));
        if (status === "stopped") throw stopped();
      }
      if ((await look(leader)).status === "lmt_decided") {
        const { outcome } = await act("liquidity-engine", "allocate", first(leader));
        if (outcome === "stopped") throw stopped();
      }
      for (const day of [leader, ...others]) {
        if ((await look(day)).status === "allocated") {
          const { held } = await act("kyc", "recheckOrders", again(day));
          if (held > 0) throw new EvergreenError("EG428", "A party of an order is not cleared any more.");
          await act("commander", "postDay", first(day));
        }
        if ((await look(day)).status === "posted") await act("commander", "openClaims", first(day));
      }
    },
    async close(day) {
      const { status, step } = await look(day);
      if (status !== "settled") return;
      if (step < 11) await act("commander", "prepareStatements", first(day));
      await act("commander", "closeDay", first(day));
    },
    proposeRestatement: (restatement) => act("commander", "proposeRestatement", restatement),
    async restate(restatement) {
      await act("commander", "strikeRestatement", restatement);
      await act("commander", "compensate", restatement);
      const { waitsFor } = await act("commander", "retakeFees", restatement);
      if (waitsFor !== null) throw new EvergreenError("EG428", `The restatement waits for ${waitsFor}.`);
      await act("commander", "restateStatements", restatement);
      const { navDate } = await act("commander", "beginNextRestatement", restatement);
      if (navDate !== undefined) throw new EvergreenError("EG428", `The NAV of ${navDate} has to be restated in turn.`);
    },
  };
}

const codedOf = (failure: unknown): unknown =>
  failure instanceof ApplicationFailure && isErrorCode(failure.type)
    ? new EvergreenError(failure.type, failure.message, { cause: failure })
    : failure;
