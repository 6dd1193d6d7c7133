// A tombstone: the signed text that a subject's key was destroyed. It verifies from itself and a public key, without a database, for ever.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { appendFile, mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";

export interface Tombstone {
  /** JSON of a TombstoneBody, its names in alphabetical order. */
  body: string;
  /** Ed25519 over the bytes of the body, hex. */
  signature: string;
  /** Raw Ed25519 public key, hex. */
  public_key: string;
}

const Body = z.strictObject({
  askedAt: z.string(),
  documents: z.int().nonnegative(),
  erasedAt: z.string(),
  fields: z.int().nonnegative(),
  keyDigest: z.string().regex(/^[0-9a-f]{64}$/),
  subjectId: z.uuid(),
  what: z.literal("evergreen subject erased"),
});
export type TombstoneBody = z.output<typeof Body>;
const Stone = z.object({ body: z.string(), signature: z.string(), public_key: z.string() });

/** DER in front of a raw Ed25519 key (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

const privateKey = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });

/** The public key that belongs to a seed, hex: what is published so that others may verify. */
export const publicKeyOf = (seed: Uint8Array): string =>
  createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" }).subarray(SPKI.length).toString("hex");

/** @param seed 32 bytes */
export function signTombstone(seed: Uint8Array, about: Omit<TombstoneBody, "what">): Tombstone {
  const whole = Body.parse({ ...about, what: "evergreen subject erased" });
  const body = JSON.stringify(Object.fromEntries(Object.entries(whole).sort(([a], [b]) => (a < b ? -1 : 1))));
  return {
    body,
    signature: sign(null, Buffer.from(body, "utf8"), privateKey(seed)).toString("hex"),
    public_key: publicKeyOf(seed),
  };
}

/**
 * What a tombstone says. `trusted`: public keys that are believed; the tombstone's own is not enough.
 * Errors: EG431 when it was changed, is of another key or says something else.
 */
export function verifyTombstone(tombstone: Tombstone, trusted: readonly string[]): TombstoneBody {
  const refuse = (why: string): never => {
    throw new EvergreenError("EG431", `The tombstone does not verify: ${why}.`);
  };
  if (!trusted.includes(tombstone.public_key)) return refuse("it is signed by another key");
  const key = createPublicKey({
    key: Buffer.concat([SPKI, Buffer.from(tombstone.public_key, "hex")]),
    format: "der",
    type: "spki",
  });
  const signature = Buffer.from(tombstone.signature, "hex");
  if (!verify(null, Buffer.from(tombstone.body, "utf8"), key, signature)) return refuse("its text was changed");
  const said = Body.safeParse(JSON.parse(tombstone.body));
  return said.success ? said.data : refuse("it says something else");
}

/** Tombstones of a home, kept apart from its database and its backups: one JSON line each, in a file that only grows. */
export interface Journal {
  read(): Promise<Tombstone[]>;
  /** Adds those that are not there yet. */
  add(tombstones: readonly Tombstone[]): Promise<number>;
}

export function fileJournal(file: string): Journal {
  const read = async (): Promise<Tombstone[]> => {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    // a line that was cut off by a crash is in the database, and comes again
    return text.split("\n").flatMap((line) => {
      try {
        const parsed = Stone.safeParse(JSON.parse(line));
        return parsed.success ? [parsed.data] : [];
      } catch {
        return [];
      }
    });
  };
  return {
    read,
    async add(tombstones) {
      const known = new Set((await read()).map(({ body }) => body));
      const fresh = tombstones.filter(({ body }) => !known.has(body));
      if (fresh.length === 0) return 0;
      await mkdir(dirname(file), { recursive: true });
      const lines = fresh.map((stone) => JSON.stringify(Stone.parse(stone))).join("\n");
      await appendFile(file, `\n${lines}\n`, { mode: 0o600 });
      const handle = await open(file, "r");
      await handle.sync().finally(() => handle.close());
      return fresh.length;
    },
  };
}
