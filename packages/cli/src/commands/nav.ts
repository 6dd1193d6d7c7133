// `nav propose|approve|strike|show`: the NAV of a fund and date. Its inputs are frozen with their hash, two people approve, and only then is it final.
import { EvergreenError, EXIT } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Answer, type Command, FUND, REASON, REQUEST_ID, text, WAIT_SECONDS } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { dateOf } from "../dealing-options.ts";
import { decide } from "../decide-proposal.ts";
import { navJson, navText } from "../nav-text.ts";
import { plain } from "../output.ts";
import { listClasses } from "../reads/classes.ts";
import { daysOn } from "../reads/deals.ts";
import { type FundRow, findFund } from "../reads/funds.ts";
import { navAssets, navMaxAges, standingNav } from "../reads/nav.ts";
import type { Session } from "../session.ts";

const NAV_DATE = { flags: "--date <date>", about: "NAV date, YYYY-MM-DD" };
const Frozen = z.object({ strike_id: z.string(), inputs_hash: z.string(), version: z.number() });
const Proposed = z.object({ proposal_id: z.string(), hash: z.string(), strike_id: z.string() });
const Struck = z.object({ strike_id: z.string(), state: z.string(), orders: z.number() });

async function show(session: Session, fund: FundRow, date: string | undefined): Promise<Answer> {
  const nav = await standingNav(session, fund, date);
  if (nav === undefined)
    throw new EvergreenError(
      "EG404",
      `There is no NAV of ${plain(fund.code)}${date === undefined ? "" : ` on ${date}`} yet; a dealing day makes one, or \`evergreen nav propose --inputs FILE\`.`,
    );
  return { json: navJson(nav), text: navText(nav) };
}

export const navCommands: readonly Command[] = [
  {
    path: "nav propose",
    summary:
      "Freezes the inputs of a NAV from a file, computes it and puts it before two people; without a file it shows the one that stands",
    options: [
      FUND,
      { ...NAV_DATE, required: true },
      {
        flags: "--inputs <file>",
        about:
          'the figures (JSON: {"inputs": [{"kind", "label", "asset", "value", "asOf", "source"}], "performanceFee", "classes": [{"class", "nav", "performanceFee"}]})',
      },
      REQUEST_ID,
    ],
    examples: [
      "nav propose --fund DEMO --date 2026-11-30 --inputs nav.json",
      "nav propose --fund DEMO --date 2026-11-30",
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? "";
      const file = text(options, "inputs");
      const given = file === undefined ? undefined : await context.json(file);
      const { navByHand, readNavPack } = await import("../nav-pack.ts");
      const pack = given === undefined ? undefined : readNavPack(given);
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      if (pack === undefined) return show(session, fund, date);
      const [classes, assets, maxAges, days] = await Promise.all([
        listClasses(session, fund.fund_id),
        navAssets(session, fund.fund_id),
        navMaxAges(session),
        daysOn(session, fund.fund_id, date),
      ]);
      const made = navByHand(pack, { currency: fund.base_currency, date, classes, assets, maxAges });
      const requestId = requestIdOf(text(options, "requestId"));
      const frozen = await session.call(
        "fn_freeze_nav_inputs",
        { fund: fund.code, nav_date: date, inputs: made.inputs, request_id: `${requestId}/freeze` },
        Frozen,
      );
      if (made.blocked.length > 0)
        return {
          json: {
            strikeId: frozen.strike_id,
            inputsHash: frozen.inputs_hash,
            proposalId: null,
            blockers: made.blocked,
          },
          text: [
            "The NAV cannot be proposed: nothing that is held back is waived.",
            ...made.blocked.map((row) => `  ✗ ${plain(row.label)}: ${row.blockedBy}`),
          ].join("\n"),
          exit: EXIT.refused,
        };
      await session.call(
        "fn_propose_nav",
        {
          strike_id: frozen.strike_id,
          body: made.body,
          classes: made.classes,
          // the run of a dealing day of that date is told what people decide
          workflow_id: days.find((day) => day.workflow_id !== null)?.workflow_id ?? undefined,
          request_id: `${requestId}/propose`,
        },
        Proposed,
      );
      return show(session, fund, date);
    },
  },
  {
    path: "nav approve",
    summary: "Approves the hash of a proposed NAV; two people do, none of them who proposed it",
    arguments: [{ name: "<id>", about: "id of the proposal" }],
    options: [
      { flags: "--hash <hash>", about: "hash of the NAV you looked at", required: true },
      REASON,
      { flags: "--wait", about: "return when the NAV is struck" },
      WAIT_SECONDS,
      REQUEST_ID,
    ],
    examples: [
      "nav approve 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --hash H --as pm1@demo.evergreen.example",
      "nav approve 7d0f4c5e-1f0a-4c1e-9a7b-2f6f0f3f8a11 --hash H --as pm2@demo.evergreen.example --wait",
    ],
    role: "pm_role",
    run: (context, args, options) => decide(context, "approved", args, options, "nav"),
  },
  {
    path: "nav strike",
    summary: "Makes an approved NAV final and publishes its prices, for a fund whose dealing days have no run",
    options: [FUND, { ...NAV_DATE, required: true }, REQUEST_ID],
    examples: ["nav strike --fund DEMO --date 2026-11-30"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date") ?? "";
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const nav = await standingNav(session, fund, date);
      if (nav === undefined) throw new EvergreenError("EG404", `There is no NAV of ${plain(fund.code)} on ${date}.`);
      const struck = await session.call(
        "fn_strike_nav",
        { strike_id: nav.strike.strike_id, request_id: requestIdOf(text(options, "requestId")) },
        Struck,
      );
      return {
        json: { strikeId: struck.strike_id, state: struck.state, orders: struck.orders },
        text: `The NAV of ${plain(fund.code)} of ${date} is ${struck.state}; ${struck.orders === 1 ? "one order has" : `${struck.orders} orders have`} its price.`,
      };
    },
  },
  {
    path: "nav show",
    summary: "A NAV with its frozen inputs and their ages, the price of each class, and who approved it",
    options: [FUND, { ...NAV_DATE, about: "NAV date, YYYY-MM-DD (the newest when left out)" }],
    examples: ["nav show --fund DEMO", "nav show --fund DEMO --date 2026-10-30 --output-format json"],
    role: "pm_role",
    run: async (context, _args, options) => {
      const date = dateOf(options, "date");
      const session = await context.session("pm_role");
      return show(session, await findFund(session, text(options, "fund") ?? ""), date);
    },
  },
];
