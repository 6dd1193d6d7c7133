// `user reset-second-step`: for whoever runs the installation, when somebody has lost the authenticator.
import type { Command } from "../command.ts";
import { configOf } from "../machine-source.ts";
import { facts } from "../output.ts";

export const userCommands: readonly Command[] = [
  {
    path: "user reset-second-step",
    summary:
      "Takes all authenticators of a person away who has lost them and ends every session of theirs; only on the machine that holds the stack's keys",
    arguments: [{ name: "<email>", about: "the person's e-mail; make sure by another way that it is they who ask" }],
    examples: ["user reset-second-step pm1@demo.evergreen.example"],
    run: async (context, [email = ""]) => {
      const [config, { resetSecondStep }] = await Promise.all([
        configOf(context),
        import("@evergreen-fund/stack/reset-second-step.ts"),
      ]);
      const done = await resetSecondStep(config, email);
      return {
        json: done,
        text: facts([
          ["Account", done.userId],
          ["Authenticators taken away", String(done.factors)],
          ["Sessions ended", String(done.sessions)],
        ]),
      };
    },
  },
];
