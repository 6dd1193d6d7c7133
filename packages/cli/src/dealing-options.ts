// Options that the commands of dealing share, and how their values are read.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Options, text } from "./command.ts";

export const CLASS = { flags: "--class <code>", about: "class of units (may be left out when the fund has one)" };
export const DATE = { flags: "--date <date>", about: "dealing date, YYYY-MM-DD" };
export const INVESTOR = { flags: "--investor <code>", about: "investor, by code or id; an LP acts for its own" };
export const SOURCE = { flags: "--source <words>", about: "the paper or system that says so", required: true } as const;
export const FROM = { flags: "--from <date>", about: "from this date on, YYYY-MM-DD", required: true } as const;
export const AS_OF = { flags: "--date <date>", about: "the date it is of, YYYY-MM-DD", required: true } as const;

/** A date of an option, or undefined. Errors: EG400. */
export function dateOf(options: Options, name: string): string | undefined {
  const given = text(options, name);
  if (given === undefined) return undefined;
  if (!z.iso.date().safeParse(given).success)
    throw new EvergreenError("EG400", `--${name} is a date such as 2026-12-31.`);
  return given;
}

/** A positive decimal of an option, or undefined. Errors: EG400. */
export function decimalOf(options: Options, name: string): string | undefined {
  const given = text(options, name);
  if (given === undefined) return undefined;
  if (!/^\d{1,20}(\.\d{1,18})?$/.test(given) || !/[1-9]/.test(given))
    throw new EvergreenError("EG400", `--${name} is a positive number such as 1000.50, without separators.`);
  return given;
}

/** Errors: EG400 when the option is not there. */
export const needed = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw new EvergreenError("EG400", `--${name} is needed.`);
  return value;
};
