// The door to personal data for the rooms: keys and documents of this home, in the database as KYC may.
import { join } from "node:path";
import {
  type DocumentStore,
  fileKeys,
  folderStore,
  type MasterKeys,
  openPersonal,
  type PersonalData,
} from "@evergreen-fund/personal-data";
import type { Database, RpcArgs, RpcName } from "@evergreen-fund/supabase-client";

/** @param home EVERGREEN_HOME */
export function openPersonalDoor(
  home: string,
  database: Database,
  keys: MasterKeys = fileKeys(home),
  documents: DocumentStore = folderStore(join(home, "documents")),
): PersonalData {
  return openPersonal({
    call: (fn, args) => database.rpc({ role: "agent_kyc" }, fn as RpcName, args as RpcArgs<RpcName>),
    keys,
    documents,
  });
}
