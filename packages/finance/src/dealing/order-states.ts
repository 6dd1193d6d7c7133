// The states of an order and every way from one to another, as data: who moves it, when somebody else must approve, which event tells (R1). Pure.
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import { parseInput } from "../parse.ts";

export const ORDER_STATES = [
  "draft",
  "submitted",
  "kyc_hold",
  "accepted",
  "locked",
  "priced",
  "allocated",
  "claimable",
  "settled",
  "rejected",
  "cancelled",
  "lapsed",
  "carried",
] as const;
export const OrderState = z.enum(ORDER_STATES);
export type OrderState = z.infer<typeof OrderState>;

/** investor: whose order it is; operations: the fund's people; engine: the dealing day; screening: KYC and sanctions. */
export const OrderActor = z.enum(["investor", "operations", "engine", "screening"]);
export type OrderActor = z.infer<typeof OrderActor>;

export type Transition = {
  readonly from: OrderState;
  readonly to: OrderState;
  readonly by: readonly OrderActor[];
  /** A second person approves. */
  readonly needsApproval: boolean;
  /** May the step read the NAV? Only locked → priced does. */
  readonly readsNav: boolean;
  readonly when: string;
};

const step = (
  from: OrderState,
  to: OrderState,
  by: readonly OrderActor[],
  when: string,
  extra: { needsApproval?: boolean; readsNav?: boolean } = {},
): Transition => ({
  from,
  to,
  by,
  when,
  needsApproval: extra.needsApproval ?? false,
  readsNav: extra.readsNav ?? false,
});

const PLACERS: readonly OrderActor[] = ["investor", "operations"];

/** R1. Each one writes an event row in its own transaction; what is not here cannot happen. */
export const TRANSITIONS: readonly Transition[] = [
  step("draft", "submitted", PLACERS, "the order is sent; its time counts for the cut-off"),
  step("draft", "cancelled", PLACERS, "given up before it was sent"),
  step("submitted", "kyc_hold", ["screening", "operations"], "a party needs evidence first"),
  step("submitted", "accepted", ["engine", "operations"], "complete, eligible and in time for its dealing date"),
  step(
    "submitted",
    "rejected",
    ["engine", "operations", "screening"],
    "below a minimum, not eligible, or a party is refused",
  ),
  step("submitted", "cancelled", PLACERS, "free until the order is locked"),
  step("kyc_hold", "accepted", ["screening", "operations"], "the evidence came"),
  step("kyc_hold", "rejected", ["screening", "operations"], "the evidence did not come, or a party is refused"),
  step("kyc_hold", "cancelled", PLACERS, "free until the order is locked"),
  step("kyc_hold", "lapsed", ["engine"], "the hold outlived the order"),
  step("accepted", "kyc_hold", ["screening", "operations"], "a party is held again before the cut-off"),
  step("accepted", "rejected", ["screening", "operations"], "a party is refused before the cut-off"),
  step("accepted", "locked", ["engine"], "the cut-off of its dealing date"),
  step("accepted", "cancelled", PLACERS, "free until the order is locked"),
  step("accepted", "lapsed", ["engine"], "its last dealing date passed without dealing"),
  step("locked", "priced", ["engine"], "the NAV of its dealing date is struck", { readsNav: true }),
  step(
    "locked",
    "accepted",
    ["engine", "operations"],
    "its cash has not come, or the day is discarded: it deals on a later day",
  ),
  step("locked", "kyc_hold", ["screening"], "the recheck of the parties takes it off this dealing day"),
  step("locked", "cancelled", PLACERS, "after the lock only with consent", { needsApproval: true }),
  step(
    "priced",
    "accepted",
    ["engine", "operations"],
    "the day is discarded before it is posted: it deals on a later day",
  ),
  step("priced", "allocated", ["engine"], "units are filled, in full or in part"),
  step("priced", "carried", ["engine"], "nothing was filled; a child order holds all units"),
  step("priced", "lapsed", ["engine"], "nothing was filled and nothing is carried"),
  step("priced", "kyc_hold", ["screening"], "a party is held before anything is posted"),
  step("allocated", "claimable", ["engine"], "posted: units and cash stand in the ledger"),
  step("claimable", "settled", ["engine", "operations"], "the cash is confirmed"),
];

export const FINAL_STATES: readonly OrderState[] = ["settled", "rejected", "cancelled", "lapsed", "carried"];

/** The transition, or undefined where there is none. */
export function transitionOf(from: OrderState, to: OrderState): Transition | undefined {
  return TRANSITIONS.find((row) => row.from === from && row.to === to);
}

export const TransitionInput = z.strictObject({
  from: OrderState,
  to: OrderState,
  by: OrderActor,
  /** Whether somebody other than the actor approved it. */
  approved: z.boolean().default(false),
});
export const TransitionOutput = z.strictObject({
  allowed: z.boolean(),
  needsApproval: z.boolean(),
  readsNav: z.boolean(),
  reason: z.string(),
  /** Where the order can go from here. */
  next: z.array(z.string()),
});

/** R1: whether this actor may take an order from one state to the other. A refusal is an answer with its reason. Errors: EG400. */
export function orderTransition(input: z.input<typeof TransitionInput>): z.infer<typeof TransitionOutput> {
  const { from, to, by, approved } = parseInput(TransitionInput, input);
  const next = TRANSITIONS.filter((row) => row.from === from).map((row) => row.to);
  const found = transitionOf(from, to);
  const flags = { needsApproval: found?.needsApproval ?? false, readsNav: found?.readsNav ?? false, next };
  if (found === undefined) return { allowed: false, ...flags, reason: `An order does not go from ${from} to ${to}.` };
  if (!found.by.includes(by))
    return { allowed: false, ...flags, reason: `Only ${found.by.join(" or ")} may take this step.` };
  if (found.needsApproval && !approved)
    return { allowed: false, ...flags, reason: "A second person must approve this step." };
  return { allowed: true, ...flags, reason: found.when };
}

/** Errors: EG428 when there is no such transition, EG403 when it is somebody else's or lacks its approval. */
export function assertTransition(input: z.input<typeof TransitionInput>): Transition {
  const answer = orderTransition(input);
  const found = transitionOf(input.from, input.to);
  if (found === undefined) throw new EvergreenError("EG428", answer.reason);
  if (!answer.allowed) throw new EvergreenError("EG403", answer.reason);
  return found;
}
