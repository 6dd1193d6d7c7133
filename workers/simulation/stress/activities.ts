// Simulation's part in a stress run: a snapshot, shards, outcomes, one scenario again, the analytical file, the end. Every figure comes from finance/stress,
// computed in a thread of the engine; every row is written by a fn_*.
import type { RoomActions } from "@evergreen-fund/agent-kit";
import type { STRESS_CONTRACTS } from "@evergreen-fund/domain";
import { SHARD_SIZE } from "@evergreen-fund/finance/stress/shards.ts";
import type { House } from "../../rooms.ts";
import { basisOf, computedAgain, parametersOf, wholeShards } from "./decide.ts";
import { readDone, readReported, readRun, readScenario, readShards } from "./facts.ts";

type StressActions = Pick<RoomActions<"simulation">, keyof (typeof STRESS_CONTRACTS)["simulation"]>;

/** Attempts that a report is worth: a disk or a store that is away may come back; a night that is computed does not fail over its words. */
const REPORT_ATTEMPTS = 5;

export const stressActions = ({ engine, reports, shelf, snapshots }: House): StressActions => ({
  openStress: async (context, { eventId }) => {
    const run = await context.facts((tx) => readRun(tx, eventId));
    // a millisecond later: the row's time has more digits than ours
    let snapshot = run.basis?.snapshot ?? (await snapshots.freshAfter(new Date(run.askedAt.getTime() + 1)));
    let about = await context.decide(async () =>
      engine.about(await snapshots.book(snapshot, run.fundId), context.signal),
    );
    const open = await context.record((rpc) =>
      rpc("fn_open_stress_run", {
        stress_run_id: run.runId,
        snapshot_name: snapshot.name,
        snapshot_hash: snapshot.hash,
        as_of: about.asOf,
        code_hash: engine.codeHash,
      }),
    );
    if (open.snapshot_hash !== snapshot.hash) {
      // this step was taken before, by a worker that died: the run rests on the snapshot of that one
      snapshot = { name: open.snapshot_name, hash: open.snapshot_hash };
      about = await engine.about(await snapshots.book(snapshot, run.fundId), context.signal);
    }
    return {
      stressRunId: run.runId,
      scenarios: run.scenarios,
      shards: about.shards,
      shardAssets: about.shardAssets,
      kind: run.kind,
      snapshotHash: open.snapshot_hash,
    };
  },
  valueShard: async (context, { eventId, ordinal, round, shardAssets }) => {
    const { run, scenario } = await context.facts(async (tx) => {
      const run = await readRun(tx, eventId);
      return { run, scenario: await readScenario(tx, run.runId, ordinal) };
    });
    const { snapshot } = basisOf(run, engine.codeHash);
    const { body, hash } = await context.decide(async () =>
      engine.valueShard(
        await snapshots.book(snapshot, run.fundId),
        scenario,
        { place: round - 1, assets: shardAssets ?? SHARD_SIZE },
        context.signal,
      ),
    );
    await context.record((rpc) =>
      rpc("fn_record_stress_shard", {
        stress_run_id: run.runId,
        scenario_hash: scenario.hash,
        shard: round - 1,
        body,
        body_hash: hash,
      }),
    );
    return { bodyHash: hash };
  },
  concludeScenario: async (context, { eventId, ordinal, shards }) => {
    const { run, scenario, bodies } = await context.facts(async (tx) => {
      const run = await readRun(tx, eventId);
      const scenario = await readScenario(tx, run.runId, ordinal);
      return { run, scenario, bodies: await readShards(tx, run.runId, scenario.hash) };
    });
    const { snapshot } = basisOf(run, engine.codeHash);
    const { body, hash } = await context.decide(async () =>
      engine.conclude(
        await snapshots.book(snapshot, run.fundId),
        scenario,
        wholeShards(bodies, shards),
        context.signal,
      ),
    );
    const { status, done, failed } = await context.record((rpc) =>
      rpc("fn_record_stress_outcome", {
        stress_run_id: run.runId,
        scenario_hash: scenario.hash,
        status: "done",
        body,
        body_hash: hash,
      }),
    );
    return { status, done, failed };
  },
  failScenario: async (context, { eventId, ordinal, reason }) => {
    const { run, scenario } = await context.facts(async (tx) => {
      const run = await readRun(tx, eventId);
      return { run, scenario: await readScenario(tx, run.runId, ordinal) };
    });
    const { status, done, failed } = await context.record((rpc) =>
      rpc("fn_record_stress_outcome", {
        stress_run_id: run.runId,
        scenario_hash: scenario.hash,
        status: "failed",
        reason,
      }),
    );
    return { status, done, failed };
  },
  repeatScenario: async (context, { eventId }) => {
    const { run, done } = await context.facts(async (tx) => {
      const run = await readRun(tx, eventId);
      return { run, done: await readDone(tx, run.runId) };
    });
    const { snapshot } = basisOf(run, engine.codeHash);
    const again = await context.decide(async () => {
      const chosen = computedAgain(done, run.runId);
      if (chosen === null) return null;
      const book = await snapshots.book(snapshot, run.fundId, { anew: true });
      return { chosen, hash: (await engine.whole(book, chosen, context.signal)).hash };
    });
    if (again === null) return { result: "nothing" as const, ordinal: null };
    const result = await context.record((rpc) =>
      rpc("fn_record_stress_check", {
        stress_run_id: run.runId,
        scenario_hash: again.chosen.hash,
        body_hash: again.hash,
      }),
    );
    return { result, ordinal: again.chosen.ordinal };
  },
  publishStress: async (context, { eventId }) => {
    const { run, done } = await context.facts(async (tx) => {
      const run = await readRun(tx, eventId);
      return { run, done: await readDone(tx, run.runId) };
    });
    const scenarios = await context.decide(() =>
      done.map(({ scenarioId, version, hash, body, outcome }) => ({
        scenarioId,
        version,
        scenarioHash: hash,
        parameters: parametersOf(body),
        outcome,
      })),
    );
    if (run.basis !== null && scenarios.length > 0)
      await snapshots.publish({
        runId: run.runId,
        fundId: run.fundId,
        snapshotHash: run.basis.snapshot.hash,
        at: run.askedAt.toISOString(),
        scenarios,
      });
    const end = await context.record((rpc) => rpc("fn_close_stress_run", { stress_run_id: run.runId }));
    if (run.kind === "nightly") {
      const question = await context.facts((tx) => readReported(tx, run.runId));
      const files = await context.decide(() => engine.report(question, context.signal));
      const day = question.run.startedAt.slice(0, 10);
      await context
        .narrate(() => reports.keep({ runId: run.runId, fundId: run.fundId, day }, files))
        .catch((error: unknown) => {
          if (context.attempt < REPORT_ATTEMPTS) throw error;
        });
    }
    return ended(end);
  },
  closeStress: async (context, { eventId, reason }) => {
    const run = await context.facts((tx) => readRun(tx, eventId));
    return ended(await context.record((rpc) => rpc("fn_close_stress_run", { stress_run_id: run.runId, reason })));
  },
  openNightly: async (context, { fundId }) => {
    const fund = await context.facts((tx) => tx.funds.findUniqueOrThrow({ where: { fund_id: fundId } }));
    const scenarios = await context.decide(() => shelf.all());
    const { stress_run_id, event_id } = await context.record((rpc) =>
      rpc("fn_request_stress", {
        fund: fund.fund_id,
        scenarios: scenarios as unknown as Record<string, unknown>[],
        kind: "nightly",
      }),
    );
    return { stressRunId: stress_run_id, eventId: event_id };
  },
});

interface End {
  status: "completed" | "partial" | "failed";
  done: number;
  failed: number;
  worst_scenario_id: string | null;
}
const ended = ({ status, done, failed, worst_scenario_id: worstScenarioId }: End) => ({
  status,
  done,
  failed,
  worstScenarioId,
});
