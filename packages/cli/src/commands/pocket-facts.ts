// What two people approve of a side pocket (R13): its assets by key or id, what is held back for it and what it owes, as `lmt activate` takes them.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { type CommandOption, type Options, text } from "../command.ts";
import { decimalOf } from "../dealing-options.ts";
import { plain } from "../output.ts";
import { navAssets } from "../reads/nav.ts";
import type { Session } from "../session.ts";

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
