// Personal data from the command line: keys and documents of this machine's EVERGREEN_HOME, calls under the own login. What is typed never stands in an argument.
import { join } from "node:path";
import type { LifecycleParts, PersonalData } from "@evergreen-fund/personal-data";
import { z } from "zod";
import type { Context } from "./context.ts";
import { configOf } from "./machine-source.ts";
import type { Session } from "./session.ts";

export interface PersonalDoor extends LifecycleParts {
  personal: PersonalData;
}

/** Errors: EG403 when the login may not, EG503 when the keys are not on this machine. */
export async function personalOf(context: Context, session: Session): Promise<PersonalDoor> {
  const [config, { fileJournal, folderStore, keysOf, openPersonal }, { tombstonesFile }] = await Promise.all([
    configOf(context),
    import("@evergreen-fund/personal-data"),
    import("@evergreen-fund/stack/backup/erasures.ts"),
  ]);
  const parts = {
    call: (fn: string, args: Readonly<Record<string, unknown>>) => session.call(fn, args, z.unknown()),
    keys: keysOf(config),
    documents: folderStore(join(config.home, "documents")),
  };
  return { ...parts, journal: fileJournal(tombstonesFile(config.home)), personal: openPersonal(parts) };
}
