// `stress run`: asks for a stress run of a fund and, when told to wait, says what it came to.
import { type Answer, type Command, FUND, REQUEST_ID, text, WAIT_SECONDS } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { askedScenario, askStress, awaitStress, chosenScenarios, endedAnswer } from "../stress-request.ts";
import { timeoutMs } from "../wait.ts";

export const stressRunCommands: readonly Command[] = [
  {
    path: "stress run",
    summary: "Asks for a stress run of a fund on a fresh snapshot; --wait shows how far it is and what it came to",
    options: [
      FUND,
      { flags: "--scenario <id>", about: "a scenario that comes with the platform; several with commas" },
      { flags: "--all", about: "every scenario that comes with the platform" },
      { flags: "--file <file>", about: "a scenario of your own, which may extend those" },
      {
        flags: "--kind <kind>",
        about: "on_demand, or laboratory for a what-if that is not the fund's own stress",
        choices: ["on_demand", "laboratory"],
        default: "on_demand",
      },
      { flags: "--wait", about: "return when every scenario is done or has failed" },
      WAIT_SECONDS,
      REQUEST_ID,
    ],
    examples: [
      "stress run --fund DEMO --scenario rates_up200 --wait",
      "stress run --fund DEMO --all --wait --output-format json",
      "stress run --fund DEMO --file my-scenario.yaml --kind laboratory",
    ],
    role: "pm_role",
    run: async (context, _args, options): Promise<Answer> => {
      const limit = options.wait === true ? timeoutMs(text(options, "timeout")) : 0;
      const scenarios = await chosenScenarios({
        scenario: text(options, "scenario"),
        file: text(options, "file"),
        all: options.all === true,
      });
      const session = await context.session("pm_role");
      const asked = await askStress(
        session,
        text(options, "fund") ?? "",
        scenarios.map(askedScenario),
        text(options, "kind") ?? "on_demand",
        requestIdOf(text(options, "requestId")),
      );
      if (options.wait !== true)
        return {
          json: {
            runId: asked.stress_run_id,
            eventId: asked.event_id,
            workflowId: asked.workflow_id,
            status: "running",
            scenarios: scenarios.map(({ id, hash }) => ({ scenarioId: id, scenarioHash: hash })),
          },
          text: `Asked for. Look at it with\n  npx --no-install evergreen stress report ${asked.stress_run_id}`,
        };
      return endedAnswer(session, await awaitStress(context, session, asked, limit));
    },
  },
];
