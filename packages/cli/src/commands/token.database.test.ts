// Tokens by command line against a real database: asked for, listed in both forms, and refused with a sentence.
import { agent } from "@evergreen-fund/prisma/tests/arrange.ts";
import {
  ADDRESS,
  askToken,
  classOnChain,
  classWithRegister,
  classWithWallet,
  LIMITS,
  registerToken,
} from "@evergreen-fund/prisma/tests/token-class.ts";
import { expect, it } from "vitest";
import { z } from "zod";
import { openHouse } from "../test-house.ts";

const house = await openHouse();
const ROOM = agent("tokenization");
const Asked = z.object({ actionId: z.string(), workflowId: z.string(), status: z.string() });
const Actions = z.array(
  z.object({
    action_id: z.string(),
    kind: z.string(),
    status: z.string(),
    units: z.string(),
    workflow_id: z.string(),
  }),
);

it("a deployment and a minting are asked for, and stand in the list of operations", async () => {
  const { code } = await classWithRegister(house.db);
  expect((await house.run("ops1", ["token", "list", "--fund", code])).out).toContain("No class is on a chain");
  const asked = await house.json("ops1", Asked, ["token", "deploy", "--fund", code, "--class", "A"]);
  expect(asked.status).toBe("requested");
  expect((await house.run("ops1", ["token", "deploy", "--fund", code])).err).toMatch(/are being deployed.*EG428/);
  const wallet = await classWithWallet(house.db);
  await house.json("ops1", Asked, ["token", "mint", "--fund", wallet.code, "--wallet", ADDRESS, "--units", "5"]);
  const actions = await house.json("ops1", Actions, ["token", "actions", "--fund", wallet.code]);
  expect(actions[0]).toMatchObject({ kind: "mint", status: "requested", units: "5" });
  const shown = await house.run("ops1", ["token", "list", "--fund", wallet.code]);
  expect(shown).toMatchObject({ exit: 0, err: "" });
  expect(shown.out).toMatch(/A +31337 +0 +100 +100 +0/);
  expect(shown.out).toContain(ADDRESS);
});

it("what is asked of a chain is a proposal that two people read and approve by command line", async () => {
  const { code } = await classWithWallet(house.db);
  const { proposal_id: id = "" } = await registerToken(
    house.db,
    await askToken(house.db, code, "pause", { legal_basis: "order 7 of a synthetic court" }),
  );
  const listed = await house.run("pm1", ["proposals", "list", "--fund", code]);
  expect(listed.out).toMatch(new RegExp(`${id} +${code} +pending +pause of class A on evm:31337`));
  const shown = await house.run("pm1", ["proposals", "show", id]);
  expect(shown.out).toMatch(/Legal basis: +order 7 of a synthetic court/);
  const hash = /Hash: +([0-9a-f]{64})/.exec(shown.out)?.[1] ?? "";
  const approve = (person: "pm1" | "pm2") => house.run(person, ["proposals", "approve", id, "--hash", hash]);
  expect((await approve("pm1")).out).toMatch(/one more is needed, of somebody else/);
  expect((await approve("pm2")).out).toContain(`Proposal ${id} is approved.`);
});

it("limits of transfers are listed beside what the packs ask, and none is asked for before they were compared", async () => {
  const { code, contractId } = await classOnChain(house.db);
  const limits = ["token", "limits", "--fund", code];
  expect((await house.run("ops1", limits)).out).toMatch(/Most holding, units +– +– +not compared yet/);
  const set = () => house.run("ops1", ["token", "set-limits", "--fund", code]);
  expect((await set()).err).toMatch(/were not compared with the chain yet.*\(EG428\)/);
  const rules = { versions: [], on_chain: LIMITS, asked: { ...LIMITS, max_holding: "400" }, unsaid: ["pack/rule"] };
  await house.db.call(ROOM, "fn_record_token_reconciliation", {
    contract_id: contractId,
    block: 9,
    breaks: "[]",
    rules,
  });
  const { out } = await house.run("ops1", limits);
  expect(out).toMatch(/Most holding, units +none +400 +differs/);
  expect(out).toMatch(/Lock-up, seconds +none +none +in line/);
  expect(out).toContain("pack/rule");
  expect((await set()).out).toMatch(/Two people approve it/);
  const [asked] = await house.json("ops1", Actions, ["token", "actions", "--fund", code]);
  const { proposal_id: id = "" } = await registerToken(house.db, { event_id: asked?.workflow_id.slice(6) ?? "" });
  expect((await house.run("pm1", ["proposals", "show", id])).out).toMatch(/Most holding, units: +400/);
});

it("a wallet is registered for a cleared investor, and what cannot be is refused with a sentence", async () => {
  const { code, investorId } = await classOnChain(house.db);
  const wallet = (address: string) =>
    house.run("ops1", [
      "token",
      "wallet",
      address,
      "--fund",
      code,
      "--investor",
      investorId,
      "--consent",
      "agreement 7",
    ]);
  expect((await wallet(ADDRESS)).out).toContain("is registered. Two people");
  expect((await wallet("0x12")).err).toMatch(/^evergreen: address is 0x and 40 hexadecimal digits\. \(EG400\)\n$/);
  expect((await house.run("ops1", ["token", "burn", "--fund", code, "--wallet", ADDRESS, "--units", "1"])).err).toMatch(
    /The wallet is registered\. \(EG428\)/,
  );
});
