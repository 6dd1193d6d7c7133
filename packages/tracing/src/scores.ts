// Results of checks as Langfuse scores, on the trace of the run that measured them. Names are an allow-list; a server that is away costs a count.
import { createHash } from "node:crypto";
import type { LangfuseTarget } from "./exporters.ts";
import { traceIdOf } from "./trace-id.ts";

/** What may be scored: shares and basis points of a check, never an amount. */
export const SCORE_NAMES = {
  "data_quality.nav_agreement": "basis points between Postgres and the analytical file",
  "data_quality.stale_marks": "share of value with marks that are too old",
  "data_quality.stale_series": "share of market series that are too old",
} as const;
export type ScoreName = keyof typeof SCORE_NAMES;

export interface Score {
  name: string;
  /** Measured; null is not sent: what could not be measured has no number. */
  value: number | null;
  passed: boolean;
}

export interface Scores {
  /** Sends them on the trace of `workflowId`. The same score of the same run is the same row there. Never throws. */
  send(workflowId: string, scores: readonly Score[]): Promise<{ sent: number; failed: number }>;
}

const ANSWER_MS = 5_000;

export function openScores({ baseUrl, publicKey, secretKey, environment }: LangfuseTarget): Scores {
  const url = `${baseUrl.replace(/\/+$/, "")}/api/public/scores`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`,
    "content-type": "application/json",
  };
  const post = async (traceId: string, { name, value, passed }: Score): Promise<boolean> => {
    const id = createHash("sha256").update(`${traceId}/${name}`).digest("hex").slice(0, 32);
    const body = { id, traceId, name, value, dataType: "NUMERIC", comment: passed ? "passed" : "failed" };
    const answer = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(environment === undefined ? body : { ...body, environment }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await answer.body?.cancel();
    return answer.ok;
  };
  return {
    async send(workflowId, scores) {
      const traceId = traceIdOf(workflowId);
      const counts = { sent: 0, failed: 0 };
      for (const score of scores) {
        // a name that is not listed could carry data out
        const fit = Object.hasOwn(SCORE_NAMES, score.name) && score.value !== null && Number.isFinite(score.value);
        const sent = fit && (await post(traceId, score).catch(() => false));
        counts[sent ? "sent" : "failed"] += 1;
      }
      return counts;
    },
  };
}
