// `rules list|show|load|activate|snooze|shadow`: packs of compliance rules as the database has them, and a draft beside what is live over the past.

import {
  compilePack,
  differenceOf,
  isInForce,
  type Outcome,
  type Pair,
  type RulePack,
  readPack,
  runExamples,
  worstOutcome,
} from "@evergreen-fund/compliance-rules";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { z } from "zod";
import { type Command, type Options, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { facts, plain, table } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { packVersions, type Version, versionNamed } from "../reads/rules.ts";
import { packFile, shippedPacks } from "../rule-source.ts";
import type { Session } from "../session.ts";

const Drafted = z.object({
  version_id: z.string(),
  pack: z.string(),
  version: z.number(),
  hash: z.string(),
  status: z.string(),
});
const Tested = z.object({ status: z.string(), examples: z.number(), passed: z.number() });
const Activated = z.object({ version_id: z.string(), status: z.string(), approvals: z.number() });
const Orders = z.array(
  z.object({
    flow_id: z.string(),
    as_of: z.string(),
    facts: z.record(z.string(), z.unknown()),
    snoozed: z.array(z.string()),
  }),
);

const versionTable = (rows: readonly Version[]): string =>
  table(
    rows,
    [
      { header: "Pack", value: (row) => row.pack },
      { header: "Version", value: (row) => String(row.version), figure: true },
      { header: "Status", value: (row) => row.status },
      { header: "In force from", value: (row) => row.effective_from },
      { header: "Approved by", value: (row) => `${row.approvals} of 2` },
      { header: "Source", value: (row) => row.source },
      { header: "Hash", value: (row) => row.hash.slice(0, 12) },
    ],
    "No pack of rules has been loaded; `rules load` takes those of policies/rules.",
  );

const listing: Command = {
  path: "rules list",
  summary: "Every version of every pack of compliance rules: draft, tested or live, and since when",
  examples: ["rules list", "rules list --output-format json"],
  role: "pm_role",
  run: async (context) => {
    const rows = await packVersions(await context.session("pm_role"));
    return { json: rows.map(({ body: _body, ...row }) => row), text: versionTable(rows) };
  },
};

const showing: Command = {
  path: "rules show",
  summary: "One version of a pack: its rules with their sources, and its hash to approve",
  arguments: [{ name: "<pack>", about: "name of the pack; the newest version, or name@version" }],
  examples: ["rules show aml-basics", "rules show aml-basics@1 --output-format json"],
  role: "pm_role",
  run: async (context, args) => {
    const version = await versionNamed(await context.session("pm_role"), args[0] ?? "");
    const { pack } = readPack(version.body);
    return {
      json: version,
      text: [
        facts([
          ["Pack", `${version.pack} version ${version.version}`],
          ["Status", version.status],
          ["In force from", version.effective_from],
          ["Approved by", `${version.approvals} of 2`],
          ["Hash", version.hash],
        ]),
        table(pack?.rules ?? [], [
          { header: "Rule", value: (row) => row.id },
          { header: "Outcome", value: (row) => row.outcome },
          { header: "On", value: (row) => row.on.join(", ") },
          { header: "What it says", value: (row) => row.words, most: 80 },
          { header: "Source", value: (row) => row.source, most: 60 },
        ]),
      ].join("\n\n"),
    };
  },
};

const loading: Command = {
  path: "rules load",
  summary:
    "Stores packs as drafts and runs their examples: what passes is tested; a wrong one is refused aloud and what is live stays",
  arguments: [{ name: "[file]", about: "a file, or the name of a pack in policies/rules; left out: all of those" }],
  options: [REQUEST_ID],
  examples: ["rules load", "rules load my-rules.yaml"],
  role: "ops_role",
  run: async (context, args, options) => {
    const files = args[0] === undefined ? await shippedPacks() : [await packFile(args[0])];
    const session = await context.session("ops_role");
    const asked = requestIdOf(text(options, "requestId"));
    const results: { file: string; status: string; version: number | null; words: string }[] = [];
    for (const [i, { file, pack, body, problems }] of files.entries()) {
      const of = (step: string): string => `${asked}/${i}/${step}`;
      if (pack === undefined) {
        const words = problems.map(problemLine).slice(0, 50);
        await session.call(
          "fn_refuse_rules",
          { pack: file, source: "file", problems: words.map((one) => one.slice(0, 500)), request_id: of("refused") },
          z.string(),
        );
        results.push({ file, status: "refused", version: null, words: words.join("; ") });
        continue;
      }
      const drafted = await session.call("fn_draft_rules", { body, source: "file", request_id: of("draft") }, Drafted);
      const examples = runExamples(pack).map(({ name, outcome, passed }) => ({ name, outcome, passed }));
      const status =
        drafted.status === "live"
          ? "live"
          : (
              await session.call(
                "fn_test_rules",
                { version_id: drafted.version_id, results: examples, request_id: of("test") },
                Tested,
              )
            ).status;
      results.push({ file, status, version: drafted.version, words: `${examples.length} examples` });
    }
    return {
      json: results,
      text: table(results, [
        { header: "File", value: (row) => row.file },
        { header: "Version", value: (row) => (row.version === null ? null : String(row.version)), figure: true },
        { header: "Status", value: (row) => row.status },
        { header: "", value: (row) => row.words, most: 120 },
      ]),
      ...(results.some(({ status }) => status === "refused") ? { exit: 3 } : {}),
    };
  },
};

const activating: Command = {
  path: "rules activate",
  summary: "Puts a tested version live: two people who did not draft it, on its hash",
  arguments: [{ name: "<pack>", about: "name@version, or the name for its newest version" }],
  options: [
    { flags: "--hash <hash>", about: "hash of what you looked at (`rules show`)", required: true },
    { flags: "--reason <text>", about: "why, in one sentence", required: true },
    REQUEST_ID,
  ],
  examples: ['rules activate aml-basics@1 --hash HASH --reason "approved by the committee"'],
  role: "pm_role",
  run: async (context, args, options) => {
    const session = await context.session("pm_role");
    const { version_id, pack, version } = await versionNamed(session, args[0] ?? "");
    const { status, approvals } = await session.call(
      "fn_activate_rules",
      {
        version_id,
        hash: text(options, "hash"),
        reason: text(options, "reason"),
        request_id: requestIdOf(text(options, "requestId")),
      },
      Activated,
    );
    return {
      json: { pack, version, status, approvals },
      text:
        status === "live"
          ? `${pack} version ${version} is live.`
          : `${pack} version ${version}: ${approvals} of 2 people approved; another person must.`,
    };
  },
};

const snoozing: Command = {
  path: "rules snooze",
  summary: "Lets a live rule pass for one investor or fund for a while; never a rule about lists",
  arguments: [{ name: "<rule>", about: "pack/rule" }],
  options: [
    { flags: "--investor <id>", about: "for this investor" },
    { flags: "--fund <code>", about: "for this fund (code or id)" },
    { flags: "--days <number>", about: "how long", required: true },
    { flags: "--reason <text>", about: "why, in one sentence (no personal data)", required: true },
    REQUEST_ID,
  ],
  examples: ['rules snooze aml-payments/just-below --investor ID --days 10 --reason "savings plan, contract on file"'],
  role: "ops_role",
  run: async (context, args, options) => {
    const [pack = "", rule = ""] = (args[0] ?? "").split("/");
    const days = Number(text(options, "days"));
    const investor = text(options, "investor");
    const fund = text(options, "fund");
    if (rule === "") throw new EvergreenError("EG400", "A rule is named by its pack: pack/rule.");
    if (!Number.isInteger(days) || days < 1) throw new EvergreenError("EG400", "--days is a whole number from 1.");
    if ((investor === undefined) === (fund === undefined))
      throw new EvergreenError("EG400", "Name an investor or a fund, one of them.");
    const session = await context.session("ops_role");
    const entity_id = investor ?? (await findFund(session, fund ?? "")).fund_id;
    const until = new Date(Date.now() + days * 86_400_000).toISOString();
    const snooze = await session.call(
      "fn_snooze_rule",
      {
        pack,
        rule,
        entity_type: investor === undefined ? "funds" : "investors",
        entity_id,
        until,
        reason: text(options, "reason"),
        request_id: requestIdOf(text(options, "requestId")),
      },
      z.string(),
    );
    return {
      json: { snooze, pack, rule, until },
      text: `${plain(pack)}/${plain(rule)} lets pass until ${until.slice(0, 10)}.`,
    };
  },
};

/** What each order of a fund would have been judged, by live packs and with a draft in the place of its live version. */
async function overHistory(
  session: Session,
  options: Options,
  draft: RulePack,
): Promise<{ pairs: Pair[]; orders: number }> {
  const fund = await findFund(session, text(options, "fund") ?? "");
  const live = (await packVersions(session)).filter(({ status }) => status === "live");
  const newest = new Map<string, RulePack>();
  for (const { body } of live) {
    const { pack } = readPack(body);
    if (pack !== undefined && (newest.get(pack.pack)?.version ?? 0) < pack.version) newest.set(pack.pack, pack);
  }
  const compiled = [...newest.values()].map(compilePack);
  const candidate = compilePack(draft);
  const pairs: Pair[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await session.call(
      "fn_read_order_facts",
      {
        fund: fund.code,
        ...(text(options, "from") === undefined ? {} : { since: text(options, "from") }),
        ...(text(options, "to") === undefined ? {} : { until: text(options, "to") }),
        ...(after === undefined ? {} : { after }),
        max_orders: 1000,
      },
      Orders,
    );
    for (const { flow_id, as_of, facts: given, snoozed } of page) {
      const regime = (given.fund as { regime?: string } | undefined)?.regime;
      const judge = ({ pack, judge: by }: ReturnType<typeof compilePack>) =>
        isInForce(pack, as_of, regime)
          ? by("order", given as never, {
              asOf: as_of,
              snoozed: snoozed.flatMap((one) =>
                one.startsWith(`${pack.pack}/`) ? [one.slice(pack.pack.length + 1)] : [],
              ),
            })
          : undefined;
      const others = compiled
        .filter(({ pack }) => pack.pack !== draft.pack)
        .flatMap((one) => judge(one)?.outcome ?? []);
      const before = compiled
        .filter(({ pack }) => pack.pack === draft.pack)
        .flatMap((one) => judge(one)?.outcome ?? []);
      const changed = judge(candidate);
      pairs.push({
        id: flow_id,
        live: worstOutcome([...others, ...before]),
        draft: worstOutcome([...others, ...(changed === undefined ? [] : [changed.outcome])]),
        rules: (changed?.rules ?? []).flatMap(({ rule, outcome }) => (outcome === "approve" ? [] : [rule])),
      });
    }
    if (page.length < 1000) return { pairs, orders: pairs.length };
    after = page.at(-1)?.flow_id;
  }
}

const Shadow = z.object({
  entity_id: z.string(),
  live_outcome: z.string(),
  outcome: z.string(),
  rules: z.array(z.string()),
});

const shadowing: Command = {
  path: "rules shadow",
  summary: "A draft beside what is live: over the orders of the past (--fund), or as it ran beside the live checks",
  arguments: [{ name: "<pack>", about: "a file, or name@version of a loaded version" }],
  options: [
    { flags: "--fund <code>", about: "over the orders of this fund (code or id)" },
    { flags: "--from <date>", about: "orders from this day on" },
    { flags: "--to <date>", about: "orders before this day" },
  ],
  examples: [
    "rules shadow aml-payments@2 --fund EVG --from 2026-01-01",
    "rules shadow my-rules.yaml --fund EVG",
    "rules shadow aml-payments@2",
  ],
  role: "pm_role",
  run: async (context, args, options) => {
    const given = args[0] ?? "";
    const session = await context.session("pm_role");
    if (text(options, "fund") === undefined) {
      const { version_id } = await versionNamed(session, given);
      const rows = await session.read(
        "rule_shadows",
        "entity_id,live_outcome,outcome,rules",
        (query) => query.eq("version_id", version_id).limit(1000),
        Shadow,
      );
      return answer(
        rows.map((row) => ({
          id: row.entity_id,
          live: row.live_outcome as Outcome,
          draft: row.outcome as Outcome,
          rules: row.rules,
        })),
      );
    }
    const pack = /[/\\]|\.(ya?ml|json)$/i.test(given)
      ? await fileOf(given)
      : readPack((await versionNamed(session, given)).body).pack;
    if (pack === undefined) throw new EvergreenError("EG400", "The stored version is no pack this release can read.");
    return answer((await context.progress("Judging the past", () => overHistory(session, options, pack))).pairs);
  },
};

async function fileOf(given: string): Promise<RulePack> {
  const { pack, problems } = await packFile(given);
  if (pack === undefined) throw new EvergreenError("EG400", problems.map((one) => plain(problemLine(one))).join("; "));
  return pack;
}

function answer(pairs: readonly Pair[]) {
  const difference = differenceOf(pairs);
  return {
    json: difference,
    text: [
      `${difference.judged} judged: ${difference.same} the same, ${difference.stricter} stricter, ${difference.looser} looser`,
      table(
        difference.changes,
        [
          { header: "Live", value: (row) => row.from },
          { header: "Draft", value: (row) => row.to },
          { header: "Count", value: (row) => String(row.count), figure: true },
          { header: "First of them", value: (row) => row.ids.slice(0, 3).join(", "), most: 120 },
        ],
        "Nothing would come out otherwise.",
      ),
    ].join("\n\n"),
  };
}

export const liveRuleCommands: readonly Command[] = [listing, showing, loading, activating, snoozing, shadowing];
