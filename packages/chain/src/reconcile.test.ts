// Holders read from a real chain, back over a reorganisation, and held against a register; each kind of break is found by name.
import { randomUUID } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Address } from "viem";
import { expect, it } from "vitest";
import { openHolderBook } from "./holder-book.ts";
import { checkedKey, keyFromFile } from "./key-file.ts";
import { readBlocks } from "./read-blocks.ts";
import { reconcileUnits } from "./reconcile.ts";
import { openTestClass } from "./test-class.ts";

/** Of the properties of the mirror. */
const RUNS = 10_000;
const ONE = "0xaa00000000000000000000000000000000000001" as Address;
const TWO = "0xaa00000000000000000000000000000000000002" as Address;

it("follows the chain block by block and over a reorganisation", async () => {
  const test = await openTestClass();
  const node = { url: test.settings.url, share: test.on.share, vault: test.on.vault };
  const day = 20_261_122n;
  const act = (...calls: Parameters<typeof test.door.settle>[0]["calls"]) =>
    test.door.settle({ actionId: randomUUID(), calls });
  await act(test.issue(ONE), test.issue(TWO), test.openDay(day), test.deposit(ONE, 100n), test.deposit(TWO, 200n));
  await act(test.strike(day, 10n ** 18n));
  const fork = await test.chain.request("evm_snapshot");
  const common = await test.head();
  await act(test.allocate(day, [ONE, TWO], [10_000n, 20_000n]));
  await test.mine(11);
  const book = openHolderBook();
  for (const block of await readBlocks(node, 0n, await test.head())) book.apply(block);
  expect(Object.fromEntries(book.units)).toEqual({ [ONE]: 10_000n, [TWO]: 20_000n });
  expect(book.total).toBe(await test.onChain());
  const lines = [
    { wallet: ONE, units: 10_000n },
    { wallet: TWO, units: 20_000n },
    { wallet: undefined, units: 5n },
  ];
  expect(reconcileUnits(lines, book.units, 30_005n)).toMatchObject({ balanced: true, onChain: 30_000n, offChain: 5n });

  // twelve blocks are taken back; in the other chain only the first was allocated
  await test.chain.request("evm_revert", [fork]);
  await act(test.allocate(day, [ONE], [10_000n]));
  await test.mine(14);
  const undone = (await readBlocks(node, common + 1n, await test.head())).map((block) => book.apply(block));
  expect(undone[0]).toBe(12);
  expect(Object.fromEntries(book.units)).toEqual({ [ONE]: 10_000n });
  expect(book.total).toBe(await test.onChain());
  expect(reconcileUnits(lines, book.units, 30_005n)).toMatchObject({
    balanced: false,
    breaks: [{ kind: "not_on_chain", wallet: TWO, register: 20_000n, chain: 0n }],
  });
});

it("finds a unit too many, a wallet nobody knows, and lines that do not come to the class's total", () => {
  const chain = new Map<string, bigint>([
    [ONE, 11n],
    [TWO, 7n],
  ]);
  expect(reconcileUnits([{ wallet: ONE, units: 10n }], chain, 18n).breaks).toEqual([
    { kind: "differs", wallet: ONE, register: 10n, chain: 11n },
    { kind: "not_in_register", wallet: TWO, register: 0n, chain: 7n },
  ]);
  const equal = [
    { wallet: ONE, units: 11n },
    { wallet: TWO, units: 7n },
  ];
  expect(reconcileUnits(equal, chain, 18n).balanced).toBe(true);
  expect(reconcileUnits(equal, chain, 19n)).toMatchObject({ balanced: false, breaks: [] });
  expect(reconcileUnits([...equal, { wallet: TWO, units: 7n }], chain, 25n).balanced).toBe(false);
});

