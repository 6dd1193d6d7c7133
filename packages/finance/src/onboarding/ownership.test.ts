// Beneficial owners: the arithmetic of chains against every path walked by hand, circles against their equations, control, trusts, and what is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fraction } from "../fees/fraction.ts";
import { beneficialOwners, type OwnershipInput } from "./ownership.ts";

type Link = OwnershipInput["links"][number];
const own = (owner: string, owned: string, share: string): Link => ({ owner, owned, kind: "ownership", share });
const tie = (owner: string, owned: string, kind: Exclude<Link["kind"], "ownership">): Link => ({ owner, owned, kind });
/** Names in capitals are companies, T… trusts, small letters people. */
const ask = (links: Link[], root = "ROOT", threshold?: string) => {
  const ids = [...new Set([root, ...links.flatMap(({ owner, owned }) => [owner, owned])])];
  const kindOf = (id: string) =>
    id.startsWith("T")
      ? ("trust" as const)
      : id === id.toUpperCase()
        ? ("company" as const)
        : ("natural_person" as const);
  return beneficialOwners({
    root,
    parties: ids.map((id) => ({ id, kind: kindOf(id) })),
    links,
    ...(threshold === undefined ? {} : { threshold }),
  });
};
const found = (links: Link[]) => ask(links).owners.map(({ party, share }) => [party, share]);

describe("chains", () => {
  it("multiply along a path and add over paths", () => {
    const links = [
      own("A", "ROOT", "0.6"),
      own("B", "ROOT", "0.4"),
      own("ada", "A", "0.5"),
      own("ada", "B", "0.25"),
      own("ben", "A", "0.5"),
      own("cy", "B", "0.75"),
    ];
    expect(found(links)).toEqual([
      ["ada", "0.4"],
      ["ben", "0.3"],
      ["cy", "0.3"],
    ]);
    expect(ask(links)).toMatchObject({ explainedShare: "1", circular: false, depth: 2, unexplained: [] });
  });
  it("count a quarter exactly and nothing below it", () => {
    expect(found([own("A", "ROOT", "0.5"), own("ada", "A", "0.5"), own("ben", "A", "0.499999999999999999")])).toEqual([
      ["ada", "0.25"],
    ]);
  });
  it("agree with every path walked by hand", () => {
    // layers: each party is owned by parties of later layers, at random, in hundredths
    const graph = fc.array(fc.record({ from: fc.nat(7), to: fc.nat(7), share: fc.integer({ min: 1, max: 12 }) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(graph, (edges) => {
        const merged = new Map<string, number>();
        for (const { from, to, share } of edges)
          if (from < to) merged.set(`${from}/${to}`, Math.min(12, (merged.get(`${from}/${to}`) ?? 0) + share));
        const name = (n: number) => (n === 0 ? "ROOT" : n >= 5 ? `p${n}` : `C${n}`);
        const links = [...merged].map(([key, share]) => {
          const [owned = 0, owner = 0] = key.split("/").map(Number);
          return own(name(owner), name(owned), `0.${String(share).padStart(2, "0")}`);
        });
        const walk = (at: string, so: Fraction, sums: Map<string, Fraction>): void => {
          for (const link of links.filter(({ owned }) => owned === at)) {
            const next = so.times(Fraction.of(link.share!));
            sums.set(link.owner, (sums.get(link.owner) ?? Fraction.ZERO).plus(next));
            walk(link.owner, next, sums);
          }
        };
        const sums = new Map<string, Fraction>();
        walk("ROOT", Fraction.ONE, sums);
        const answer = ask(links, "ROOT", "0.000000000000000001");
        const people = [...sums].filter(([id]) => id.startsWith("p"));
        expect(new Map(answer.owners.map(({ party, share }) => [party, share]))).toEqual(
          new Map(people.map(([id, share]) => [id, share.ratioText()])),
        );
      }),
    );
  });
  it("of ten thousand links are no deep stack", () => {
    const links = Array.from({ length: 5_000 }, (_, n) => own(`C${n + 1}`, n === 0 ? "ROOT" : `C${n}`, "1"));
    expect(found([...links, own("ada", "C5000", "1")])).toEqual([["ada", "1"]]);
  });
});

describe("circles", () => {
  it("are solved exactly: 0.8·0.9/(1−0.08) and 0.2/(1−0.08)", () => {
    const links = [own("H", "ROOT", "0.8"), own("ROOT", "H", "0.1"), own("ada", "H", "0.9"), own("ben", "ROOT", "0.2")];
    const answer = ask(links, "ROOT", "0.2");
    expect(answer.owners.map(({ party, share }) => [party, share])).toEqual([
      ["ada", "0.782608695652173913"],
      ["ben", "0.217391304347826087"],
    ]);
    expect(answer).toMatchObject({ circular: true, explainedShare: "1" });
  });
  it("lose nothing: where everything is owned, all shares end in people, whatever the circles", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.integer({ min: 1, max: 15 })), { maxLength: 25 }),
        (edges) => {
          const sums = new Map<number, Map<number, number>>();
          for (const [owned, owner, share] of edges) {
            if (owned === owner) continue;
            const row = sums.get(owned) ?? new Map<number, number>();
            row.set(owner, Math.min(15, (row.get(owner) ?? 0) + share));
            sums.set(owned, row);
          }
          const name = (n: number) => (n === 0 ? "ROOT" : `C${n}`);
          const links = Array.from({ length: 6 }, (_, owned) => {
            const row = [...(sums.get(owned) ?? [])];
            const rest = 100 - row.reduce((total, [, share]) => total + share, 0);
            return [
              ...row.map(([owner, share]) => own(name(owner), name(owned), `0.${String(share).padStart(2, "0")}`)),
              own(`p${owned}`, name(owned), (rest / 100).toFixed(2)),
            ];
          }).flat();
          expect(ask(links).explainedShare).toBe("1");
        },
      ),
    );
  });
  it("from which nothing leaves stand for nobody, and are named", () => {
    const answer = ask([own("A", "ROOT", "0.5"), own("B", "A", "1"), own("A", "B", "1"), own("ada", "ROOT", "0.5")]);
    expect(answer).toMatchObject({ closedCircles: [["A", "B"]], explainedShare: "0.5", circular: true });
    expect(answer.owners.map(({ party }) => party)).toEqual(["ada"]);
  });
});

