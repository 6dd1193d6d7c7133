// Tokens in a real browser over rows as the functions of the database make and read them. No chain stands behind them and none of them stays in the stack:
// they are arranged in a transaction that is never committed, and the page is given what `fn_read_tokens` answered there.
import { readConfig } from "@evergreen-fund/config";
import { Tokens } from "@evergreen-fund/domain/token-pages.ts";
import { agent, OPS, PM_ONE, type TestDatabase } from "@evergreen-fund/prisma/tests/arrange.ts";
import { POOL, POOL_TRADE } from "@evergreen-fund/prisma/tests/pool.ts";
import { rolledBack } from "@evergreen-fund/prisma/tests/rolled-back.ts";
import {
  ADDRESS,
  askToken,
  begunToken,
  classWithWallet,
  finalToken,
  LIMITS,
  OTHER_ADDRESS,
  registerToken,
} from "@evergreen-fund/prisma/tests/token-class.ts";
import { adminUrl } from "@evergreen-fund/stack/addresses.ts";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { faultless } from "./faultless.ts";
import { DESKTOP, PHONE, signIn, visit } from "./visit.ts";

const ROOM = agent("tokenization");
/** A class of 100 units: 12.5 minted, 5 asked for, one operation refused by the chain, limits and units that differ, and a trade in a pool. */
async function tokensOf(db: TestDatabase): Promise<Tokens> {
  const { code, fundId, classId, contractId } = await classWithWallet(db);
  await finalToken(db, await askToken(db, code, "mint", { wallet: ADDRESS, units: "12.5" }));
  const refused = await begunToken(db, await askToken(db, code, "burn", { wallet: ADDRESS, units: "1" }));
  const detail = { code: "EG422", reason: "The wallet is frozen on the chain." };
  await db.call(ROOM, "fn_mark_token_action", { action_id: refused.action_id, state: "refused", detail });
  await registerToken(db, await askToken(db, code, "mint", { wallet: ADDRESS, units: "5" }));
  const [versions] = await db.look<{ of: string[] }>("select evergreen.rule_versions($1) as of", [fundId]);
  const rules = { versions: versions?.of, on_chain: { ...LIMITS, min_holding: "3" }, asked: LIMITS, unsaid: [] };
  const breaks = [{ kind: "not_in_register", wallet: OTHER_ADDRESS, register: "0", chain: "2.25" }];
  await db.call(ROOM, "fn_record_token_reconciliation", { contract_id: contractId, block: 100, breaks, rules });
  const { pool_id } = await db.value<{ pool_id: string }>(OPS, "fn_set_pool", { share_class_id: classId, ...POOL });
  await db.call(OPS, "fn_record_pool_trade", { pool_id, ...POOL_TRADE });
  return Tokens.parse(await db.value(PM_ONE, "fn_read_tokens", { fund_id: fundId }));
}

let tokens: Tokens;
beforeAll(async () => {
  const config = readConfig({ ...process.env, ...inject("stack").environment });
  tokens = await rolledBack(adminUrl(config), tokensOf);
});

describe.each([
  ["desktop", DESKTOP, "light"],
  ["phone", PHONE, "dark"],
] as const)("tokens on a %s", (name, size, theme) => {
  it("show supply, what waits for people, what the chain refused, where it differs, limits and slippage", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await page.route("**/rpc/fn_read_tokens*", (route) => route.fulfill({ json: tokens }));
    await signIn(visited, "pm1");
    await page.goto("/pm/tokens");
    const cells = async (table: RegExp): Promise<string[]> => {
      const found = page.getByRole("table", { name: table });
      await found.waitFor();
      return found.locator("tbody tr").allInnerTexts();
    };
    const one = async (table: RegExp, ...parts: string[]) => {
      const rows = await cells(table);
      expect(rows).toHaveLength(1);
      for (const part of parts) expect(rows[0]).toContain(part);
    };
    await one(/^In the register, on the chain/, "100", "12.5", "87.5", "differs: no NAV is struck");
    await one(/^Open breaks/, "A wallet with units that the books do not know", OTHER_ADDRESS, "2.25");
    await one(/^Under way/, "Units onto the chain", "Waits for two people", "The proposal");
    const ended = await cells(/^Ended/);
    expect(ended.filter((row) => row.includes("EG422: The wallet is frozen on the chain."))).toHaveLength(1);
    await page.getByText(/the chain holds itself to other limits than the packs ask/).waitFor();
    const limits = await cells(/^On the chain beside what the packs ask/);
    expect(limits.filter((row) => row.includes("differ"))).toHaveLength(1);
    await one(/^The last 200 that were registered/, ADDRESS, "active", "12.5");
    // 987,158 cents were expected for 100 units and 987,058 paid, at a spot price of 10,000 cents a unit
    await one(/^The last fifty trades/, "units for cash", "9,870.58", "1.284", "1.294", "0.010");
    await visited.picture(`tokens-${name}-${theme}`);
    await faultless(visited, size.width);
    await page
      .getByRole("table", { name: /^Under way/ })
      .getByRole("link", { name: "The proposal" })
      .waitFor();
    await visited.close();
  });
});
