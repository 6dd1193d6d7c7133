// Personal data from the command line: keys and documents of this machine's EVERGREEN_HOME, calls under the own login. What is typed never stands in an argument.

import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Accounts, LifecycleParts, PersonalData } from "@evergreen-fund/personal-data";
import { z } from "zod";
import type { Context } from "./context.ts";
import { configOf } from "./machine-source.ts";
import { plain } from "./output.ts";
import { isUuid } from "./reads/funds.ts";
import type { Session } from "./session.ts";

export interface PersonalDoor extends LifecycleParts {
  personal: PersonalData;
  accounts: Accounts;
}

/** Errors: EG403 when the login may not, EG503 when the keys are not on this machine. */
export async function personalOf(context: Context, session: Session): Promise<PersonalDoor> {
  const [config, { documentsOf, fileJournal, keysOf, openAccounts, openPersonal }, { tombstonesFile }] =
    await Promise.all([
      configOf(context),
      import("@evergreen-fund/personal-data"),
      import("@evergreen-fund/stack/backup/erasures.ts"),
    ]);
  const parts = {
    call: (fn: string, args: Readonly<Record<string, unknown>>) => session.call(fn, args, z.unknown()),
    keys: keysOf(config),
    documents: documentsOf(config),
  };
  return {
    ...parts,
    journal: fileJournal(tombstonesFile(config.home)),
    personal: openPersonal(parts),
    accounts: openAccounts(parts),
  };
}

/** Errors: EG400 when it is no id. */
export function subjectOf(id: string | undefined): string {
  if (id === undefined || !isUuid(id))
    throw new EvergreenError("EG400", `${plain(id ?? "")} is not the id of a party.`);
  return id.toLowerCase();
}

export const personalDoor = async (context: Context): Promise<PersonalDoor> =>
  personalOf(context, await context.session("ops_role"));
