// Parity of rule packs and the token: what the contracts allow on a real local EVM, the engine allows, and the reverse, for 10,000 random transfers between random parties.
// Synthetic parties; nothing of them but a random reference and a last second is on the chain.
import { readFile } from "node:fs/promises";
import {
  compilePack,
  compileToken,
  type Facts,
  liveLimits,
  type RulePack,
  readPack,
  readPackText,
  SIDES,
} from "@evergreen-fund/compliance-rules";
import { openLocalChain } from "@evergreen-fund/contracts";
import { actAs, openContractHouse, role } from "@evergreen-fund/contracts/house.ts";
import fc from "fast-check";
import { type Address, encodeFunctionData, type Hex, toHex } from "viem";
import { describe, expect, it, vi } from "vitest";

// one call of the engine and one of the chain a pair: bounds a run on a busy machine, judges nothing
vi.setConfig({ testTimeout: 600_000 });
const NOW = 1_800_000_000;
const TODAY = new Date(NOW * 1_000).toISOString().slice(0, 10);
const DAY = 86_400;
const dayAt = (days: number): string => new Date((NOW + days * DAY) * 1_000).toISOString().slice(0, 10);

const head = { version: 1, effectiveFrom: "2020-01-01", sets: {}, bases: {}, title: "Synthetic", examples: [] };
const rule = (id: string, given: object) => ({
  id,
  words: id,
  outcome: "block_and_review",
  source: "synthetic",
  evidence: "practice",
  on: ["order"],
  ...given,
});
const kyc = rule("kyc", {
  require: {
    all: [
      { fact: "investor.kycStatus", eq: "approved" },
      { age: { of: "investor.kycValidUntil", in: "days" }, lte: "0" },
    ],
  },
});
const countries = rule("countries", {
  on: ["order", "investor"],
  when: { country: { of: "investor.residence", in: ["IR", "KP"] } },
  outcome: "decline",
});
const kinds = rule("kinds", { require: { classification: ["professional", "qualified"] } });
const owners = rule("owners", {
  when: { count: { of: "owners", where: { fact: "item.screening", eq: "refused" } }, gt: "0" },
});
const least = rule("least", {
  where: { fact: "order.kind", eq: "transfer" },
  require: { fact: "transfer.leastHolding", gte: "10" },
});
const most = rule("most", {
  where: { fact: "order.kind", eq: "transfer" },
  require: { fact: "transfer.heldAfter", lte: "400" },
});
const small = rule("small", {
  where: { fact: "order.kind", eq: "transfer" },
  require: { fact: "transfer.units", gte: "2.5" },
});
const lockUp = rule("lock-up", {
  where: { fact: "order.kind", eq: "transfer" },
  require: { fact: "transfer.daysHeld", gte: "30" },
});
const never = rule("never", { when: { fact: "order.kind", eq: "transfer" } });
const deposits = rule("deposits", {
  where: { fact: "order.direction", eq: "subscription" },
  require: { fact: "order.amount", gte: "1" },
});
const ALL = [kyc, countries, kinds, owners, least, most, small, lockUp];

/** A pack of these rules; that each is seen to fire by an example is asked of packs that go live, not of these. */
function packOf(...rules: object[]): RulePack {
  const { pack, problems } = readPack({
    ...head,
    pack: "synthetic",
    rules,
    examples: [
      {
        name: "none",
        on: "fund",
        asOf: TODAY,
        outcome: "approve",
        fires: (rules as { id: string }[]).map(({ id }) => id),
      },
    ],
  });
  if (pack === undefined) throw new Error(JSON.stringify(problems));
  return pack;
}

interface Party {
  facts: Facts;
  wallet: Address;
  units: bigint;
  receivedDaysAgo: number;
}
const UNIT = 10_000n;
const text = (base: bigint): string => `${base / UNIT}.${(base % UNIT).toString().padStart(4, "0")}`;

