// Simulation's actions on data: taking the market feed in, and checking a fund's data.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import { EvergreenError } from "@evergreen-fund/domain";
import { traced } from "@evergreen-fund/tracing";
import type { House } from "../../rooms.ts";
import { judgeData } from "./decide.ts";

export const dataActions = (
  house: House,
): Pick<RoomActions<"simulation">, "takeMarketFeed" | "checkData" | "retireRows"> => ({
  takeMarketFeed: async (context) => {
    const { feed } = house;
    if (feed === undefined) return { outcome: "none", taken: 0, held: 0, reason: "no feed is set" };
    try {
      // no transaction is open while somebody else's server thinks
      const file = await traced("data.load.market", { workflow_id: context.workflowId }, async (step) => {
        const fetched = await feed.fetch(context.signal);
        step.note({ rows: fetched.rows.length });
        return fetched;
      });
      const answer = await context.record((rpc) =>
        rpc("fn_import_market", { rows: file.rows, source: feed.source, file_hash: file.sha256, fresh: true }),
      );
      const outcome = answer.repeated ? "unchanged" : "imported";
      return {
        outcome,
        taken: answer.taken,
        held: answer.held,
        reason: answer.held > 0 ? "values wait for a person" : "",
      };
    } catch (error) {
      // a feed that is wrong stays wrong until somebody looks; one that is away is asked again
      if (!(error instanceof EvergreenError) || error.retryable || error.code === "EG500") throw error;
      return { outcome: "refused", taken: 0, held: 0, reason: `${error.code}: ${error.message}`.slice(0, 500) };
    }
  },

  checkData: async (context, { fundId }) => {
    const snapshot = (await house.quality?.open()) ?? null;
    if (snapshot === null) return { outcome: "unmeasured", checks: 0, failed: 0, snapshotHash: "" };
    try {
      const { contentHash, takenAt } = snapshot;
      const fund = await context.look("fn_read_fund_value", { fund: fundId, known_at: takenAt });
      const measured = await snapshot.measure(fundId, { marks: fund.mark_ages, series: fund.series_ages });
      const results = await context.decide(() => judgeData(fund, measured));
      const { checks, failed } = await context.record((rpc) =>
        rpc("fn_record_data_quality", {
          fund: fundId,
          snapshot_hash: contentHash,
          as_of: takenAt.slice(0, 10),
          results: results as unknown as Record<string, unknown>[],
          workflow_id: context.workflowId,
        }),
      );
      await context.narrate(async () => {
        const scores = results.map((one) => ({
          name: `data_quality.${one.check}`,
          value: one.value === null ? null : Number(one.value),
          passed: one.passed,
        }));
        await house.scores?.send(context.workflowId, scores);
      });
      return { outcome: failed === 0 ? "passed" : "failed", checks, failed, snapshotHash: contentHash };
    } finally {
      snapshot.close();
    }
  },
  // the database compares every archive with its rows before it lets go of them: that is the decision, and it is SQL's
  retireRows: (context) => context.record(() => house.retention.run()),
});
