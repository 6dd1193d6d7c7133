// What a house's Temporal still has to do, in words: for the message of a test that waited for it in vain.
import { clientOf, type TestHouse } from "./houses.ts";

/** One line per open run: its id, the task that waits and how often it was tried, and each action that waits with its last failure. */
export async function openRuns(house: TestHouse): Promise<string[]> {
  const client = await clientOf(house);
  try {
    const lines: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
      const run = client.workflow.getHandle(workflowId);
      const { raw } = await run.describe();
      const task = raw.pendingWorkflowTask;
      const actions = (raw.pendingActivities ?? []).map(
        ({ activityType, attempt, state, lastFailure }) =>
          `${activityType?.name} state ${state} try ${attempt} ${lastFailure?.message ?? ""}`,
      );
      // only a dealing day answers it
      const progress = await run.query("progress").then(JSON.stringify, () => "");
      lines.push(
        [workflowId, progress, task ? `task state ${task.state} try ${task.attempt}` : "no task", ...actions].join(
          " · ",
        ),
      );
    }
    return lines;
  } finally {
    await client.connection.close();
  }
}
