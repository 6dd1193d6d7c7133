// A mandate from a file, and sleeve targets merged into one; checked by the schema of finance before anything is sent. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { Mandate, retarget } from "@evergreen-fund/finance/mandate.ts";
import { Exact, ratioText } from "@evergreen-fund/finance/money.ts";
import { z } from "zod";
import { plain } from "./output.ts";

export interface GivenMandate {
  /** As the file has it: what is stored. */
  body: Record<string, unknown>;
  /** With its defaults. */
  mandate: Mandate;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The mandate in `document`: bare, or as the field `mandate` of what `mandate show` prints. Errors: EG400 with the place. */
export function readMandate(document: unknown): GivenMandate {
  const body = isObject(document) && isObject(document.mandate) ? document.mandate : document;
  const checked = Mandate.safeParse(body);
  if (!checked.success || !isObject(body)) {
    const issue = checked.error?.issues[0];
    const place = issue?.path.map(String).join(".") || "the file";
    throw new EvergreenError(
      "EG400",
      `That is not a mandate: ${plain(place)}: ${plain(issue?.message ?? "expected an object")}.`,
    );
  }
  const targets = [checked.data.cash.target, ...checked.data.sleeves.map((sleeve) => sleeve.target)];
  const sum = targets.reduce((total, target) => total.plus(target), new Exact(0));
  if (!sum.eq(1))
    throw new EvergreenError(
      "EG400",
      `That is not a mandate: the targets of cash and sleeves add up to ${ratioText(sum)}, not 1.`,
    );
  return { body, mandate: checked.data };
}

const Targets = z.record(
  z.string().min(1).max(200),
  z.string().regex(/^(0(\.\d{1,18})?|1(\.0{1,18})?)$/, 'expected a share from 0 to 1 as text, such as "0.05"'),
);

/**
 * The current mandate with the targets of `document` ({sleeve: share as text}, "cash" included) in place of its own; the others keep theirs.
 * Errors: EG400 for an unknown sleeve, a malformed share, or targets that do not add up to 1.
 */
export function withTargets(current: Mandate, document: unknown): GivenMandate {
  const given = Targets.safeParse(document);
  if (!given.success) {
    const issue = given.error.issues[0];
    throw new EvergreenError(
      "EG400",
      `Targets are {"sleeve": "share"}: ${plain(issue?.path.map(String).join(".") || "the file")}: ${plain(issue?.message ?? "")}.`,
    );
  }
  const targets = Object.entries(given.data).map(([id, target]) => ({ id, target }));
  if (targets.length === 0) throw new EvergreenError("EG400", 'Targets are {"sleeve": "share"}: the file names none.');
  const mandate = retarget({ mandate: current, targets });
  return { body: mandate, mandate };
}
