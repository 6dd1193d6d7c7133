// 10,000 random operations on the three contracts beside a model: supply equals claims, nobody uncleared gains, rounding never helps a claimer.
import fc from "fast-check";
import { type Address, type Hex, toHex } from "viem";
import { expect, it, vi } from "vitest";
import { actAs, LEGAL_BASIS, openContractHouse, Refusal } from "./house.ts";
import { openLocalChain } from "./local-chain.ts";

// one transaction and two reads an operation: bounds a run on a busy machine, judges nothing
vi.setConfig({ testTimeout: 900_000 });
const ONE = 10n ** 18n;
const START = 1_800_000_000;
const chain = await openLocalChain({ startsAt: START });
const wallets = await Promise.all(
  Array.from({ length: 6 }, (_, index) => actAs(chain, toHex(0xbb01 + index, { size: 20 }) as Address)),
);
const { gate, share, vault, admin } = await openContractHouse(4, 2, chain);
await vault.send(admin, "keep", wallets, admin, LEGAL_BASIS);
let clean = await chain.request("evm_snapshot");

const at = fc.nat({ max: wallets.length - 1 });
const amount = fc.oneof(fc.bigInt({ min: 1n, max: 50n }), fc.bigInt({ min: 1n, max: 10n ** 12n }));
const seldom = fc.constantFrom(true, false, false, false);
const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("issue"), a: at, days: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("revoke"), a: at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass"), days: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("openDay") }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("deposit"), a: at, n: amount }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("redeem"), a: at, part: fc.integer({ min: 1, max: 110 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("strike"),
      price: fc.bigInt({ min: 10n ** 14n, max: 10n ** 21n }),
      fill: fc.bigInt({ min: 0n, max: ONE }),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant("fulfil"), a: at, less: fc.constantFrom(0n, 0n, 0n, 1n, 2n, -1n) }),
  },
  { weight: 9, arbitrary: fc.record({ do: fc.constant("claim"), a: at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel"), a: at }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("transfer"), a: at, b: at, part: fc.integer({ min: 1, max: 110 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("force"), a: at, b: at, part: fc.integer({ min: 1, max: 110 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("recover"), a: at, b: at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("freeze"), a: at, on: seldom }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pause"), on: seldom }) },
);
type Operation = {
  do: string;
  a: number;
  b: number;
  n: bigint;
  days: number;
  part: number;
  price: bigint;
  fill: bigint;
  less: bigint;
  on: boolean;
};

/** What a history of operations has come to, kept beside the chain. */
class Model {
  day = 20_260_101n;
  price = 0n;
  fill = 0n;
  paused = false;
  units = wallets.map(() => 0n);
  until = wallets.map(() => 0);
  allocated = 0n;
  claimed = 0n;
  burnt = 0n;
  cash = 0n;
  /** Who waits on the open day, and who may claim of it: random wallets would rarely meet. */
  waiting = new Set<number>();
  mayClaim = new Set<number>();

  /** One of those for whom the operation can mean something; anybody where there is none. */
  choose(op: Operation): number {
    const holders = this.units.flatMap((units, index) => (units > 0n ? [index] : []));
    const from =
      op.do === "fulfil" || op.do === "cancel"
        ? [...this.waiting]
        : op.do === "claim"
          ? [...this.mayClaim]
          : ["redeem", "transfer", "force", "recover"].includes(op.do)
            ? holders
            : [];
    return from.length === 0 ? op.a : from[op.a % from.length]!;
  }
}
/** Recovery is to another wallet of the same party, which two random wallets rarely are: mostly that one, at times anybody. */
const otherOf = (op: Operation, a: number): number => (op.do === "recover" && op.b > 1 ? a ^ 1 : op.b);

/** How often each operation passed over all runs: a property over operations that never pass says nothing. */
const passed = new Map<string, number>();
const atLeastNone = (units: bigint) => (units < 0n ? 0n : units);
const share100 = (whole: bigint, part: number) => (whole * BigInt(part)) / 100n || 1n;
const now = async () =>
  Number((await chain.request<{ timestamp: Hex }>("eth_getBlockByNumber", ["latest", false])).timestamp);

