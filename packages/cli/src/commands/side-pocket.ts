// `lmt notify|open-pocket` and what `lmt activate side-pocket` takes: which assets, what is held back and what is owed (R13); the authority told (R9c).
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, type CommandOption, FUND, type Options, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { CLASS, decimalOf } from "../dealing-options.ts";
import { facts, isoTime, money, plain, when } from "../output.ts";
import { findClass } from "../reads/classes.ts";
import { findFund } from "../reads/funds.ts";
import { navAssets } from "../reads/nav.ts";
import { activationsOf, standingUse } from "../reads/policies.ts";
import type { Session } from "../session.ts";
import { TOOL, toolName, toolOf } from "../tool-words.ts";

export const POCKET_OPTIONS: readonly CommandOption[] = [
  { flags: "--assets <keys>", about: "side pocket: its assets, by key or id, with commas between them" },
  { flags: "--holdback <amount>", about: "side pocket: cash of the fund that goes with it for its costs" },
  { flags: "--liabilities <amount>", about: "side pocket: debts of the fund that go with it" },
];

/**
 * `{assets, holdback?, liabilities?}` of a side pocket: asset ids, amounts in fund currency; nothing for another tool.
 * Errors: EG400 when a side pocket names no asset, or an option of it is given with another tool; EG404 an asset that the fund does not have.
 */
export async function pocketFacts(
  session: Session,
  fundId: string,
  tool: string,
  options: Options,
): Promise<{ assets?: string[]; holdback?: string; liabilities?: string }> {
  const named = (text(options, "assets") ?? "")
    .split(",")
    .map((key) => key.trim())
    .filter((key) => key !== "");
  const [holdback, liabilities] = [decimalOf(options, "holdback"), decimalOf(options, "liabilities")];
  if (tool !== "side_pocket") {
    if (named.length > 0 || holdback !== undefined || liabilities !== undefined)
      throw new EvergreenError("EG400", "--assets, --holdback and --liabilities are of a side pocket.");
    return {};
  }
  if (named.length === 0)
    throw new EvergreenError("EG400", "Say with --assets what the side pocket takes, such as --assets PE-1,PE-2.");
  const known = await navAssets(session, fundId);
  const ids = named.map((key) => {
    const asset = known.find((row) => row.key === key || row.id === key);
    if (asset === undefined) throw new EvergreenError("EG404", `The fund has no asset ${plain(key)}.`);
    return asset.id;
  });
  return {
    assets: [...new Set(ids)],
    ...(holdback === undefined ? {} : { holdback }),
    ...(liabilities === undefined ? {} : { liabilities }),
  };
}

const Told = z.object({ activation_id: z.string(), tool: z.string(), status: z.string() });
const Opened = z.object({
  share_class_id: z.string(),
  ledger_tx_id: z.string(),
  value: z.string(),
  main_value: z.string(),
});

/** A time of an option as the database takes it, or undefined for now. Errors: EG400. */
function timeOf(options: Options): string | undefined {
  const given = text(options, "at");
  if (given === undefined) return undefined;
  if (!z.iso.datetime({ offset: true }).safeParse(given).success)
    throw new EvergreenError("EG400", "--at is a time such as 2026-12-31T09:30:00Z.");
  return given;
}

export const sidePocketCommands: readonly Command[] = [
  {
    path: "lmt notify",
    summary:
      "Notes that the authority was told of a liquidity tool: of a side pocket before it is used, of others without delay",
    arguments: [TOOL],
    options: [FUND, { flags: "--at <time>", about: "when it was told (now when left out)" }, REQUEST_ID],
    examples: ["lmt notify side-pocket --fund DEMO", "lmt notify suspension --fund DEMO --at 2026-12-31T09:30:00Z"],
    role: "ops_role",
    run: async (context, args, options) => {
      const tool = toolOf(args);
      const at = timeOf(options);
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const use = await standingUse(session, fund.fund_id, tool);
      if (use === undefined)
        throw new EvergreenError("EG428", `${toolName(tool)} is neither proposed nor in use in ${plain(fund.code)}.`);
      const told = await session.call(
        "fn_note_authority",
        {
          activation_id: use.activation_id,
          ...(at === undefined ? {} : { notified_at: at }),
          request_id: requestIdOf(text(options, "requestId")),
        },
        Told,
      );
      const noted = (await activationsOf(session, fund.fund_id)).find(
        (row) => row.activation_id === told.activation_id,
      )?.nca_notified_at;
      return {
        json: {
          activationId: told.activation_id,
          tool: told.tool,
          status: told.status,
          notifiedAt: isoTime(noted ?? null),
        },
        text: `The authority was told of the ${toolName(tool)} of ${plain(fund.code)} at ${when(noted ?? null)}.`,
      };
    },
  },
  {
    path: "lmt open-pocket",
    summary:
      "Opens the side pocket in use for one class, on its last NAV: every holder gets as many pocket units, and the price of the class falls by what left it",
    options: [
      FUND,
      CLASS,
      { flags: "--code <code>", about: "code of the pocket's own class, such as A-SP1", required: true },
      REQUEST_ID,
    ],
    examples: ["lmt open-pocket --fund DEMO --class I --code I-SP1"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const code = text(options, "code") ?? "";
      const session = await context.session("ops_role");
      const { fund, shareClass } = await findClass(session, text(options, "fund") ?? "", text(options, "class"));
      const use = await standingUse(session, fund.fund_id, "side_pocket");
      if (use?.status !== "active")
        throw new EvergreenError(
          "EG428",
          `No side pocket is in use in ${plain(fund.code)}; two people approve it first: \`evergreen lmt activate side-pocket\`.`,
        );
      const opened = await session.call(
        "fn_open_side_pocket",
        {
          activation_id: use.activation_id,
          share_class: shareClass.code,
          code,
          request_id: requestIdOf(text(options, "requestId")),
        },
        Opened,
      );
      return {
        json: {
          activationId: use.activation_id,
          shareClassId: opened.share_class_id,
          code,
          of: shareClass.code,
          ledgerTxId: opened.ledger_tx_id,
          value: opened.value,
          mainValue: opened.main_value,
        },
        text: facts([
          ["Side pocket", `${code} of class ${shareClass.code}, closed to orders`],
          ["Worth", `${money(opened.value)} ${fund.base_currency}`],
          ["Left in class", `${money(opened.main_value)} ${fund.base_currency}`],
          ["Units", "one for each unit held"],
        ]),
      };
    },
  },
];
