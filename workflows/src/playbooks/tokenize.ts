// TOKENIZATION_REQUESTED: compliance gives its verdict, the operation is registered against it. One on a class goes on: two people decide, it is settled on the
// chain, and the register is held against it. A request without a class is registered, and nothing follows.
import { decisionOn } from "../decision-on.ts";
import type { Brief, House, Outcome, PlaybookFunction } from "./playbook.ts";

export const tokenize: PlaybookFunction = async (brief, house) => {
  const { run } = brief;
  const { room, stage } = house;
  stage("checking");
  const verdict = await room("compliance-sentinel").checkTokenization(run);
  stage("registering");
  const registered = await room("tokenization").register(run);
  const { status, actionId, kind, proposalId, reason } = registered;
  if (kind === undefined)
    return verdict.result === "passed"
      ? { status: "completed", reason: `registered, ${status}` }
      : { status: "refused", reason: verdict.reason };
  const proposal = proposalId === undefined ? {} : { proposalId };
  if (status === "refused") return { status: "refused", reason: reason ?? verdict.reason };
  if (proposalId !== undefined) {
    const refused = await decided({ ...run, proposalId }, house);
    if (refused !== undefined) {
      await room("tokenization").refuse({ ...run, actionId, reason: refused });
      return { status: "refused", reason: refused, ...proposal };
    }
  }
  return { ...(await settled(brief, house, actionId, kind)), ...proposal };
};

/** Why people did not approve it; nothing when they did. */
async function decided(proposal: Brief["run"] & { proposalId: string }, house: House): Promise<string | undefined> {
  house.stage("awaiting approval");
  const decision = await decisionOn(proposal, house.room("commander"), house.knocks);
  // "applied": the operation was begun by a worker that died then
  return ["approved", "applied"].includes(decision.status) ? undefined : `proposal ${decision.status}`;
}

/** Turn by turn until the effect is final, or the chain refuses it; then the register is held against the chain. */
async function settled({ run }: Brief, house: House, actionId: string, kind: string): Promise<Outcome> {
  const { room, stage, knocks } = house;
  const tokens = room("tokenization");
  stage("on the chain");
  for (let round = 1; ; round++) {
    const heard = knocks.heard();
    const { outcome, waitMs, contractId, reason } = await tokens.settle({ ...run, actionId, round });
    if (outcome === "going") {
      await knocks.beyond(heard, waitMs);
      continue;
    }
    if (outcome === "refused" && kind !== "deal") return { status: "refused", reason: reason ?? "the chain refused" };
    stage("reconciling");
    const found =
      contractId === undefined
        ? undefined
        : await reconciled(house, { ...run, contractId, ...(kind === "reconcile" ? { actionId } : {}) });
    if (outcome === "refused") return { status: "refused", reason: reason ?? "the chain refused" };
    return {
      status: "completed",
      reason: `${kind} settled${found === undefined ? "" : `, chain and register ${found}`}`,
    };
  }
}

/** While other operations of the class are under way a look says nothing; the last of them looks. */
async function reconciled(
  { room, knocks }: House,
  asked: Brief["run"] & { contractId: string; actionId?: string },
): Promise<"agree" | "differ" | "not compared yet"> {
  const looks = asked.actionId === undefined ? 3 : 20;
  for (let round = 1; round <= looks; round++) {
    const heard = knocks.heard();
    const { outcome } = await room("tokenization").reconcile({ ...asked, round });
    if (outcome !== "later") return outcome;
    await knocks.beyond(heard, 2_000);
  }
  return "not compared yet";
}
