// The party behind an investor, for whoever is asked by a person and knows the code.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { plain } from "../output.ts";
import type { Session } from "../session.ts";
import { isUuid } from "./funds.ts";
import { partiesOf } from "./imports.ts";

/** By code or id of an investor; an id of no investor is the party's own. Errors: EG404 when no investor has that code. */
export async function partyOf(session: Session, named: string): Promise<string> {
  const name = isUuid(named) ? named.toLowerCase() : named;
  const party = (await partiesOf(session, [name])).get(name) ?? (isUuid(name) ? name : undefined);
  if (party === undefined)
    throw new EvergreenError(
      "EG404",
      `There is no investor ${plain(named)} that you may see; a party is named by its id.`,
    );
  return party;
}