async function take(model: Model, op: Operation): Promise<void> {
  const wallet = wallets[op.a]!;
  const other = wallets[op.b]!;
  switch (op.do) {
    case "issue": {
      const until = (await now()) + op.days * 86_400;
      // two wallets a party, so that some can be recovered
      await gate.send(admin, "issue", wallet, toHex(1 + (op.a >> 1), { size: 32 }), BigInt(until));
      model.until[op.a] = until;
      return;
    }
    case "revoke":
      await gate.send(admin, "revoke", wallet);
      model.until[op.a] = 0;
      return;
    case "pass":
      await chain.request("evm_increaseTime", [op.days * 86_400]);
      await chain.request("evm_mine");
      return;
    case "openDay":
      await vault.send(admin, "openDay", model.day + 1n);
      [model.day, model.price] = [model.day + 1n, 0n];
      model.waiting.clear();
      model.mayClaim.clear();
      return;
    case "deposit":
      await vault.send(admin, "requestDeposit", op.n, wallet);
      model.waiting.add(op.a);
      return;
    case "redeem":
      await vault.send(wallet, "requestRedeem", share100(model.units[op.a]!, op.part), wallet);
      model.waiting.add(op.a);
      return;
    case "strike":
      await vault.send(admin, "strike", model.day, op.price, op.fill);
      [model.price, model.fill] = [op.price, op.fill];
      return;
    case "fulfil": {
      const assets = await vault.read<bigint>("pendingDepositRequest", model.day, wallet);
      if (assets > 0n) {
        const units = atLeastNone((assets * ONE * 10_000n) / ((model.price || ONE) * 100n) - op.less);
        await vault.send(admin, "fulfilDeposits", model.day, [wallet], [units]);
        // R50: what is given is never worth more than what was paid
        expect(units * model.price * 100n <= assets * ONE * 10_000n).toBe(true);
        model.allocated += units;
        model.mayClaim.add(op.a);
        model.waiting.delete(op.a);
        return;
      }
      const asked = await vault.read<bigint>("pendingRedeemRequest", model.day, wallet);
      const filled = atLeastNone((asked * model.fill) / ONE - op.less);
      await vault.send(admin, "fulfilRedeems", model.day, [wallet], [filled]);
      const cash = await vault.read<bigint>("claimableCashTotal");
      expect((cash - model.cash) * ONE * 10_000n <= filled * model.price * 100n).toBe(true);
      [model.cash, model.burnt] = [cash, model.burnt + filled];
      model.waiting.delete(op.a);
      return;
    }
    case "claim": {
      const before = await vault.read<bigint>("claimableUnitsTotal");
      await vault.send(wallet, "claimUnits", model.day, [wallet]);
      model.mayClaim.delete(op.a);
      model.claimed += before - (await vault.read<bigint>("claimableUnitsTotal"));
      return;
    }
    case "cancel":
      await vault.send(admin, "cancel", model.day, wallet);
      model.waiting.delete(op.a);
      return;
    case "transfer":
      await share.send(wallet, "transfer", other, share100(model.units[op.a]!, op.part));
      return;
    case "force":
      await share.send(admin, "forceTransfer", wallet, other, share100(model.units[op.a]!, op.part), LEGAL_BASIS);
      return;
    case "recover":
      await vault.send(admin, "recover", wallet, other, [model.day], LEGAL_BASIS);
      return;
    case "freeze":
      await share.send(admin, "freezeWallet", wallet, op.on, LEGAL_BASIS);
      return;
    case "pause":
      await share.send(admin, op.on ? "pause" : "unpause");
      model.paused = op.on;
  }
}

/** A start in which something can happen: half of the wallets are cleared and hold units, and the next day is open. */
const FIRST_DAY = [
  ...[0, 2, 4].map((a) => ({ do: "issue", a, days: 30 })),
  { do: "openDay" },
  ...[0, 2, 4].map((a) => ({ do: "deposit", a, n: 1_000_000n })),
  { do: "strike", price: ONE, fill: ONE },
  ...[0, 0, 0].map((a) => ({ do: "fulfil", a, less: 0n })),
  ...[0, 0, 0].map((a) => ({ do: "claim", a })),
  { do: "openDay" },
];

it("holds over 10,000 operations", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 100, maxLength: 100 }), async (operations) => {
      await chain.request("evm_revert", [clean]);
      clean = await chain.request("evm_snapshot");
      const model = new Model();
      for (const drawn of [...FIRST_DAY, ...operations]) {
        const a = model.choose(drawn as Operation);
        const op = { ...(drawn as Operation), a, b: otherOf(drawn as Operation, a) };
        const wasPaused = model.paused;
        try {
          await take(model, op);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          continue;
        }
        passed.set(op.do, (passed.get(op.do) ?? 0) + 1);
        const touched = [...new Set([op.a, op.b].filter((index) => index !== undefined))];
        for (const index of touched) {
          const units = await share.read<bigint>("balanceOf", wallets[index]!);
          if (units > model.units[index]!) {
            expect(wasPaused).toBe(false);
            expect(model.until[index]! >= (await now())).toBe(true);
          }
          model.units[index] = units;
        }
        const onChain = await vault.read<bigint>("unitsOnChain");
        expect(onChain).toBe(model.allocated - model.burnt);
        // supply equals claims: what holders hold is what was claimed, less what was burnt
        expect(model.units.reduce((sum, units) => sum + units, 0n)).toBe(model.claimed - model.burnt);
      }
    }),
    { numRuns: 100 },
  );
  for (const name of ["deposit", "redeem", "fulfil", "claim", "transfer", "force", "recover", "cancel"])
    expect(passed.get(name) ?? 0, name).toBeGreaterThan(20);
});

it("both conversions are exact floors, for 10,000 amounts and prices", async () => {
  const drawn = fc.sample(
    fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 24n }), fc.bigInt({ min: 1n, max: 10n ** 30n })),
    10_000,
  );
  for (let from = 0; from < drawn.length; from += 100)
    await Promise.all(
      drawn.slice(from, from + 100).map(async ([value, price]) => {
        expect(await vault.read("unitsFor", value, price)).toBe((value * ONE * 10_000n) / (price * 100n));
        expect(await vault.read("cashFor", value, price)).toBe((value * price * 100n) / (ONE * 10_000n));
      }),
    );
});
