// `subject put|show|find|document|export|erase|keep|hold|release|rotate-keys`: personal data of one party. Values come from a file or standard input,
// so that none of them lands in a shell's history or a list of processes.
import { randomUUID } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { IndexedField, PersonalField, PersonalFields } from "@evergreen-fund/personal-data";
import { z } from "zod";
import { type Command, REQUEST_ID, text } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { withProgress } from "../machine-source.ts";
import { facts, plain, table } from "../output.ts";
import { personalOf } from "../personal.ts";
import { isUuid } from "../reads/funds.ts";

const ID = { name: "<id>", about: "the party's id" };
const PURPOSE = {
  flags: "--purpose <code>",
  about: "what it is read for, small letters and hyphens",
  default: "review",
};
const WHY = { flags: "--reason <text>", about: "why, in one sentence (no personal data)" } as const;

function subjectOf(id: string | undefined): string {
  if (id === undefined || !isUuid(id))
    throw new EvergreenError("EG400", `${plain(id ?? "")} is not the id of a party.`);
  return id.toLowerCase();
}
const door = async (context: Context, role: "ops_role" | "pm_role" = "ops_role") =>
  personalOf(context, await context.session(role));
const shownValue = (value: unknown): string => plain(Array.isArray(value) ? value.join("; ") : String(value));

const put: Command = {
  path: "subject put",
  summary:
    "Records personal data of a party, encrypted: JSON of fields from a file or standard input; null takes a field back",
  arguments: [ID],
  options: [{ flags: "--file <file>", about: "JSON file; absent: standard input" }, REQUEST_ID],
  examples: ["subject put 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f --file person.json"],
  role: "ops_role",
  run: async (context, [id], options) => {
    const subjectId = subjectOf(id);
    const file = text(options, "file");
    const given = z
      .record(z.string(), z.unknown())
      .safeParse(file === undefined ? await context.inputJson() : await context.json(file));
    if (!given.success) throw new EvergreenError("EG400", "The input is a JSON object of fields.");
    const { personal } = await door(context);
    await personal.put(subjectId, given.data as PersonalFields, { requestId: requestIdOf(text(options, "requestId")) });
    const fields = Object.keys(given.data);
    return {
      json: { subjectId, fields },
      text: facts([
        ["Subject", subjectId],
        ["Recorded", fields.join(", ")],
      ]),
    };
  },
};

const show: Command = {
  path: "subject show",
  summary: "Personal data of a party in clear; the access is recorded with its purpose",
  arguments: [ID],
  options: [{ flags: "--fields <list>", about: "only these, with commas between" }, PURPOSE],
  examples: ["subject show 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f --fields name,born --output-format json"],
  role: "ops_role",
  run: async (context, [id], options) => {
    const subjectId = subjectOf(id);
    const { personal } = await door(context);
    const named = text(options, "fields")?.split(",") as PersonalField[] | undefined;
    const data = await personal.read(subjectId, named, text(options, "purpose"));
    return {
      json: data,
      text: facts([
        ["Subject", data.subjectId],
        ["State", data.state],
        ...Object.entries(data.fields).map(([field, value]): [string, string] => [field, shownValue(value)]),
      ]),
    };
  },
};

const find: Command = {
  path: "subject find",
  summary: "Parties whose name, alias, e-mail or identifier is the same; the value is read from standard input",
  options: [
    {
      flags: "--by <field>",
      about: "what is compared",
      required: true,
      choices: ["name", "alias", "email", "identifier"],
    },
  ],
  examples: ["subject find --by email < address.txt"],
  role: "ops_role",
  run: async (context, _args, options) => {
    const value = (await context.streams.input()).trim();
    if (value === "" || value.length > 2_000) throw new EvergreenError("EG400", "The value stands in standard input.");
    const { personal } = await door(context);
    const found = await personal.findByIndex(text(options, "by") as IndexedField, value);
    return {
      json: { subjects: found },
      text: table(found, [{ header: "Subject", value: (one) => one }], "Nobody."),
    };
  },
};

const document: Command = {
  path: "subject document",
  summary: "Stores a document of a party, encrypted; its type is read from its bytes and its name is not kept",
  arguments: [ID],
  options: [
    { flags: "--kind <kind>", about: "what it proves, as identity_document", required: true },
    { flags: "--file <file>", about: "PDF, JPEG, PNG, TIFF or WebP up to 20 MB", required: true },
    REQUEST_ID,
  ],
  examples: ["subject document 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f --kind identity_document --file scan.pdf"],
  role: "ops_role",
  run: async (context, [id], options) => {
    const subjectId = subjectOf(id);
    const file = text(options, "file") ?? "";
    await context.mustExist(file);
    const bytes = await readFile(file);
    const { personal } = await door(context);
    const stored = await personal.putDocument(
      subjectId,
      { kind: text(options, "kind") ?? "", bytes },
      { requestId: requestIdOf(text(options, "requestId")) },
    );
    return {
      json: stored,
      text: facts([
        ["Document", stored.documentId],
        ["Type", stored.contentType],
        ["Bytes", String(stored.size)],
      ]),
    };
  },
};

