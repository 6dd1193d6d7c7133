// Packs of rules out of Infisical, where it is configured: every secret of the folder `rules` below INFISICAL_PATH is the text of one pack. A pack is
// drafted and its examples are run; nothing goes live by itself. What is wrong is refused aloud (RULE_PACK_REFUSED), and what is live stays.
import { createHash } from "node:crypto";
import { readPackText, runExamples } from "@evergreen-fund/compliance-rules";
import type { Secrets } from "@evergreen-fund/config/infisical.ts";
import { EvergreenError } from "@evergreen-fund/domain";
import { problemLine } from "@evergreen-fund/interchange/located-text.ts";
import type { Database } from "@evergreen-fund/supabase-client";
import { type Repeating, repeating } from "./repeating.ts";

const SENTINEL = { role: "agent_compliance_sentinel" } as const;
const SOURCE = "infisical";
const EVERY_MS = 15 * 60_000;

export interface LoadedPack {
  /** Name of the secret. */
  name: string;
  status: "draft" | "tested" | "live" | "refused";
}

/** Reads every pack once; the same text again changes nothing. Errors: EG503 when Infisical or the database is away. */
export async function loadPacks(database: Database, secrets: Pick<Secrets, "list">): Promise<LoadedPack[]> {
  const loaded: LoadedPack[] = [];
  for (const [name, text] of [...(await secrets.list())].sort(([a], [b]) => (a < b ? -1 : 1)))
    loaded.push({ name, status: await loadPack(database, name, text) });
  return loaded;
}

async function loadPack(database: Database, name: string, text: string): Promise<LoadedPack["status"]> {
  const refuse = async (problems: string[]): Promise<"refused"> => {
    const words = problems.slice(0, 50).map((one) => one.slice(0, 500));
    // once per text and what is wrong with it, however often it is read
    const what = createHash("sha256")
      .update(JSON.stringify([text, words]))
      .digest("hex")
      .slice(0, 32);
    await database.rpc(SENTINEL, "fn_refuse_rules", {
      pack: `infisical/${name}`.slice(0, 200),
      source: SOURCE,
      problems: words,
      request_id: `${SOURCE}/${what}/refused`,
    });
    return "refused";
  };
  const { pack, body, problems } = readPackText(text, `infisical/${name}`.slice(0, 200));
  if (pack === undefined) return refuse(problems.map(problemLine));
  try {
    // the same text is the same version: asked without a request id, so that the answer is what it is by now
    const drafted = await database.rpc(SENTINEL, "fn_draft_rules", {
      body: body as Record<string, unknown>,
      source: SOURCE,
    });
    if (drafted.status !== "draft") return drafted.status;
    const results = runExamples(pack).map(({ name: example, outcome, passed }) => ({ name: example, outcome, passed }));
    return (await database.rpc(SENTINEL, "fn_test_rules", { version_id: drafted.version_id, results })).status;
  } catch (error) {
    if (!(error instanceof EvergreenError) || !["EG400", "EG413", "EG428"].includes(error.code)) throw error;
    // another text under the same version, or what only the database sees
    return refuse([`infisical/${name}: ${error.message}`]);
  }
}

/** Loads the packs at once and every quarter of an hour, as long as the process lives. An Infisical or a database that is away is tried again. */
export function keepPacks(
  database: Database,
  secrets: Pick<Secrets, "list">,
  log: (line: string) => void,
  everyMs = EVERY_MS,
): Repeating {
  let said = "";
  const say = (line: string): void => {
    if (line !== said) log(`rules: ${line}`);
    said = line;
  };
  return repeating(
    () =>
      loadPacks(database, secrets).then(
        (packs) => say(packs.map(({ name, status }) => `${name} ${status}`).join(", ") || "Infisical holds no pack"),
        (error: unknown) => say(error instanceof Error ? error.message : String(error)),
      ),
    everyMs,
  );
}
