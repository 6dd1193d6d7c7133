// Where master keys come from: a file of this home, Supabase Vault or Infisical, behind one interface. Keys are read once a minute at most,
// and at once when a name turns up that is not known.

import { randomBytes } from "node:crypto";
import { appendFileSync, closeSync, fsyncSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "@evergreen-fund/config/config.ts";
import { openInfisical } from "@evergreen-fund/config/infisical.ts";
import { ownKey } from "@evergreen-fund/config/keys.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { KEY_BYTES, type MasterKey, masterKey } from "./envelope.ts";

export interface MasterKeys {
  /** What new data keys are wrapped by. */
  current(): Promise<MasterKey>;
  /** Errors: EG503 when there is no key of that name here. */
  byId(id: string): Promise<MasterKey>;
  /** Key of blind indexes; never changed, or nothing is found any more. */
  indexKey(): Promise<Buffer>;
  /** 32 bytes from which the Ed25519 key of tombstones is made. */
  signingSeed(): Promise<Buffer>;
  /** Makes another master key, which is current from now on. Errors: EG428 where somebody else makes the keys. */
  add(): Promise<MasterKey>;
}

/** What a source holds: master keys, one per line, the last one current; one key each for the index and for tombstones. */
export interface KeyTexts {
  master: string;
  index: string;
  signing: string;
}

export interface KeySource {
  read(): Promise<KeyTexts>;
  /** Absent: keys are made where they are kept, and turn up here. */
  append?(hex: string): Promise<void>;
}

const FRESH_MS = 60_000;

interface KeySet {
  masters: Map<string, MasterKey>;
  current: MasterKey;
  index: Buffer;
  signing: Buffer;
}

export function masterKeysFrom(source: KeySource, now: () => number = performance.now.bind(performance)): MasterKeys {
  let held: { at: number; keys: Promise<KeySet> } | undefined;
  const load = (): Promise<KeySet> => {
    const keys = source.read().then(parsed);
    held = { at: now(), keys };
    // what failed is asked for again
    keys.catch(() => {
      held = undefined;
    });
    return keys;
  };
  const keys = (): Promise<KeySet> => (held !== undefined && now() - held.at < FRESH_MS ? held.keys : load());
  return {
    current: async () => (await keys()).current,
    async byId(id) {
      const found = (await keys()).masters.get(id) ?? (await load()).masters.get(id);
      if (found === undefined)
        throw new EvergreenError(
          "EG503",
          `The master key ${id} is not here; bring it back to where the keys are kept.`,
        );
      return found;
    },
    indexKey: async () => (await keys()).index,
    signingSeed: async () => (await keys()).signing,
    async add() {
      if (source.append === undefined)
        throw new EvergreenError("EG428", "These keys are kept elsewhere: add a line to the master keys there.");
      await source.append(randomBytes(KEY_BYTES).toString("hex"));
      return (await load()).current;
    },
  };
}

function parsed({ master, index, signing }: KeyTexts): KeySet {
  // a line that was cut off by a crash is none of ours
  const masters = master
    .split(/\s+/)
    .filter((line) => /^[0-9a-f]{64}$/i.test(line))
    .map(masterKey);
  const current = masters.at(-1);
  if (current === undefined) throw new EvergreenError("EG503", "There is no master key where the keys are kept.");
  return {
    masters: new Map(masters.map((key) => [key.id, key])),
    current,
    index: masterKey(index.trim()).key,
    signing: masterKey(signing.trim()).key,
  };
}

/** Files below EVERGREEN_HOME/keys, 0600, made at first use. */
export const fileKeys = (home: string): MasterKeys =>
  masterKeysFrom({
    read: async () => ({
      master: ownKey(home, "personal_master"),
      index: ownKey(home, "personal_index"),
      signing: ownKey(home, "personal_signing"),
    }),
    append: async (hex) => {
      ownKey(home, "personal_master");
      // one small write at the end of the file: two who rotate at once both keep their key
      const file = openSync(join(home, "keys", "personal_master"), "a");
      try {
        appendFileSync(file, `\n${hex}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    },
  });

/** Secrets of Infisical that hold the keys, in hexadecimal digits; the first may have several lines. */
const INFISICAL_NAMES = {
  master: "PERSONAL_MASTER_KEYS",
  index: "PERSONAL_INDEX_KEY",
  signing: "PERSONAL_SIGNING_KEY",
};

/**
 * Keys from where the configuration says they are. `readVault` calls fn_read_vault_keys as a worker or the service; whoever may not has none.
 * Errors of its methods: EG503 when they are not there, EG428 when a person asks for keys that only workers read.
 */
export function keysOf(
  config: Pick<Config, "home" | "infisical" | "personalKeys">,
  readVault?: () => Promise<unknown>,
): MasterKeys {
  const { infisical } = config;
  if (config.personalKeys === "infisical" && infisical !== null)
    return masterKeysFrom({
      async read() {
        const all = await openInfisical(infisical).list();
        const of = (name: string): string => {
          const found = all.get(name);
          if (found === undefined) throw new EvergreenError("EG503", `Infisical has no ${name} at ${infisical.path}.`);
          return found;
        };
        return {
          master: of(INFISICAL_NAMES.master),
          index: of(INFISICAL_NAMES.index),
          signing: of(INFISICAL_NAMES.signing),
        };
      },
    });
  if (config.personalKeys === "vault")
    return masterKeysFrom({
      async read() {
        if (readVault === undefined)
          throw new EvergreenError("EG428", "The keys are in the Vault, which workers alone read.");
        return KeyTextsShape.parse(await readVault());
      },
    });
  return fileKeys(config.home);
}

const KeyTextsShape = z.object({ master: z.string(), index: z.string(), signing: z.string() });
