// What a proposal says, as sentences, figures with their units and links, before anything is drawn: the pieces, and how a body that nobody foresaw is read line by line. Pure.

import type { ProposalPage } from "@evergreen-fund/domain/proposal-page.ts";
import { limitsInWords } from "@evergreen-fund/domain/token-limits.ts";
import { TransferLimits } from "@evergreen-fund/domain/token-pages.ts";
import { date, money, number, percent, time } from "../words/format.ts";
import { wordsWithout } from "../words/hidden.ts";
import { nameOf } from "../words/names.ts";

/** Where a thing that is named can be looked at. */
export type Target =
  | { to: "/audit"; search: { entity: string } }
  | { to: "/audit/timeline"; search: { of: string } }
  | { to: "/pm/dealing"; search: { day: string } }
  | { to: "/pm/tokens"; search: { fund: string } };

export interface Cell {
  /** As people read it. */
  shown: string;
  /** As a file holds it. */
  exact: string;
  note?: string;
  target?: Target;
}
export interface Fact {
  what: string;
  /** Only where before and after are compared. */
  before?: Cell;
  is: Cell;
}
export interface Header {
  header: string;
  figure?: boolean;
  /** What is read beside another cell already has a column in files only. */
  inFilesOnly?: boolean;
}
export type Block =
  | { kind: "facts"; title: string; caption: string; file: string; facts: readonly Fact[] }
  | {
      kind: "table";
      title: string;
      caption: string;
      file: string;
      headers: readonly Header[];
      rows: readonly (readonly Cell[])[];
      empty: string;
    }
  | { kind: "text"; title: string; text: string };

export interface View {
  /** What is asked, in one sentence. */
  asks: string;
  /** Why, in the words of who asked; null where the figures themselves are the reason. */
  why: string | null;
  /** What an approval brings about. */
  effect: string;
  blocks: readonly Block[];
}

export type Fund = ProposalPage["proposal"]["fund"];
const NONE: Cell = { shown: "–", exact: "" };
const isFigure = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text);

export const word = (text: string, target?: Target): Cell => ({
  shown: wordsWithout(text),
  exact: text,
  ...(target === undefined ? {} : { target }),
});
export const named = (code: string): Cell => ({ shown: nameOf(code), exact: code });
const figure = (text: string | null | undefined, write: (text: string) => string): Cell =>
  text === null || text === undefined ? NONE : { shown: isFigure(text) ? write(text) : text, exact: text };

/** An amount of money; its currency stands in the header or before it. */
export const amount = (text: string | null | undefined, decimals = 2): Cell =>
  figure(text, (one) => money(one, decimals));
/** The same with its currency behind it, where a column holds several kinds of figures. */
export const amountOf = (text: string | null | undefined, currency: string, decimals = 2): Cell => {
  const cell = amount(text, decimals);
  return cell === NONE ? NONE : { ...cell, shown: `${cell.shown} ${currency}` };
};
export const units = (text: string | null | undefined): Cell =>
  figure(text, (one) => `${number(one, 0, 18)} ${/^-?1(\.0*)?$/.test(one) ? "unit" : "units"}`);
export const price = (text: string | null | undefined, currency: string): Cell =>
  figure(text, (one) => `${number(one, 2, 18)} ${currency} per unit`);
export const plain = (text: string | null | undefined): Cell => figure(text, (one) => number(one, 0, 18));
/** A share such as "0.25" as "25.00 %". */
export const share = (text: string | null | undefined): Cell => figure(text, (one) => percent(one).replace("+", ""));
export const day = (text: string | null | undefined, target?: Target): Cell =>
  text === null || text === undefined
    ? NONE
    : {
        shown: /^\d{4}-\d{2}-\d{2}/.test(text) ? date(text) : text,
        exact: text,
        ...(target === undefined ? {} : { target }),
      };
export const moment = (text: string | null | undefined): Cell =>
  text === null || text === undefined ? NONE : { shown: time(text), exact: text };
export const yesNo = (is: boolean): Cell => (is ? { shown: "yes", exact: "yes" } : { shown: "no", exact: "no" });

/** An id as far as it helps somebody who compares it; whole in files. */
export const id = (text: string, target?: Target): Cell => ({
  shown: text.length > 13 ? `${text.slice(0, 8)}…${text.slice(-4)}` : text,
  exact: text,
  ...(target === undefined ? {} : { target }),
});

/** "fill fraction" of "fill_fraction" or "fillFraction". */
const label = (key: string): string => nameOf(key.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase());

/** How many lines of a body are shown: the rest is said to be left out. */
const MOST_LINES = 200;

/** Every value of a body by the path to it, whatever it is: the words for what no page foresaw. */
export function lines(body: unknown, path = ""): Fact[] {
  if (Array.isArray(body))
    return body.length === 0 && path !== ""
      ? [{ what: path, is: { shown: "none", exact: "" } }]
      : body.flatMap((one, at) => lines(one, `${path === "" ? "entry" : path} ${at + 1}`));
  if (typeof body === "object" && body !== null) {
    const entries = Object.entries(body);
    return entries.length === 0 && path !== ""
      ? [{ what: path, is: { shown: "nothing", exact: "" } }]
      : entries.flatMap(([key, value]) => lines(value, path === "" ? label(key) : `${path}, ${label(key)}`));
  }
  const what = path === "" ? "value" : path;
  if (body === null || body === undefined) return [{ what, is: NONE }];
  if (typeof body === "boolean") return [{ what, is: yesNo(body) }];
  const text = String(body);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  return [{ what, is: isDay ? day(text) : isFigure(text) ? plain(text) : word(text) }];
}

/** A body line by line; what stood in the inputs beside it, too. */
export function lineByLine({ proposal }: ProposalPage, title: string): Block[] {
  const said: Block[] = [];
  for (const [caption, file, part] of [
    [title, "proposal", proposal.body],
    ["What it rests on", "proposal-inputs", proposal.inputs],
  ] as const) {
    const all = lines(part);
    if (all.length === 0) continue;
    said.push({
      kind: "facts",
      title: caption,
      caption: all.length > MOST_LINES ? `${caption}: the first ${MOST_LINES} of ${all.length} values` : caption,
      file,
      facts: all.slice(0, MOST_LINES),
    });
  }
  return said;
}

/** Limits of transfers that are to be set, each beside what is on the chain; none where none are. */
export const limitFacts = (asked: TransferLimits | undefined, onChain: unknown): Fact[] => {
  if (asked === undefined) return [];
  const before = TransferLimits.safeParse(onChain);
  const there = before.success ? limitsInWords(before.data) : [];
  return limitsInWords(asked).map(([what, is], at) => ({
    what,
    before: word(there[at]?.[1] ?? "not known"),
    is: word(is),
  }));
};
