// Policies from a file: a pack of policies/ by its name, a pack in any file, or the one policy that is meant, as JSON or as `show` prints it.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { DealingPolicy, LmtPolicy, parsePack, type RegimePack } from "@evergreen-fund/domain/policies/index.ts";
import { lmtPolicyVerdict } from "@evergreen-fund/finance/dealing/lmt-verdict.ts";
import { regimeCheck } from "@evergreen-fund/finance/dealing/regime-check.ts";
import type { z } from "zod";
import { plain } from "./output.ts";

const PACKS = join(REPOSITORY_ROOT, "policies");
const LONGEST = 1024 * 1024;

/** The pack of that name in policies/, or undefined. Errors: EG400 when the file is no pack. */
export async function packNamed(name: string): Promise<RegimePack | undefined> {
  if (!/^[a-z0-9-]{1,40}$/.test(name)) return undefined;
  const path = join(PACKS, `${name}.yaml`);
  return existsSync(path) ? parsePack(await readFile(path, "utf8")) : undefined;
}

/** Document of a file or of a pack's name. Errors: EG400. */
async function documentOf(given: string): Promise<unknown> {
  const named = await packNamed(given);
  if (named !== undefined) return named;
  const source = await readFile(given, "utf8").catch((error: unknown) => {
    throw new EvergreenError("EG400", `There is no file and no pack ${plain(given)}; packs are in policies/.`, {
      cause: error,
    });
  });
  if (source.length > LONGEST) throw new EvergreenError("EG413", `${plain(given)} is larger than 1 MB.`);
  if (/^\s*#/m.test(source)) return parsePack(source);
  try {
    return JSON.parse(source) as unknown;
  } catch (error) {
    throw new EvergreenError("EG400", `${plain(given)} is neither JSON nor a pack as in policies/.`, { cause: error });
  }
}

function checked<T>(shape: z.ZodType<T>, document: unknown, keys: readonly string[], name: string): T {
  const value = document as Record<string, unknown> | null;
  const key = keys.find((part) => typeof value === "object" && value !== null && part in value);
  const parsed = shape.safeParse(key === undefined ? document : value?.[key]);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join(".") || "the file";
  throw new EvergreenError("EG400", `That is not ${name}: ${plain(place)}: ${plain(issue?.message ?? "")}.`);
}

/** Dealing terms: bare, in a pack, or as `terms show` prints them. A pack says nothing of how many decimals a class has. */
export async function readTerms(given: string): Promise<{ terms: DealingPolicy; fromPack: boolean }> {
  const document = await documentOf(given);
  const terms = checked(DealingPolicy, document, ["terms", "dealing"], "a file of dealing terms");
  return { terms, fromPack: typeof document === "object" && document !== null && "limits" in document };
}

/** Liquidity tools: bare, in a pack, or as `lmt show` prints them. Errors: EG424 when they may not stand (R9c), with every reason. */
export async function readTools(given: string): Promise<LmtPolicy> {
  const policy = checked(LmtPolicy, await documentOf(given), ["policy", "lmt"], "a policy of liquidity tools");
  const { problems } = lmtPolicyVerdict({ policy });
  if (problems.length > 0) throw new EvergreenError("EG424", problems.map(({ words }) => words).join(" "));
  return policy;
}

/** EG424 with every limit of the regime that the two policies break together; a pack of one's own name has none. */
export async function holdToRegime(dealing: DealingPolicy, lmt: LmtPolicy, subject: string): Promise<void> {
  const pack = await packNamed(lmt.pack);
  if (pack === undefined) return;
  const { holds, breaches } = regimeCheck({ pack, dealing, lmt });
  if (holds) return;
  const words = breaches.map((row) => `${row.words} Found: ${row.found} (${row.source}).`);
  throw new EvergreenError("EG424", `${plain(subject)} breaks ${plain(pack.title)}. ${words.join(" ")}`);
}