const party = fc.record({
  status: fc.constantFrom("approved", "approved", "approved", "approved", "approved", "expired"),
  until: fc.integer({ min: -1, max: 5 }),
  residence: fc.constantFrom("LU", "DE", "FR", "LU", "DE", "FR", "IR"),
  kind: fc.constantFrom("professional", "qualified", "professional", "retail"),
  refused: fc.constantFrom(false, false, false, false, true),
  units: fc.oneof(fc.bigInt({ min: 1n, max: 30n * UNIT }), fc.bigInt({ min: 1n, max: 390n * UNIT })),
  days: fc.constantFrom(0, 29, 30, 31, 400),
});

/** Parties on a fresh chain: their claims as compiled, their units and when they came, and the limits. */
async function arranged(parameters: ReturnType<typeof compileToken>, count: number, seed: number) {
  const chain = await openLocalChain({ startsAt: NOW - 500 * DAY });
  const { gate, share, admin } = await openContractHouse(4, 2, chain);
  await share.send(admin, "grantRole", role("VAULT"), admin);
  const drawn = fc.sample(party, { numRuns: count, seed }).map((one, index) => ({ ...one, index }));
  const parties: Party[] = [];
  for (const one of drawn.sort((a, b) => b.days - a.days)) {
    const wallet = await actAs(chain, toHex(0xdd0001 + one.index, { size: 20 }) as Address);
    await chain
      .request("evm_setNextBlockTimestamp", [toHex(Math.max(NOW - one.days * DAY, (await nowOf(chain)) + 1))])
      .catch(() => {});
    const facts: Facts = {
      investor: {
        kycStatus: one.status,
        kycValidUntil: dayAt(one.until),
        residence: one.residence,
        classification: one.kind,
      },
      owners: [{ screening: one.refused ? "refused" : "clear" }],
    };
    await gate.send(admin, "issue", wallet, toHex(one.index + 1, { size: 32 }), BigInt(NOW + 9 * DAY));
    await share.send(admin, "mint", wallet, one.units);
    parties.push({ facts, wallet, units: one.units, receivedDaysAgo: one.days });
  }
  const limits = { ...parameters.limits };
  await share.send(admin, "setLimits", limits);
  for (const { facts, wallet } of parties) {
    const until = parameters.claimUntil(facts, { asOf: TODAY });
    const index = parties.findIndex((one) => one.wallet === wallet);
    const ref = (await gate.read<readonly [Hex, bigint]>("claimOf", wallet))[0];
    if (until === null || until < BigInt(await nowOf(chain))) await gate.send(admin, "revoke", wallet);
    else await gate.send(admin, "issue", wallet, ref, until);
    expect(index).toBeGreaterThanOrEqual(0);
  }
  // every pair is looked at in one moment, a little after the newest units came
  await chain.request("evm_setNextBlockTimestamp", [toHex(NOW + 3_600)]);
  await chain.request("evm_mine");
  const received = new Map<Address, bigint>();
  for (const { wallet } of parties) received.set(wallet, await share.read<bigint>("lastReceived", wallet));
  return { chain, share, parties, received };
}
const nowOf = async (chain: Awaited<ReturnType<typeof openLocalChain>>): Promise<number> =>
  Number((await chain.request<{ timestamp: Hex }>("eth_getBlockByNumber", ["latest", false])).timestamp);

const ABI = [
  {
    type: "function",
    name: "transfer",
    stateMutability: "nonpayable",
    inputs: [
      { name: "to", type: "address" },
      { name: "value", type: "uint256" },
    ],
    outputs: [{ type: "bool" }],
  },
] as const;

