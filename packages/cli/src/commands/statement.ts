// `statement`: the capital account of an investor as of any date and as known on any date, and the letters about the fills of a dealing day.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type Command, type CommandOption, text } from "../command.ts";
import { dayOption, knownOnOption, statementWindow } from "../day-options.ts";
import { plain } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import { findClass, findInvestor, readBooks, storedStatement } from "../reads/statements.ts";
import { accountText, remarksOf } from "../statement-text.ts";

export const KNOWN_ON: CommandOption = {
  flags: "--known-on <time>",
  about: "as recorded by this day or time; now when left out",
};

export const statementCommands: readonly Command[] = [
  {
    path: "statement",
    summary:
      "Capital account of an investor in a class, as of any date and as known on any date; it foots or names the line",
    options: [
      { flags: "--investor <code>", about: "code or id of the investor", required: true },
      { flags: "--class <code>", about: "code or id of the class", required: true },
      { flags: "--fund <code>", about: "fund of the class, where several have one of that code" },
      { flags: "--as-of <day>", about: "last day of the statement; the newest price when left out" },
      { flags: "--from <day>", about: "day of the opening value; nothing held yet when left out" },
      KNOWN_ON,
      {
        flags: "--letters",
        about:
          "the letters about the own fills of the dealing day --as-of, and about compensation for its price, instead",
      },
    ],
    examples: [
      "statement --investor INV-0001 --class A",
      "statement --investor INV-0001 --class A --from 2025-12-31 --as-of 2026-03-31",
      "statement --investor INV-0001 --class A --as-of 2026-01-30 --known-on 2026-02-15",
      "statement --investor INV-0001 --class A --as-of 2026-01-30 --letters --as lp1@demo.evergreen.example",
    ],
    role: "ops_role",
    run: async (context, _args, options) => {
      const asOf = dayOption("--as-of", text(options, "asOf"));
      const from = dayOption("--from", text(options, "from"));
      const knownOn = knownOnOption(text(options, "knownOn"));
      if (options.letters && asOf === undefined)
        throw new EvergreenError("EG400", "--letters needs --as-of, the dealing day they are about.");
      if (options.letters && from !== undefined)
        throw new EvergreenError("EG400", "Letters are about one dealing day: leave --from out.");
      const { capitalAccount } = await import("@evergreen-fund/finance/statement/capital-account.ts");
      const session = await context.session("ops_role");
      const named = text(options, "fund");
      const fund = named === undefined ? undefined : await findFund(session, named);
      const investor = await findInvestor(session, text(options, "investor") ?? "");
      const shareClass = await findClass(session, text(options, "class") ?? "", fund?.fund_id);
      const of = { investorId: investor.investor_id, classId: shareClass.share_class_id };
      if (options.letters)
        return lettersOf(await storedStatement(session, { ...of, day: asOf ?? "", knownOn }), asOf ?? "");
      const books = await readBooks(session, of.investorId, of.classId, knownOn);
      const window = statementWindow(books, { from, asOf });
      const { fund: of_, shareClass: in_, feesStated, takenOver, ...input } = books;
      const statement = capitalAccount({ ...input, ...window });
      const remarks = remarksOf({ feesStated, takenOver });
      return {
        json: {
          fund: of_,
          shareClass: in_,
          investor: { id: investor.investor_id, code: investor.code },
          asked: { asOf: asOf ?? null, from: from ?? null, knownOn: knownOn ?? null },
          currency: statement.currency,
          from: statement.from,
          to: statement.to,
          knownOn: statement.knownOn,
          units: statement.units,
          lines: statement.lines,
          foot: statement.foot,
          feesStated,
          remarks,
        },
        text: accountText(books, investor.code, statement, remarks),
      };
    },
  },
];

async function lettersOf(
  stored: Awaited<ReturnType<typeof storedStatement>>,
  day: string,
): Promise<{ json: unknown; text: string }> {
  if (!stored)
    throw new EvergreenError(
      "EG404",
      `There is no statement of the dealing day ${plain(day)} for that investor and class.`,
    );
  const { fillLetters } = await import("@evergreen-fund/finance/statement/fill-letter.ts");
  const { compensationLetters } = await import("@evergreen-fund/finance/statement/compensation-letter.ts");
  const { letters } = fillLetters(stored.body);
  const compensation = compensationLetters(stored.body);
  return {
    json: {
      statementId: stored.statement_id,
      version: stored.version,
      hash: stored.hash,
      statement: stored.body,
      letters,
      compensation,
    },
    text: [...letters, ...compensation]
      .map((letter) => letter.text.split("\n").map(plain).join("\n"))
      .join("\n")
      .trimEnd(),
  };
}
