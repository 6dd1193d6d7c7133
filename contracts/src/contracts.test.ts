// Each rule of the contracts by name: who may hold, what the law may move, the life of a request, and what nobody can do.
import { type Address, toHex } from "viem";
import { beforeEach, describe, expect, it } from "vitest";
import { actAs, type ContractHouse, LEGAL_BASIS, openContractHouse, role } from "./house.ts";
import { openLocalChain } from "./local-chain.ts";

const DAY = 20_261_122n;
const ONE = 10n ** 18n;
const FAR = 1_900_000_000n;
const NOTHING = toHex(0, { size: 32 });
const party = (number: number) => toHex(number, { size: 32 });

const chain = await openLocalChain({ startsAt: 1_800_000_000 });
const wallets = await Promise.all(
  [1, 2, 3, 4].map((number) => actAs(chain, toHex(0xaa00 + number, { size: 20 }) as Address)),
);
const [anna, ben, lost, stranger] = wallets as [Address, Address, Address, Address];
const house: ContractHouse = await openContractHouse(4, 2, chain);
const { gate, share, vault, admin } = house;
let clean = await chain.request("evm_snapshot");

beforeEach(async () => {
  await chain.request("evm_revert", [clean]);
  clean = await chain.request("evm_snapshot");
  await gate.send(admin, "issue", anna, party(1), FAR);
  await gate.send(admin, "issue", ben, party(2), FAR);
  await gate.send(admin, "issue", lost, party(1), FAR);
});

const units = (wallet: Address) => share.read<bigint>("balanceOf", wallet);
/** A dealing day in which `wallet` subscribes for cash minor units at 1.00: 100 minor units are 1 unit, 10,000 base units. */
async function subscribe(wallet: Address, cash = 100_000n, day = DAY): Promise<bigint> {
  await vault.send(admin, "openDay", day);
  await vault.send(admin, "requestDeposit", cash, wallet);
  await vault.send(admin, "strike", day, ONE, ONE);
  const given = cash * 100n;
  await vault.send(admin, "fulfilDeposits", day, [wallet], [given]);
  await vault.send(wallet, "claimUnits", day, [wallet]);
  return given;
}

describe("who may hold units", () => {
  it("nobody without a claim: not by transfer, mint, forced transfer or recovery", async () => {
    await subscribe(anna);
    await expect(share.send(anna, "transfer", stranger, 1n)).rejects.toThrow("NotCleared");
    await expect(share.send(admin, "forceTransfer", anna, stranger, 1n, LEGAL_BASIS)).rejects.toThrow("NotCleared");
    await share.send(admin, "grantRole", role("VAULT"), admin);
    await expect(share.send(admin, "mint", stranger, 1n)).rejects.toThrow("NotCleared");
    await gate.send(admin, "revoke", lost);
    await expect(vault.send(admin, "recover", anna, lost, [], LEGAL_BASIS)).rejects.toThrow("NotCleared");
    await expect(vault.send(admin, "recover", anna, stranger, [], LEGAL_BASIS)).rejects.toThrow("NotTheSameParty");
  });
  it("a claim that runs out stops the wallet, whose units stay", async () => {
    const held = await subscribe(anna);
    await gate.send(admin, "issue", anna, party(1), 1_850_000_000n);
    await share.send(anna, "transfer", ben, 1n);
    await chain.request("evm_setNextBlockTimestamp", [toHex(1_850_000_001)]);
    await expect(share.send(anna, "transfer", ben, 1n)).rejects.toThrow("NotCleared");
    expect(await units(anna)).toBe(held - 1n);
  });
  it("a wallet stays with its party, and a claim in the past is none", async () => {
    await expect(gate.send(admin, "issue", anna, party(9), FAR)).rejects.toThrow("WalletOfAnotherParty");
    await expect(gate.send(admin, "issue", stranger, party(9), 1n)).rejects.toThrow("AlreadyOver");
    await expect(gate.send(admin, "issue", stranger, NOTHING, FAR)).rejects.toThrow("NoParty");
    await expect(gate.send(anna, "issue", stranger, party(9), FAR)).rejects.toThrow("AccessControl");
  });
});

