// REBALANCE_REQUESTED: propose → check liquidity and limits → a second person decides → apply.
import { decisionOn } from "../decision-on.ts";
import type { PlaybookFunction } from "./playbook.ts";

export const rebalance: PlaybookFunction = async ({ run, memoryIds }, { room, saga, knocks, stage }) => {
  stage("proposing");
  const proposed = await room("rebalancing").propose({ ...run, memoryIds });
  if (proposed.outcome === "refused") return { status: "refused", reason: proposed.reason };
  const proposal = { ...run, proposalId: proposed.proposalId };
  saga.push("withdraw", () => room("commander").withdrawProposal({ ...proposal, reason: "the run failed" }));

  stage("checking");
  await room("liquidity-engine").reserve(proposal);
  const release = (reason: string) => room("liquidity-engine").release({ ...proposal, reason });
  saga.push("release", () => release("the run failed"));
  await room("compliance-sentinel").checkTrades(proposal);
  const opened = await room("commander").openProposal(proposal);
  if (opened.status === "refused") {
    await release("refused by a check");
    return { status: "refused", reason: opened.reason, proposalId: proposal.proposalId };
  }

  stage("awaiting approval");
  const decision = await decisionOn(proposal, room("commander"), knocks);
  // a worker that died after applying reads "applied" when the step is taken again: the approval stands, and applying again changes nothing
  if (decision.status !== "approved" && decision.status !== "applied") {
    await release(decision.status);
    return { status: "refused", reason: `proposal ${decision.status}`, proposalId: proposal.proposalId };
  }

  stage("applying");
  const applied = await room("rebalancing").apply(proposal);
  if (applied.outcome === "refused") {
    await release("not applied");
    await room("commander").withdrawProposal({ ...proposal, reason: applied.reason });
    return { status: "refused", reason: applied.reason, proposalId: proposal.proposalId };
  }
  return {
    status: "completed",
    reason: `allocations applied, version ${applied.version}`,
    proposalId: proposal.proposalId,
  };
};
