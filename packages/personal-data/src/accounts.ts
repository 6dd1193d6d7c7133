// Accounts of investors: number and holder encrypted under the key of the investor's party before they leave the process, found again by keyed hashes.
import { createHmac, randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { accountPlace, newDataKey, openText, sealText, unwrapKey, wrapKey } from "./envelope.ts";
import type { MasterKeys } from "./master-keys.ts";
import type { PersonalCall } from "./personal-data.ts";

export interface ClearAccount {
  account: string;
  holder: string;
  bic: string | null;
  currency: string;
}

/** What is recorded of an investor's account: a ciphertext bound to its row, and hashes by which it is found. */
export interface SealedAccount {
  account_id: string;
  sealed: string;
  account_index: string;
  content_mark: string;
  /** Of the data key it is under: refused when that is no longer the subject's. */
  key_version: number;
}

/** As the database gives an account out: in clear of a fund's own, encrypted with its wrapped key of an investor's. */
export const AccountWords = z.union([
  z.object({ holder: z.string(), account: z.string(), bic: z.string().nullable() }),
  z.object({
    bic: z.string().nullable(),
    sealed: z.object({
      account_id: z.string(),
      subject_id: z.string(),
      sealed: z.string(),
      wrapped_key: z.string().nullable(),
      master_key_id: z.string().nullable(),
    }),
  }),
]);
export type AccountWords = z.output<typeof AccountWords>;
export interface OpenAccount {
  holder: string;
  account: string;
  bic: string | null;
}

export interface Accounts {
  /** Opens the subject when it has no key yet. `accountId` absent: a new account. EG428 erased. */
  seal(subjectId: string, account: ClearAccount, accountId?: string): Promise<SealedAccount>;
  /** EG428 when the subject was erased, EG431 when what is stored is not what was recorded. */
  open(words: AccountWords): Promise<OpenAccount>;
  /** The hash by which the account of this number is found. */
  indexOf(account: string): Promise<string>;
  /** Encrypts what was recorded in clear before there was encryption; taken again it goes on. Returns how many. */
  sealClear(): Promise<number>;
}

/** Holder and number, as they stand in a ciphertext. */
export const AccountPlain = z.tuple([z.string(), z.string()]);
const KeyRow = z.object({
  wrapped_key: z.string().nullable(),
  master_key_id: z.string().nullable(),
  key_version: z.number(),
});
const Clear = z.object({
  account_id: z.string(),
  subject_id: z.string(),
  account: z.string(),
  holder: z.string(),
  bic: z.string().nullable(),
  currency: z.string(),
});
/** Accounts in one call. */
const BATCH = 500;
/** Turns while data keys are made anew. */
const TRIES = 8;

const hashOf = (key: Uint8Array, ...what: (string | null)[]): string =>
  createHmac("sha256", key).update(JSON.stringify(what)).digest("hex");

export function openAccounts({ call, keys }: { call: PersonalCall; keys: MasterKeys }): Accounts {
  const indexOf = async (account: string): Promise<string> => hashOf(await keys.indexKey(), "account", account);

  async function keyOf(subjectId: string): Promise<{ dataKey: Buffer; keyVersion: number }> {
    const read = async () =>
      z
        .array(KeyRow)
        .parse(await call("fn_read_personal", { subject_ids: [subjectId], fields: [], purpose: "key" }))[0];
    let row = await read();
    if (row === undefined) {
      const master = await keys.current();
      const wrapped_key = wrapKey(master, subjectId, newDataKey());
      await call("fn_open_subject", { subject_id: subjectId, wrapped_key, master_key_id: master.id });
      row = await read();
    }
    const dataKey = await unwrapped(subjectId, row?.wrapped_key, row?.master_key_id);
    return { dataKey, keyVersion: row?.key_version ?? 1 };
  }

  async function unwrapped(subjectId: string, wrapped?: string | null, masterKeyId?: string | null): Promise<Buffer> {
    if (typeof wrapped !== "string" || typeof masterKeyId !== "string")
      throw new EvergreenError("EG428", "The subject was erased; its accounts cannot be read any more.");
    return unwrapKey(await keys.byId(masterKeyId), subjectId, wrapped);
  }

  async function seal(subjectId: string, account: ClearAccount, accountId: string = randomUUID()) {
    const { dataKey, keyVersion } = await keyOf(subjectId);
    const plain = JSON.stringify([account.holder, account.account]);
    const indexKey = await keys.indexKey();
    return {
      account_id: accountId,
      sealed: sealText(dataKey, plain, accountPlace(subjectId, accountId)),
      account_index: hashOf(indexKey, "account", account.account),
      content_mark: hashOf(indexKey, "bank account", account.account, account.holder, account.bic, account.currency),
      key_version: keyVersion,
    };
  }

  return {
    seal,
    indexOf,
    async open(words) {
      if (!("sealed" in words)) return words;
      const { account_id, subject_id, sealed, wrapped_key, master_key_id } = words.sealed;
      const dataKey = await unwrapped(subject_id, wrapped_key, master_key_id);
      const [holder, account] = AccountPlain.parse(
        JSON.parse(openText(dataKey, sealed, accountPlace(subject_id, account_id))),
      );
      return { holder, account, bic: words.bic };
    },
    async sealClear() {
      let done = 0;
      for (let tries = 1; ; ) {
        const rows = z.array(Clear).parse(await call("fn_list_clear_accounts", { max_accounts: BATCH }));
        if (rows.length === 0) return done;
        const accounts: SealedAccount[] = [];
        for (const { account_id, subject_id, ...account } of rows)
          accounts.push(await seal(subject_id, account, account_id));
        const sealed = await call("fn_seal_accounts", { accounts }).then(
          (answer) => z.number().parse(answer),
          (error: unknown) => {
            // one of the subjects has a new data key since: encrypted again by the next turn
            if (error instanceof EvergreenError && error.code === "EG425" && tries < TRIES) return undefined;
            throw error;
          },
        );
        if (sealed === undefined) {
          tries += 1;
          continue;
        }
        done += sealed;
        // somebody else seals them at the same moment
        if (sealed === 0) return done;
      }
    },
  };
}