it("whatever blocks come and go, the book is what the blocks that stand come to", () => {
  const change = fc.tuple(fc.constantFrom("a", "b", "c"), fc.bigInt({ min: 0n, max: 9n }));
  const step = fc.record({ back: fc.integer({ min: 0, max: 3 }), changes: fc.array(change, { maxLength: 3 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const book = openHolderBook();
      const standing: { number: bigint; hash: string; parentHash: string; changes: [string, bigint][] }[] = [];
      steps.forEach(({ back, changes }, index) => {
        standing.splice(Math.max(1, standing.length - back));
        const parent = standing.at(-1);
        const block = {
          number: (parent?.number ?? 0n) + 1n,
          hash: `h${index}`,
          parentHash: parent?.hash ?? "",
          changes,
        };
        standing.push(block);
        book.apply(block);
        const expected = new Map<string, bigint>();
        for (const { changes: moves } of standing)
          for (const [wallet, by] of moves) expected.set(wallet, (expected.get(wallet) ?? 0n) + by);
        for (const wallet of ["a", "b", "c"])
          if ((book.units.get(wallet) ?? 0n) !== (expected.get(wallet) ?? 0n)) throw new Error(`wallet ${wallet}`);
        if (book.total !== [...expected.values()].reduce((sum, units) => sum + units, 0n)) throw new Error("total");
      });
    }),
    { numRuns: RUNS },
  );
});

it("is in step exactly where every wallet has the units of its line and all come to those of the class; each that differs is named once", () => {
  const wallet = fc.constantFrom<string>("a", "b", "c", "d", "e");
  const units = fc.bigInt({ min: 0n, max: 3n });
  const of = fc.uniqueArray(fc.tuple(wallet, units), { selector: ([name]) => name });
  fc.assert(
    fc.property(
      of,
      of,
      fc.array(units, { maxLength: 2 }),
      fc.bigInt({ min: -1n, max: 1n }),
      (known, drawn, off, by) => {
        // as it mostly is: the chain has what the register says, but for what was drawn
        const held = new Map([...known, ...drawn].filter(([, n]) => n > 0n));
        const lines = [
          ...known.map(([name, n]) => ({ wallet: name, units: n })),
          ...off.map((n) => ({ wallet: undefined, units: n })),
        ];
        const sum = lines.reduce((total, line) => total + line.units, 0n);
        const said = new Map<string, bigint>(known);
        const names = [...new Set([...said.keys(), ...held.keys()])].sort();
        const differ = names.filter((name) => (said.get(name) ?? 0n) !== (held.get(name) ?? 0n));
        const found = reconcileUnits(lines, held, sum + by);
        expect(found.breaks.map((one) => one.wallet)).toEqual(differ);
        expect(found.balanced).toBe(differ.length === 0 && by === 0n);
        if (found.balanced) expect(found.onChain + found.offChain).toBe(found.register);
      },
    ),
    { numRuns: RUNS },
  );
});

it("refuses blocks with a gap, and a wallet below nothing", () => {
  const book = openHolderBook();
  book.apply({ number: 1n, hash: "x", parentHash: "", changes: [["a", 1n]] });
  expect(() => book.apply({ number: 3n, hash: "z", parentHash: "y", changes: [] })).toThrow("went back further");
  expect(() => book.apply({ number: 2n, hash: "y", parentHash: "x", changes: [["a", -2n]] })).toThrow(
    "less than nothing",
  );
  expect(book.units.get("a")).toBe(1n);
});

it("a key comes from a file that its owner alone may read", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "evergreen-key-")), "chain.key");
  await expect(keyFromFile(path)).rejects.toMatchObject({ code: "EG404" });
  await writeFile(path, `${"1f".repeat(32)}\n`, { mode: 0o644 });
  await expect(keyFromFile(path)).rejects.toMatchObject({ code: "EG403" });
  const own = `${path}.own`;
  await writeFile(own, `${"1f".repeat(32)}\n`, { mode: 0o600 });
  expect(await keyFromFile(own)).toBe(`0x${"1f".repeat(32)}`);
  for (const wrong of ["", "0x12", "z".repeat(64), "0".repeat(64)]) expect(() => checkedKey(wrong)).toThrow("32 bytes");
});