/** How often chain and engine disagree, and how often both allow. */
async function compared(
  packs: readonly RulePack[],
  parameters: ReturnType<typeof compileToken>,
  pairs: number,
  seed: number,
) {
  const { chain, share, parties, received } = await arranged(parameters, 40, seed);
  const engine = packs.map(compilePack);
  const now = BigInt(await nowOf(chain));
  const draws = fc.sample(
    fc.record({
      from: fc.nat({ max: 39 }),
      to: fc.nat({ max: 39 }),
      how: fc.integer({ min: 0, max: 3 }),
      part: fc.integer({ min: 1, max: 1_000 }),
      edge: fc.constantFrom(-1n, 0n, 1n),
    }),
    { numRuns: pairs, seed: seed + 1 },
  );
  const counts = { looser: 0, stricter: 0, allowed: 0 };
  for (let at = 0; at < draws.length; at += 200)
    await Promise.all(
      draws.slice(at, at + 200).map(async ({ from, to: drawn, how, part, edge }) => {
        const to = drawn === from ? (drawn + 1) % 40 : drawn;
        const [sender, recipient] = [parties[from] as Party, parties[to] as Party];
        // parts of what there is, all of it, and sizes that lie at a limit or one base unit beside it
        const wished = [
          (sender.units * BigInt(part)) / 1_000n,
          sender.units,
          sender.units - 10n * UNIT + edge,
          400n * UNIT - recipient.units + edge,
        ][how] as bigint;
        const units = wished < 1n ? 1n : wished > sender.units ? sender.units : wished;
        const left = sender.units - units;
        const after = recipient.units + units;
        const transfer = {
          units: text(units),
          heldAfter: text(after),
          leastHolding: text(left !== 0n && left < after ? left : after),
          daysHeld: String((now - (received.get(sender.wallet) ?? 0n)) / 86_400n),
        };
        const allowed = [recipient, sender].every((side, i) =>
          engine.every(({ judge }) => {
            const facts = { ...side.facts, order: { kind: "transfer", direction: SIDES[i], amount: "1" }, transfer };
            return (["order", "investor"] as const).every(
              (subject) => judge(subject, facts, { asOf: TODAY }).outcome === "approve",
            );
          }),
        );
        const data = encodeFunctionData({ abi: ABI, functionName: "transfer", args: [recipient.wallet, units] });
        const onChain = await chain
          .request("eth_call", [{ from: sender.wallet, to: share.address, data }, "latest"])
          .then(
            () => true,
            () => false,
          );
        if (onChain && !allowed) counts.looser += 1;
        if (!onChain && allowed) counts.stricter += 1;
        if (onChain && allowed) counts.allowed += 1;
      }),
    );
  return counts;
}

