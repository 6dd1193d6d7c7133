// The key of a chain from a file that only its owner may read. The key never comes into an error or a log.
import { readFile, stat } from "node:fs/promises";
import { EvergreenError } from "@evergreen-fund/domain";
import type { Hex } from "viem";

/** Errors: EG404 no such file, EG403 others may read it, EG400 it holds no key. */
export async function keyFromFile(path: string): Promise<Hex> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new EvergreenError("EG404", "There is no file with a key of the chain at that path.");
  if ((found.mode & 0o077) !== 0)
    throw new EvergreenError("EG403", "Others may read the file with the key of the chain; run chmod 600 on it.");
  return checkedKey(await readFile(path, "utf8"));
}

/** A key as any source gives it: 64 hexadecimal digits, with or without 0x. Errors: EG400. */
export function checkedKey(text: string): Hex {
  const digits = text.trim().replace(/^0x/, "");
  if (!/^[0-9a-fA-F]{64}$/.test(digits) || /^0+$/.test(digits))
    throw new EvergreenError("EG400", "A key of a chain is 32 bytes as 64 hexadecimal digits.");
  return `0x${digits.toLowerCase()}`;
}
