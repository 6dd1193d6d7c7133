// `subject put|show|find|document|export|erase|keep|hold|release`: personal data of one party. Values come from a file or standard input,
// so that none of them lands in a shell's history or a list of processes.
import { open, readFile, rm } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { IndexedField, PersonalField, PersonalFields } from "@evergreen-fund/personal-data";
import { z } from "zod";
import { type Command, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { facts, plain, table } from "../output.ts";
import { personalDoor, personalOf, subjectOf } from "../personal.ts";
import { partyOf } from "../reads/parties.ts";
import { subjectKeyCommands } from "./subject-keys.ts";

const ID = { name: "<id>", about: "the party's id" };
const PURPOSE = {
  flags: "--purpose <code>",
  about: "what it is read for, small letters and hyphens",
  default: "review",
};
const WHY = { flags: "--reason <text>", about: "why, in one sentence (no personal data)" } as const;

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
    const { personal } = await personalDoor(context);
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
    const { personal } = await personalDoor(context);
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
    const { personal } = await personalDoor(context);
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
    const { personal } = await personalDoor(context);
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
    "All that is kept of a party in one zip for that person: details now and before, documents, register, orders, money, who looked; a page in plain words",
  arguments: [{ name: "<investor>", about: "code or id of an investor, or the party's id" }],
  options: [{ flags: "--to <file>", about: "a file that is not there yet; only you can read it", required: true }],
  examples: ["subject export LP-0001 --to answer.zip"],
  role: "ops_role",
  run: async (context, [of = ""], options) => {
    const to = text(options, "to") ?? "";
    const session = await context.session("ops_role");
    const subjectId = await partyOf(session, of);
    const parts = await personalOf(context, session);
    const [{ exportSubject }, { writeSubjectPack }] = await Promise.all([
      import("@evergreen-fund/personal-data"),
      import("@evergreen-fund/evidence"),
    ]);
    const file = await open(to, "wx", 0o600).catch((error: unknown) => {
      throw new EvergreenError("EG400", `${plain(to)} cannot be made; is it there already?`, { cause: error });
    });
    try {
      const all = await exportSubject(parts, subjectId);
      const sink = { write: (bytes: Uint8Array, at: number) => file.write(bytes, 0, bytes.length, at) };
      const { sha256, bytes, members } = await writeSubjectPack(sink, all, new Date().toISOString());
      await file.sync();
      const rows = members.reduce((sum, member) => sum + (member.rows ?? 0), 0);
      const counts = { values: all.values.length, documents: all.documents.length, accesses: all.accesses.length };
      return {
        json: { subjectId, file: to, bytes, sha256, rows, ...counts },
        text: facts([
          ["File", plain(to)],
          ["Rows", String(rows)],
          ["Values", String(counts.values)],
          ["Documents", String(counts.documents)],
          ["Accesses", String(counts.accesses)],
          ["Open first", "index.html"],
          ["Verify with", `evergreen evidence verify ${plain(to)} --sha256 ${sha256}`],
        ]),
      };
    } catch (error) {
      await rm(to, { force: true });
      throw error;
    } finally {
      await file.close();
    }
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
    const parts = await personalDoor(context);
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
  ...subjectKeyCommands,
];