const exporting: Command = {
  path: "subject export",
  summary:
    "All that is kept of a party in one JSON file: values now and before, documents, who read what, what was done",
  arguments: [ID],
  options: [{ flags: "--to <file>", about: "a file that is not there yet; only you can read it", required: true }],
  examples: ["subject export 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f --to answer.json"],
  role: "ops_role",
  run: async (context, [id], options) => {
    const subjectId = subjectOf(id);
    const to = text(options, "to") ?? "";
    const parts = await door(context);
    const { exportSubject } = await import("@evergreen-fund/personal-data");
    const all = await exportSubject(parts, subjectId);
    const handle = await open(to, "wx", 0o600).catch((error: unknown) => {
      throw new EvergreenError("EG400", `${plain(to)} cannot be made; is it there already?`, { cause: error });
    });
    await handle.writeFile(`${JSON.stringify(all, null, 1)}\n`).finally(() => handle.close());
    const count = (of: string): number => (all[of] as unknown[]).length;
    const counts = { values: count("values"), documents: count("documents"), accesses: count("accesses") };
    return {
      json: { subjectId, file: to, ...counts },
      text: facts([
        ["File", to],
        ["Values", String(counts.values)],
        ["Documents", String(counts.documents)],
        ["Accesses", String(counts.accesses)],
      ]),
    };
  },
};

const erase: Command = {
  path: "subject erase",
  summary: "Asks for the erasure of a party's data with --reason; another person carries it out with --carry-out",
  arguments: [ID],
  options: [
    WHY,
    { flags: "--carry-out", about: "destroy the key that another person asked to be destroyed" },
    REQUEST_ID,
  ],
  examples: [
    "subject erase 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f --reason 'asked by the person'",
    "subject erase 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f --carry-out --as ops2@demo.evergreen.example",
  ],
  role: "ops_role",
  run: async (context, [id], options) => {
    const subjectId = subjectOf(id);
    const reason = text(options, "reason");
    if ((reason === undefined) === (options.carryOut !== true))
      throw new EvergreenError(
        "EG400",
        "Give --reason to ask for an erasure, or --carry-out to do what another asked.",
      );
    const parts = await door(context);
    const request_id = requestIdOf(text(options, "requestId"));
    if (reason !== undefined) {
      const { held } = z
        .object({ held: z.boolean() })
        .parse(await parts.call("fn_request_erasure", { subject_id: subjectId, reason, request_id }));
      return {
        json: { subjectId, state: "restricted", held },
        text: facts([
          ["Subject", subjectId],
          ["State", "restricted"],
          ["Next", held ? "a legal hold stands; lift it first" : "another person: subject erase … --carry-out"],
        ]),
      };
    }
    const { eraseSubject } = await import("@evergreen-fund/personal-data");
    const tombstone = await eraseSubject(parts, subjectId, request_id);
    return {
      json: { subjectId, state: "destroyed", tombstone },
      text: facts([
        ["Subject", subjectId],
        ["State", "✓ erased"],
        ["Signed", tombstone.signature],
      ]),
    };
  },
};

/** A command that is one call with an id and a reason. */
const oneCall = (path: string, summary: string, fn: string, key: "subject_id" | "hold_id", about: string): Command => ({
  path,
  summary,
  arguments: [{ name: "<id>", about }],
  options: [{ ...WHY, required: true }, REQUEST_ID],
  examples: [`${path} 2f0a7c1e-7d2b-4c55-9d3e-0a1b2c3d4e5f --reason 'a claim of 2026'`],
  role: "ops_role",
  run: async (context, [id], options) => {
    const session = await context.session("ops_role");
    const answer = await session.call(
      fn,
      {
        [key]: subjectOf(id),
        reason: text(options, "reason"),
        request_id: requestIdOf(text(options, "requestId")),
      },
      z.record(z.string(), z.unknown()),
    );
    const { hold_id: holdId, subject_id: subjectId, state } = answer;
    const json = {
      ...(holdId === undefined ? {} : { holdId }),
      ...(subjectId === undefined ? {} : { subjectId, state }),
    };
    return { json, text: facts(Object.entries(json).map(([name, value]) => [name, String(value)])) };
  },
});

const keep = oneCall(
  "subject keep",
  "Refuses an erasure that was asked for: the party's data is in use again",
  "fn_refuse_erasure",
  "subject_id",
  "the party's id",
);
const hold = oneCall(
  "subject hold",
  "Places a legal hold: the party's data is not erased until another person releases it",
  "fn_hold_subject",
  "subject_id",
  "the party's id",
);
const release = oneCall(
  "subject release",
  "Lifts a legal hold on a party that another person placed",
  "fn_release_subject",
  "hold_id",
  "the hold",
);

const rotate: Command = {
  path: "subject rotate-keys",
  summary:
    "Makes a new master key and wraps every party's key by it while everybody works; cut off, it goes on where it was",
  options: [REQUEST_ID],
  examples: ["subject rotate-keys", "subject rotate-keys --output-format json"],
  role: "ops_role",
  run: async (context, _args, options) => {
    const parts = await door(context);
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

export const subjectCommands: readonly Command[] = [
  put,
  show,
  find,
  document,
  exporting,
  erase,
  keep,
  hold,
  release,
  rotate,
];
