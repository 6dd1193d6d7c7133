// `subject rotate-keys|new-key`: the keys of personal data made anew while everybody works: the master key over all, the data key of one party or of many.
import { randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Command, REQUEST_ID, text } from "../command.ts";
import { dateOf } from "../dealing-options.ts";
import { withProgress } from "../machine-source.ts";
import { facts } from "../output.ts";
import { personalDoor, subjectOf } from "../personal.ts";

const rotate: Command = {
  path: "subject rotate-keys",
  summary:
    "Makes a new master key and wraps every party's key by it while everybody works; cut off, it goes on where it was",
  options: [REQUEST_ID],
  examples: ["subject rotate-keys", "subject rotate-keys --output-format json"],
  role: "ops_role",
  run: async (context, _args, options) => {
    const parts = await personalDoor(context);
    const { rotateKeys } = await import("@evergreen-fund/personal-data");
    const result = await withProgress(context, "Wrapping keys anew", (say) =>
      rotateKeys(parts, text(options, "requestId") ?? `cli/${randomUUID()}`, (rotated) => say(`${rotated} keys`)),
    );
    return {
      json: result,
      text: facts([
        ["Master key", result.masterKeyId],
        ["Keys wrapped", String(result.rotated)],
        ...(result.continued ? [["Note", "an earlier rotation was finished"] as [string, string]] : []),
      ]),
    };
  },
};

const newKey: Command = {
  path: "subject new-key",
  summary:
    "Encrypts all that is kept of a party under a new data key and destroys the old one while everybody works; --before does so for every party with an older key",
  arguments: [{ name: "[id]", about: "the party's id" }],
  options: [{ flags: "--before <date>", about: "every party whose data key was made before that day (UTC)" }],
  examples: ["subject new-key 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f", "subject new-key --before 2026-01-01"],
  role: "ops_role",
  run: async (context, [id], options) => {
    const before = dateOf(options, "before");
    if ((id === undefined) === (before === undefined))
      throw new EvergreenError("EG400", "Name a party, or give --before.");
    const parts = await personalDoor(context);
    const { renewKey, renewKeys } = await import("@evergreen-fund/personal-data");
    if (before === undefined) {
      const renewal = await renewKey(parts, subjectOf(id));
      return {
        json: renewal,
        text: facts([
          ["Subject", renewal.subjectId],
          ["Data key", `number ${renewal.keyVersion}`],
          ["Values", String(renewal.values)],
          ["Accounts", String(renewal.accounts)],
          ["Documents", String(renewal.documents)],
        ]),
      };
    }
    const renewed = await withProgress(context, "New data keys", (say) =>
      renewKeys(parts, `${before}T00:00:00Z`, (done) => say(`${done} parties`)),
    );
    return { json: { renewed, before }, text: facts([["New data keys", String(renewed)]]) };
  },
};

export const subjectKeyCommands: readonly Command[] = [rotate, newKey];
