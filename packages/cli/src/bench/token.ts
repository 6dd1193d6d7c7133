// `bench token`: allocations settled on a local chain in batches against one transaction each, by gas and by time; a register of many holders
// held against the chain. Synthetic wallets. What was settled is read back from the chain before any figure counts.
import { performance } from "node:perf_hooks";
import { openHolderBook, reconcileUnits } from "@evergreen-fund/chain";
import { openContractHouse } from "@evergreen-fund/contracts/house.ts";
import type { RunBench } from "../commands/bench.ts";
import { describeMachine } from "./frame/machine.ts";
import { answerOf, type Check } from "./frame/report.ts";
import { alternate, median, type Round } from "./frame/rounds.ts";

const FULL = { allocations: 5_000, batch: 100, holders: 1_000_000, rounds: 3 };
const QUICK = { allocations: 40, batch: 10, holders: 20_000, rounds: 1 };
/** Seconds that holding the register against the chain may take. */
const FLOOR = 10;
const ONE = 10n ** 18n;
const CASH = 100_000n;
const UNITS = 10_000_000n;
type Hex = `0x${string}`;

const hex = (value: number, bytes: number): Hex => `0x${value.toString(16).padStart(bytes * 2, "0")}`;
const walletOf = (index: number): Hex => hex(0xe0_0000_0000 + index, 20);

export const run: RunBench = async ({ quick, progress }) => {
  const plan = quick ? QUICK : FULL;
  const machine = await describeMachine();
  const gas = { batches: 0n, single: 0n };
  const settled: boolean[] = [];
  let [settling, reconciling]: [Round[], Round[]] = [[], []];
  const measure = (size: number, name: keyof typeof gas) => async () => {
    const day = await openAllocatedDay(plan.allocations);
    const start = performance.now();
    gas[name] = await day.settle(size);
    const seconds = (performance.now() - start) / 1_000;
    settled.push(await day.isSettled());
    return seconds;
  };
  await progress("settling", async ({ say }) => {
    settling = await alternate(
      [
        { name: "batches, seconds", measure: measure(plan.batch, "batches") },
        { name: "one each, seconds", measure: measure(1, "single") },
      ],
      plan.rounds,
      say,
    );
  });
  const book = bookOf(plan.holders);
  const lines = registerOf(plan.holders);
  const outstanding = UNITS * BigInt(plan.holders);
  const reconcile = () => reconcileUnits(lines, book.units, outstanding);
  const found = reconcile();
  const checks = [allSettled(settled), balanced(found), breakFound(plan.holders)];
  await progress("reconciling", async ({ say }) => {
    reconciling = await alternate(
      [
        {
          name: "reconciled, seconds",
          measure: async () => {
            const start = performance.now();
            reconcile();
            return (performance.now() - start) / 1_000;
          },
        },
      ],
      plan.rounds,
      say,
    );
  });
  const speed = settling.map(
    ({ figures }) => (figures["one each, seconds"] ?? Number.NaN) / (figures["batches, seconds"] ?? Number.NaN),
  );
  const seconds = reconciling.map(({ figures }) => figures["reconciled, seconds"] ?? Number.NaN);
  const cheaper = Number((gas.single * 1_000n) / gas.batches) / 1_000;
  return answerOf({
    name: "token",
    quick,
    machine,
    findings: [
      {
        what: `gas of ${plan.allocations} allocations and claims, one each over batches of ${plan.batch}`,
        ratio: { median: cheaper, low: cheaper, high: cheaper },
        sense: "least",
        figures: `${gas.batches} against ${gas.single} gas`,
      },
      {
        what: "time of the same on the local chain, one each over batches",
        ratio: { median: median(speed), low: Math.min(...speed), high: Math.max(...speed) },
        sense: "least",
        figures: `${plan.allocations} allocations`,
      },
      {
        what: `register of ${plan.holders} holders against the chain, seconds`,
        ratio: { median: median(seconds), low: Math.min(...seconds), high: Math.max(...seconds) },
        ...(quick ? {} : { floor: FLOOR }),
        sense: "most",
        figures: `${Math.round(plan.holders / median(seconds) / 1_000)} k holders/s`,
      },
    ],
    checks,
    absent: [],
    rounds: { settling, reconciling },
    details: plan,
  });
};

/** A dealing day on a fresh chain with every order pending and the price struck. */
export async function openAllocatedDay(allocations: number) {
  const { admin, gate, share, vault } = await openContractHouse();
  const day = 20_261_122n;
  const wallets = Array.from({ length: allocations }, (_, index) => walletOf(index));
  await vault.send(admin, "openDay", day);
  for (let from = 0; from < allocations; from += 200)
    await vault.send(admin, "keep", wallets.slice(from, from + 200), admin, hex(7, 32));
  for (const [index, wallet] of wallets.entries()) {
    await gate.send(admin, "issue", wallet, hex(index + 1, 32), 1_990_000_000n);
    await vault.send(admin, "requestDeposit", CASH, wallet);
  }
  await vault.send(admin, "strike", day, ONE, ONE);
  return {
    /** Allocates and claims `size` at a time. @returns gas. */
    settle: async (size: number): Promise<bigint> => {
      let gas = 0n;
      for (let from = 0; from < allocations; from += size) {
        const some = wallets.slice(from, from + size);
        gas += (
          await vault.send(
            admin,
            "fulfilDeposits",
            day,
            some,
            some.map(() => UNITS),
          )
        ).gas;
        gas += (await vault.send(admin, "claimUnits", day, some)).gas;
      }
      return gas;
    },
    isSettled: async () =>
      (await share.read<bigint>("totalSupply")) === UNITS * BigInt(allocations) &&
      (await vault.read<bigint>("claimableUnitsTotal")) === 0n,
  };
}

function bookOf(holders: number) {
  const book = openHolderBook();
  for (let block = 0; block * 10_000 < holders; block += 1) {
    const size = Math.min(10_000, holders - block * 10_000);
    const changes = Array.from({ length: size }, (_, index) => [walletOf(block * 10_000 + index), UNITS] as const);
    book.apply({ number: BigInt(block), hash: `${block}`, parentHash: `${block - 1}`, changes });
  }
  return book;
}

const registerOf = (holders: number) =>
  Array.from({ length: holders }, (_, index) => ({ wallet: walletOf(index), units: UNITS }));

export function allSettled(settled: readonly boolean[]): Check {
  return {
    what: "after every run the chain holds every unit and nothing is left to claim",
    ok: settled.length > 0 && settled.every(Boolean),
    seen: `${settled.filter(Boolean).length} of ${settled.length} runs`,
  };
}

export function balanced(found: { balanced: boolean; breaks: readonly unknown[] }): Check {
  return {
    what: "a register that agrees is found to agree",
    ok: found.balanced,
    seen: `${found.breaks.length} breaks`,
  };
}

/** One unit too many in one wallet is found, and nothing else. */
export function breakFound(holders: number, units: bigint = UNITS + 1n): Check {
  const lines = registerOf(holders);
  const at = holders >> 1;
  lines[at] = { wallet: walletOf(at), units };
  const { breaks } = reconcileUnits(lines, bookOf(holders).units, UNITS * BigInt(holders) + 1n);
  return {
    what: "one base unit too many in one wallet is the one break",
    ok: breaks.length === 1 && breaks[0]?.wallet === walletOf(at),
    seen: breaks.map(({ kind }) => kind).join(", "),
  };
}