describe("freeze, force, recover, pause", () => {
  it("each needs a legal basis", async () => {
    await expect(share.send(admin, "freezeWallet", anna, true, NOTHING)).rejects.toThrow("NoLegalBasis");
    await expect(share.send(admin, "freezeUnits", anna, 1n, NOTHING)).rejects.toThrow("NoLegalBasis");
    await expect(share.send(admin, "forceTransfer", anna, ben, 0n, NOTHING)).rejects.toThrow("NoLegalBasis");
    await expect(vault.send(admin, "recover", anna, lost, [], NOTHING)).rejects.toThrow("NoLegalBasis");
  });
  it("frozen wallets neither give nor take; frozen units stay; the law moves both", async () => {
    const held = await subscribe(anna);
    await share.send(admin, "freezeUnits", anna, held - 5n, LEGAL_BASIS);
    await expect(share.send(anna, "transfer", ben, 6n)).rejects.toThrow("NotAvailable");
    await share.send(anna, "transfer", ben, 5n);
    await share.send(admin, "freezeWallet", anna, true, LEGAL_BASIS);
    await expect(share.send(ben, "transfer", anna, 1n)).rejects.toThrow("IsFrozen");
    await share.send(admin, "forceTransfer", anna, ben, held - 5n, LEGAL_BASIS);
    expect(await units(ben)).toBe(held);
    expect(await share.read("frozenUnits", anna)).toBe(0n);
  });
  it("recovery takes units, locks, freezes and requests along and shuts the lost wallet", async () => {
    const held = await subscribe(lost);
    await vault.send(admin, "openDay", DAY + 1n);
    await vault.send(lost, "requestRedeem", 70n, lost);
    await share.send(admin, "freezeUnits", lost, 11n, LEGAL_BASIS);
    await expect(vault.send(admin, "recover", lost, anna, [], LEGAL_BASIS)).rejects.toThrow("RequestsLeft");
    await vault.send(admin, "recover", lost, anna, [DAY + 1n], LEGAL_BASIS);
    expect(await Promise.all([units(lost), units(anna)])).toEqual([0n, held]);
    expect(await vault.read("pendingRedeemRequest", DAY + 1n, anna)).toBe(70n);
    expect(await share.read("availableUnits", anna)).toBe(held - 81n);
    expect(await share.read("walletFrozen", lost)).toBe(true);
    await vault.send(admin, "strike", DAY + 1n, ONE, ONE);
    await vault.send(admin, "fulfilRedeems", DAY + 1n, [anna], [70n]);
    expect(await units(anna)).toBe(held - 70n);
  });
  it("a pause stops everything that moves or locks a unit, the law's transfers too", async () => {
    await subscribe(anna);
    await vault.send(admin, "openDay", DAY + 1n);
    await share.send(admin, "pause");
    await expect(share.send(anna, "transfer", ben, 1n)).rejects.toThrow("EnforcedPause");
    await expect(share.send(admin, "forceTransfer", anna, ben, 1n, LEGAL_BASIS)).rejects.toThrow("EnforcedPause");
    await expect(vault.send(anna, "requestRedeem", 1n, anna)).rejects.toThrow("EnforcedPause");
    await expect(vault.send(admin, "recover", anna, lost, [], LEGAL_BASIS)).rejects.toThrow("EnforcedPause");
    await share.send(admin, "unpause");
    await share.send(anna, "transfer", ben, 1n);
  });
  it("what rules ask of a transfer does not bind the vault", async () => {
    await share.send(admin, "setLimits", [100n, 20_000_000n, 10n, 0n, true]);
    const held = await subscribe(anna);
    await expect(share.send(anna, "transfer", ben, 9n)).rejects.toThrow("OutsideLimits");
    await expect(share.send(anna, "transfer", ben, 99n)).rejects.toThrow("OutsideLimits");
    await expect(share.send(anna, "transfer", ben, held - 99n)).rejects.toThrow("OutsideLimits");
    await share.send(anna, "transfer", ben, held);
    await share.send(admin, "setLimits", [0n, 0n, 0n, 3_600n, true]);
    await expect(share.send(ben, "transfer", anna, 1n)).rejects.toThrow("OutsideLimits");
    await share.send(admin, "setLimits", [0n, 0n, 0n, 0n, false]);
    await expect(share.send(ben, "transfer", anna, 1n)).rejects.toThrow("OutsideLimits");
  });
});

