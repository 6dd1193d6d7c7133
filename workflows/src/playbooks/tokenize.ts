// TOKENIZATION_REQUESTED: compliance gives its verdict, the operation is registered against it. Nothing reaches a chain from here.
import type { PlaybookFunction } from "./playbook.ts";

export const tokenize: PlaybookFunction = async ({ run }, { room, stage }) => {
  stage("checking");
  const verdict = await room("compliance-sentinel").checkTokenization(run);
  stage("registering");
  const { status } = await room("tokenization").register(run);
  return verdict.result === "passed"
    ? { status: "completed", reason: `registered, ${status}` }
    : { status: "refused", reason: verdict.reason };
};
