// What each step costs in gas. A change of a contract that makes one dearer or cheaper shows here; gas is counted, not timed.
import { type Address, toHex } from "viem";
import { expect, it } from "vitest";
import { actAs, LEGAL_BASIS, openContractHouse } from "./house.ts";

const DAY = 20_261_122n;
const ONE = 10n ** 18n;

it("costs what the snapshot says", async () => {
  const { chain, admin, deployed, gate, share, vault } = await openContractHouse();
  const wallets = await Promise.all(
    Array.from({ length: 20 }, (_, index) => actAs(chain, toHex(0xcc01 + index, { size: 20 }) as Address)),
  );
  const gas: Record<string, bigint> = {
    "deploy gate": deployed.gate,
    "deploy share": deployed.share,
    "deploy vault": deployed.vault,
  };
  const measure = async (name: string, call: Promise<{ gas: bigint }>) => {
    gas[name] = (await call).gas;
  };
  // writing the same second again costs less: what is written must not depend on how fast this machine is
  const later = () => chain.request("evm_increaseTime", [1_000]);
  const far = 1_900_000_000n;
  for (const [index, wallet] of wallets.entries())
    await gate.send(admin, "issue", wallet, toHex(index + 1, { size: 32 }), far);
  await measure("prolong a claim", gate.send(admin, "issue", wallets[0]!, toHex(1, { size: 32 }), far));
  await measure("keep 20 wallets", vault.send(admin, "keep", wallets, admin, LEGAL_BASIS));
  await vault.send(admin, "openDay", DAY);
  for (const wallet of wallets.slice(1)) await vault.send(admin, "requestDeposit", 1_000n, wallet);
  await measure("request a subscription", vault.send(admin, "requestDeposit", 1_000n, wallets[0]!));
  await vault.send(admin, "strike", DAY, ONE, ONE);
  const given = wallets.map(() => 100_000n);
  await measure("allocate 1", vault.send(admin, "fulfilDeposits", DAY, wallets.slice(0, 1), given.slice(0, 1)));
  await measure("allocate 19", vault.send(admin, "fulfilDeposits", DAY, wallets.slice(1), given.slice(1)));
  await measure("claim 1", vault.send(admin, "claimUnits", DAY, wallets.slice(0, 1)));
  await measure("claim 19", vault.send(admin, "claimUnits", DAY, wallets.slice(1)));
  await later();
  await measure("transfer", share.send(wallets[0]!, "transfer", wallets[1]!, 10n));
  await vault.send(admin, "openDay", DAY + 1n);
  await measure("request a redemption", vault.send(wallets[0]!, "requestRedeem", 5_000n, wallets[0]!));
  await vault.send(admin, "strike", DAY + 1n, ONE, ONE);
  await measure("fill a redemption", vault.send(admin, "fulfilRedeems", DAY + 1n, wallets.slice(0, 1), [5_000n]));
  await measure("settle cash", vault.send(admin, "settleCash", DAY + 1n, wallets.slice(0, 1)));
  await later();
  await measure("force a transfer", share.send(admin, "forceTransfer", wallets[0]!, wallets[1]!, 10n, LEGAL_BASIS));
  expect(Object.entries(gas).map(([name, used]) => `${name}: ${used}`)).toMatchInlineSnapshot(`
    [
      "deploy gate: 535787",
      "deploy share: 1862271",
      "deploy vault: 2248583",
      "prolong a claim: 31046",
      "keep 20 wallets: 521246",
      "request a subscription: 84765",
      "allocate 1: 80599",
      "allocate 19: 585284",
      "claim 1: 121743",
      "claim 19: 1178475",
      "transfer: 73624",
      "request a redemption: 140451",
      "fill a redemption: 105867",
      "settle cash: 30597",
      "force a transfer: 64300",
    ]
  `);
});