describe("rules and token", () => {
  it.each([
    ["all rules", ALL],
    ["parties alone", [kyc, countries, kinds]],
    ["limits alone", [kyc, least, most, small, lockUp]],
    [
      "owners and a rule for deposits, which no transfer meets",
      [kyc, owners, { ...deposits, where: { fact: "order.kind", eq: "plain" } }, small],
    ],
  ])("agree over 2,500 transfers: %s", async (_name, rules) => {
    const packs = [packOf(...rules)];
    const { looser, stricter, allowed } = await compared(packs, compileToken(packs, 4), 2_500, rules.length);
    expect({ looser, stricter }).toEqual({ looser: 0, stricter: 0 });
    // a property over transfers that are never allowed says nothing
    expect(allowed).toBeGreaterThan(100);
  });

  it.each(ALL.filter(({ id }) => id !== "kyc").map((one) => [one.id, one]))(
    "the difference is seen when %s is dropped from what is compiled",
    async (_id, dropped) => {
      const packs = [packOf(...ALL)];
      const weaker = compileToken([packOf(...ALL.filter((one) => one !== dropped))], 4);
      const { looser, stricter } = await compared(packs, weaker, 600, 8);
      expect(looser).toBeGreaterThan(0);
      expect(stricter).toBe(0);
    },
  );

  it("a pack that forbids transfers makes a token that cannot be transferred", async () => {
    const packs = [packOf(kyc, never)];
    expect(compileToken(packs, 4).limits.transferable).toBe(false);
    expect(await compared(packs, compileToken(packs, 4), 200, 3)).toEqual({ looser: 0, stricter: 0, allowed: 0 });
  });

  it("what a token cannot say is refused by name", async () => {
    const named =
      (...rules: object[]) =>
      () =>
        compileToken([packOf(...rules)], 4);
    expect(named(countries)).toThrow(/no rule ends an order with the last day of KYC/);
    expect(named(kyc, deposits)).toThrow(/synthetic\/deposits \(order\.amount, order\.direction\)/);
    expect(named(kyc, { ...kinds, where: { fact: "order.kind", eq: "transfer" } })).toThrow(/synthetic\/kinds/);
    expect(named(kyc, { ...small, require: { fact: "transfer.units", gte: "0.00001" } })).toThrow(/synthetic\/small/);
    expect(named(kyc, { ...most, require: { fact: "transfer.heldAfter", gte: "5" } })).toThrow(/synthetic\/most/);
    expect(named(kyc, { ...lockUp, effectiveFrom: "2030-01-01" })).toThrow(/synthetic\/lock-up/);
    expect(named({ ...kyc, require: { age: { of: "investor.kycValidUntil", in: "days" }, lte: "30" } })).toThrow(
      /synthetic\/kyc/,
    );
    // of the shipped packs the limit over many orders and what needs a birthday
    const shipped = async (name: string) =>
      readPackText(await readFile(`${import.meta.dirname}/../../../policies/rules/${name}.yaml`, "utf8"), name)
        .pack as RulePack;
    const packs = [await shipped("aml-basics"), await shipped("concentration-eligibility")];
    expect(() => compileToken(packs, 4)).toThrow(
      /aml-basics\/minor .*concentration-eligibility\/semi-professional-minimum/,
    );
  });

  it("live limits are those that a limit or a clearance can hold; what neither says takes transfers away", () => {
    const free = { minHolding: 0n, maxHolding: 0n, minTransfer: 0n, lockUp: 0n, transferable: true };
    const live = (...rules: object[]) => liveLimits([packOf(...rules)], 4, TODAY);
    expect(liveLimits([], 4, TODAY)).toEqual({ limits: free, unsaid: [] });
    const limits = { ...free, minHolding: 100_000n, maxHolding: 4_000_000n, minTransfer: 25_000n };
    expect(live(kyc, least, most, small, lockUp)).toEqual({
      limits: { ...limits, lockUp: BigInt(30 * DAY) },
      unsaid: [],
    });
    // of whom a claim says nothing: of which kind, from where, and who stands behind
    expect(live(kyc, least, most, small, kinds, countries, owners)).toEqual({
      limits: { ...limits, transferable: false },
      unsaid: [
        expect.stringMatching(/^synthetic\/kinds /),
        expect.stringMatching(/^synthetic\/countries /),
        "synthetic/owners (list owners)",
      ],
    });
    // what is asked of applicants alone is asked before there is a claim
    expect(live(kyc, { ...countries, on: ["investor"] })).toEqual({ limits: free, unsaid: [] });
    expect(live({ ...kyc, require: { fact: "investor.kycStatus", eq: "pending" } }).limits.transferable).toBe(false);
    expect(live(kyc, deposits).unsaid).toEqual(["synthetic/deposits (order.amount, order.direction)"]);
  });

  it("a claim ends with the last second of KYC, or before a rule that comes later", () => {
    const facts: Facts = {
      investor: { kycStatus: "approved", kycValidUntil: "2027-03-01", residence: "LU", classification: "professional" },
    };
    const until = (...rules: object[]) => compileToken([packOf(...rules)], 4).claimUntil(facts, { asOf: "2027-01-15" });
    expect(until(kyc)).toBe(BigInt(Date.parse("2027-03-02T00:00:00Z") / 1_000 - 1));
    expect(until(kyc, { ...kinds, effectiveFrom: "2027-02-01" })).toBe(
      BigInt(Date.parse("2027-02-01T00:00:00Z") / 1_000 - 1),
    );
    expect(until(kyc, { ...kinds, require: { classification: ["retail"] } })).toBeNull();
  });
});
