// `obligations load`: the regulatory calendar of a file, as obligations of a fund; a wrong file with its lines, and nothing of it is set.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Calendar, everyMonthsOf, firstDueOn, LONGEST_PACK, readCalendar } from "@evergreen-fund/compliance-rules";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { FundRegime } from "@evergreen-fund/domain/policies/index.ts";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import { z } from "zod";
import { type Command, FUND, type Options, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { plain, table } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { obligationsOf } from "../reads/rules.ts";

const SHIPPED = "policies/calendar/obligations.yaml";
const Owed = z.object({ obligation_id: z.string(), due_on: z.string() });
const Day = z.iso.date();

async function calendarOf(given: string | undefined): Promise<Calendar> {
  const file = given ?? SHIPPED;
  const content = await readFile(given ?? join(REPOSITORY_ROOT, SHIPPED), "utf8").catch((cause: unknown) => {
    throw new EvergreenError("EG400", `There is no file ${plain(file)}.`, { cause });
  });
  if (content.length > LONGEST_PACK) throw new EvergreenError("EG413", `${plain(file)} is larger than 512 KB.`);
  const { calendar, problems } = readCalendar(content, plain(file));
  if (calendar === undefined)
    throw new EvergreenError("EG400", problems.map((one) => plain(problemLine(one))).join("; "));
  return calendar;
}

function dayOf(options: Options, name: string, flag: string): string | undefined {
  const given = text(options, name);
  if (given !== undefined && !Day.safeParse(given).success)
    throw new EvergreenError("EG400", `--${flag} takes a date, such as 2027-01-15.`);
  return given;
}

const loading: Command = {
  path: "obligations load",
  summary:
    "Puts what a calendar file says of a regime into the calendar of a fund; what is open already stays as it is",
  arguments: [{ name: "[file]", about: `a file as in ${SHIPPED}; left out: that one` }],
  options: [
    FUND,
    { flags: "--regime <regime>", about: "regime of the fund", required: true, choices: FundRegime.options },
    { flags: "--year-ends <month>", about: "month (1 to 12) the fund's financial year ends with", default: "12" },
    { flags: "--since <date>", about: "first due on this day or later; left out: today" },
    { flags: "--repurchase-deadline <date>", about: "a repurchase request deadline of the fund" },
    { flags: "--kid-published <date>", about: "when the key information document was first published" },
    REQUEST_ID,
  ],
  examples: [
    "obligations load --fund EVG --regime eltif",
    "obligations load my-calendar.yaml --fund EVG --regime us_interval --year-ends 6 --repurchase-deadline 2027-01-15",
  ],
  role: "ops_role",
  run: async (context, args, options) => {
    const calendar = await calendarOf(args[0]);
    const yearEndsIn = Number(text(options, "yearEnds"));
    if (!Number.isInteger(yearEndsIn) || yearEndsIn < 1 || yearEndsIn > 12)
      throw new EvergreenError("EG400", "--year-ends is a month, 1 to 12.");
    const since = dayOf(options, "since", "since") ?? new Date().toISOString().slice(0, 10);
    const repurchase = dayOf(options, "repurchaseDeadline", "repurchase-deadline");
    const published = dayOf(options, "kidPublished", "kid-published");
    const days = {
      yearEndsIn,
      named: {
        ...(repurchase === undefined ? {} : { "repurchase-deadline": repurchase }),
        ...(published === undefined ? {} : { "kid-published": published }),
      },
    };
    const regime = text(options, "regime");
    const session = await context.session("ops_role");
    const fund = await findFund(session, text(options, "fund") ?? "");
    const open = new Map((await obligationsOf(session, fund.fund_id, false)).map((row) => [row.code, row.due_on]));
    const asked = requestIdOf(text(options, "requestId"));
    const results: {
      code: string;
      status: "set" | "open already" | "day missing";
      due_on: string | null;
      words: string;
    }[] = [];
    for (const entry of calendar.obligations) {
      if (entry.regimes !== undefined && !(entry.regimes as readonly string[]).includes(regime ?? "")) continue;
      const { code, title, source, leadDays } = entry;
      const there = open.get(code);
      const due_on = there ?? firstDueOn(entry, days, since);
      if (there !== undefined) results.push({ code, status: "open already", due_on: there, words: title });
      else if (due_on === undefined)
        results.push({ code, status: "day missing", due_on: null, words: `name it with --${entry.from}` });
      else {
        const made = await session.call(
          "fn_set_obligation",
          {
            fund: fund.code,
            code,
            title,
            source,
            due_on,
            every_months: everyMonthsOf(entry),
            lead_days: leadDays,
            request_id: `${asked}/${code}`,
          },
          Owed,
        );
        results.push({ code, status: "set", due_on: made.due_on, words: title });
      }
    }
    return {
      json: results,
      text: table(
        results,
        [
          { header: "Code", value: (row) => row.code },
          { header: "Status", value: (row) => row.status },
          { header: "Due", value: (row) => row.due_on },
          { header: "", value: (row) => row.words, most: 100 },
        ],
        "The file says nothing of this regime.",
      ),
    };
  },
};

export const calendarCommands: readonly Command[] = [loading];