describe("control", () => {
  it("makes an owner without a share, through companies too", () => {
    expect(ask([tie("H", "ROOT", "control"), tie("ada", "H", "control"), own("ben", "ROOT", "1")]).owners).toEqual([
      { party: "ben", share: "1", because: ["control", "ownership"] },
      { party: "ada", share: "0", because: ["control"] },
    ]);
  });
  it("is a chain of majorities too: 0.51³ is below a quarter and controls", () => {
    const links = [own("A", "ROOT", "0.51"), own("B", "A", "0.51"), own("ada", "B", "0.51")];
    expect(ask(links).owners).toEqual([{ party: "ada", share: "0.132651", because: ["control"] }]);
  });
  it("is not half, and not a seat on the board", () => {
    const links = [own("A", "ROOT", "0.4"), own("ada", "A", "0.5"), tie("ben", "ROOT", "director")];
    expect(ask(links).owners).toEqual([]);
  });
});

describe("trusts", () => {
  it("make every part in them an owner, the trust itself asked for or one that matters to a company", () => {
    const parts = [
      tie("sam", "T", "settlor"),
      tie("tess", "T", "trustee"),
      tie("pat", "T", "protector"),
      tie("bea", "T", "beneficiary"),
    ];
    const everybody = ["bea", "pat", "sam", "tess"];
    expect(ask(parts, "T").owners.map(({ party }) => party)).toEqual(everybody);
    expect(ask([own("T", "ROOT", "0.25"), ...parts]).owners.map(({ party }) => party)).toEqual(everybody);
    expect(ask([own("T", "ROOT", "0.24"), ...parts]).owners).toEqual([]);
  });
  it("whose trustee is a company lead to who controls the company", () => {
    expect(ask([tie("TCO", "T", "trustee"), tie("ada", "TCO", "control")], "T").owners).toEqual([
      { party: "ada", share: "0", because: ["trust_party"] },
    ]);
  });
});

it("names who reaches the threshold and of whom nobody knows who stands behind it", () => {
  expect(ask([own("A", "ROOT", "0.3"), own("B", "ROOT", "0.1"), tie("dan", "A", "director")])).toMatchObject({
    owners: [],
    unexplained: ["A"],
  });
  expect(ask([])).toMatchObject({ unexplained: ["ROOT"] });
});

it.each<[string, () => unknown]>([
  [
    "a link to nobody",
    () => beneficialOwners({ root: "A", parties: [{ id: "A", kind: "company" }], links: [tie("x", "A", "control")] }),
  ],
  ["a root that is not listed", () => beneficialOwners({ root: "A", parties: [], links: [] })],
  ["more than the whole", () => ask([own("ada", "ROOT", "0.6"), own("ben", "ROOT", "0.400000000000000001")])],
])("%s is EG400", (_what, call) => {
  expect(call).toThrow(expect.objectContaining({ code: "EG400" }));
});