describe("R50 the life of a request", () => {
  it("order locked, allocated, settled: pending, claimable, claimed", async () => {
    await vault.send(admin, "openDay", DAY);
    await vault.send(admin, "requestDeposit", 1_000n, anna);
    expect(await vault.read("pendingDepositRequest", DAY, anna)).toBe(1_000n);
    await expect(vault.send(admin, "fulfilDeposits", DAY, [anna], [1n])).rejects.toThrow("NotStruck");
    await vault.send(admin, "strike", DAY, 3n * ONE, ONE);
    // 10.00 at 3 a unit: 3.3333 units, rounded down
    await expect(vault.send(admin, "fulfilDeposits", DAY, [anna], [33_334n])).rejects.toThrow("NotTheRate");
    await expect(vault.send(admin, "fulfilDeposits", DAY, [anna], [33_332n])).rejects.toThrow("NotTheRate");
    await vault.send(admin, "fulfilDeposits", DAY, [anna], [33_333n]);
    expect(await vault.read("claimableDepositRequest", DAY, anna)).toBe(999n);
    expect(await Promise.all([units(anna), vault.read("unitsOnChain")])).toEqual([0n, 33_333n]);
    await expect(vault.send(ben, "claimUnits", DAY, [anna])).rejects.toThrow("NotTheController");
    await vault.send(anna, "claimUnits", DAY, [anna]);
    await expect(vault.send(anna, "claimUnits", DAY, [anna])).rejects.toThrow("NothingThere");
    expect(await Promise.all([units(anna), vault.read("unitsOnChain")])).toEqual([33_333n, 33_333n]);
  });
  it("redeemed units are burnt when they become a claim; a gate unlocks the rest", async () => {
    const held = await subscribe(anna);
    await vault.send(admin, "openDay", DAY + 1n);
    await vault.send(anna, "requestRedeem", 1_001n, anna);
    await expect(share.send(anna, "transfer", ben, held)).rejects.toThrow("NotAvailable");
    await vault.send(admin, "strike", DAY + 1n, ONE, ONE / 2n);
    await vault.send(admin, "fulfilRedeems", DAY + 1n, [anna], [500n]);
    expect(await units(anna)).toBe(held - 500n);
    expect(await share.read("availableUnits", anna)).toBe(held - 500n);
    expect(await vault.read("claimableCashTotal")).toBe(5n);
    await vault.send(admin, "settleCash", DAY + 1n, [anna]);
    await expect(vault.send(admin, "settleCash", DAY + 1n, [anna])).rejects.toThrow("NothingThere");
    expect(await vault.read("claimableCashTotal")).toBe(0n);
  });
  it("request 0 is forbidden, days go forward, a price is final", async () => {
    await expect(vault.send(admin, "openDay", 0n)).rejects.toThrow("RequestIdForbidden");
    await vault.send(admin, "openDay", DAY);
    await expect(vault.send(admin, "openDay", DAY)).rejects.toThrow("RequestIdForbidden");
    await vault.send(admin, "strike", DAY, ONE, ONE);
    await expect(vault.send(admin, "strike", DAY, ONE, ONE)).rejects.toThrow("AlreadyStruck");
    await expect(vault.send(admin, "requestDeposit", 1n, anna)).rejects.toThrow("NotOpen");
    await expect(vault.send(admin, "strike", DAY + 1n, ONE, ONE)).rejects.toThrow("NotOpen");
  });
  it("nothing is previewed, nothing is claimed after the clearance ended, cancelling gives units back", async () => {
    for (const view of ["previewDeposit", "previewMint", "previewWithdraw", "previewRedeem"])
      await expect(vault.read(view, 1n)).rejects.toThrow("AsynchronousOnly");
    const held = await subscribe(anna);
    await vault.send(admin, "openDay", DAY + 1n);
    await vault.send(anna, "requestRedeem", held, anna);
    await vault.send(admin, "requestDeposit", 100n, ben);
    await vault.send(admin, "cancel", DAY + 1n, anna);
    expect(await share.read("availableUnits", anna)).toBe(held);
    await vault.send(admin, "strike", DAY + 1n, ONE, ONE);
    await vault.send(admin, "fulfilDeposits", DAY + 1n, [ben], [10_000n]);
    await gate.send(admin, "revoke", ben);
    await expect(vault.send(ben, "claimUnits", DAY + 1n, [ben])).rejects.toThrow("NotCleared");
  });
  it("the registrar claims for those whose wallets it keeps, and for nobody else", async () => {
    await vault.send(admin, "openDay", DAY);
    await vault.send(admin, "requestDeposit", 100n, anna);
    await vault.send(admin, "strike", DAY, ONE, ONE);
    await vault.send(admin, "fulfilDeposits", DAY, [anna], [10_000n]);
    await expect(vault.send(admin, "claimUnits", DAY, [anna])).rejects.toThrow("NotTheController");
    await vault.send(admin, "keep", [anna], admin, LEGAL_BASIS);
    await vault.send(admin, "claimUnits", DAY, [anna]);
    expect(await units(anna)).toBe(10_000n);
  });
});
