// Who one is at the door: during a call, after it, after one that fails, and with claims that want to be more.
import { expect, it } from "vitest";
import {
  admin,
  database,
  drift,
  fund,
  HOSTILE,
  LP,
  NOBODY,
  onAFreshDatabase,
  overheard,
  PM,
  refusal,
  whoIs,
} from "./test-door.ts";

onAFreshDatabase();

const ORDER = {
  fund: "NONE",
  investor_id: "00000000-0000-4000-8000-00000000000b",
  direction: "redemption",
  amount: "1.00",
  currency: "USD",
};

it("an rpc is one message, and nobody is left on its connection", async () => {
  const heard = await overheard(() => database.rpc(PM, "fn_import_fund", { fund: fund() }));
  expect(heard).toHaveLength(1);
  expect(heard[0]!.text).toContain("public.fn_import_fund");
  expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
});

it("an rpc that fails midway leaves neither a role nor an effect", async () => {
  const before = await admin.query("select count(*) from funds");
  const heard = await overheard(() =>
    database.rpc(PM, "fn_import_fund", { fund: fund({ assets: [{ key: "X", market_value: "no number" }] }) }),
  );
  expect(heard).toHaveLength(1);
  expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
  expect((await admin.query("select count(*) from funds")).rows).toEqual(before.rows);
});

it.each([
  ["that ends well", async () => undefined],
  ["that fails", () => Promise.reject(new Error("in the middle"))],
])("a read %s leaves nobody on its connection", async (_, end) => {
  const heard = await overheard(() => database.read(PM, (tx) => tx.funds.count().then(end)));
  expect(heard.some(({ text }) => text.includes("set_config"))).toBe(true);
  expect(new Set(heard.map(({ client }) => client)).size).toBe(1);
  expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
});

it.each(HOSTILE.concat("x', true), set_config('role', 'pm_role"))(
  "claims of a user called %j make nobody of anybody",
  async (userId) => {
    const heard = await overheard(() => database.rpc({ role: "lp_role", userId }, "fn_place_order", ORDER));
    expect(heard[0]!.text).not.toContain(userId.trim() || "no blank can be told from the text's own");
    expect((await refusal(database.rpc({ role: "lp_role", userId }, "fn_place_order", ORDER))).code).toMatch(
      /^EG40[14]$/,
    );
    expect(await whoIs(heard[0]!.client)).toEqual(NOBODY);
  },
);

it("the audit trail names each caller of one connection", async () => {
  await database.rpc(PM, "fn_import_fund", { fund: fund() });
  await drift({});
  const { rows } = await admin.query<{ created_by: string }>(
    "select created_by from audit_trail order by seq desc limit 1",
  );
  expect(rows).toEqual([{ created_by: "service" }]);
  const mine = await admin.query("select 1 from audit_trail where created_by = $1", [
    `user:${"userId" in PM ? PM.userId : ""}`,
  ]);
  expect(mine.rowCount).toBeGreaterThan(0);
});

it("a role sees what its policies show, through rpc and read alike, and writes nothing itself", async () => {
  await database.rpc(PM, "fn_import_fund", { fund: fund() });
  expect(await database.read(PM, (tx) => tx.funds.count())).toBeGreaterThan(0);
  expect(await database.read(LP, (tx) => tx.funds.count())).toBe(0);
  expect((await refusal(database.rpc(LP, "fn_import_fund", { fund: fund() }))).code).toBe("EG403");
  expect((await refusal(database.read(PM, (tx) => tx.funds.deleteMany()))).code).toBe("EG403");
});
