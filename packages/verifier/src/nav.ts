// The price the date deals at: the hash of the frozen inputs, the arithmetic from them to each class, and who approved it (R4).
import { exact, minus, nearest, ONE, order, over, plus, same, shortest, shown, sum, times, ZERO } from "./exact.ts";
import { figure, type Json, rows, word } from "./policy.ts";
import type { DealRecord, Finding, RecordedStrike } from "./record.ts";
import { wrongSeries } from "./series.ts";
import { hex, sha256 } from "./sha256.ts";

type Input = RecordedStrike["inputs"][number];

/** Texts by their bytes, as the database's collation C has them. */
const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What a mark was rolled forward from, as it was hashed. */
const rolledText = ({ rolled }: Input): string[] =>
  rolled === null
    ? []
    : [
        shortest(rolled.mark),
        shortest(rolled.beta),
        rolled.series,
        shortest(rolled.indexAtMark),
        shortest(rolled.indexNow),
        ...(rolled.payments === undefined ? [] : [paymentsText(rolled.payments)]),
      ];

type Payments = NonNullable<NonNullable<Input["rolled"]>["payments"]>;

/** By day, amount and index: day,amount,index with semicolons between. */
function paymentsText(payments: Payments): string {
  return [...payments]
    .sort(
      (a, b) => bytes(a.on, b.on) || order(exact(a.amount), exact(b.amount)) || order(exact(a.index), exact(b.index)),
    )
    .map((paid) => `${paid.on},${shortest(paid.amount)},${shortest(paid.index)}`)
    .join(";");
}

/** R5: mark × (1 + beta × (index now / index then − 1)), and each payment since alike from its day, half up at the minor unit. */
function isRolled({ value, rolled }: Input, cashDp: number): boolean {
  if (rolled === null) return true;
  const { mark, beta, indexAtMark, indexNow, payments = [] } = rolled;
  const carried = (amount: string, index: string) =>
    times(exact(amount), plus(ONE, times(exact(beta), minus(over(exact(indexNow), exact(index)), ONE))));
  const rolledTo = sum([carried(mark, indexAtMark), ...payments.map(({ amount, index }) => carried(amount, index))]);
  return same(nearest(rolledTo, cashDp), exact(value));
}

/** One line per input, in the order of kind, label, asset, value and source. */
export function inputsHash(inputs: readonly Input[]): string {
  const compare = (a: Input, b: Input): number => {
    const [left, right] = [exact(a.value), exact(b.value)];
    const values = left.n * right.d - right.n * left.d;
    return (
      bytes(a.kind, b.kind) ||
      bytes(a.label, b.label) ||
      // no asset stands behind every asset
      (a.assetId === b.assetId
        ? 0
        : a.assetId === null
          ? 1
          : b.assetId === null
            ? -1
            : a.assetId < b.assetId
              ? -1
              : 1) ||
      (values < 0n ? -1 : values > 0n ? 1 : 0) ||
      bytes(a.source, b.source)
    );
  };
  const lines = [...inputs]
    .sort(compare)
    .map((row) =>
      [
        row.kind,
        row.label,
        row.assetId ?? "",
        shortest(row.value),
        row.asOf,
        row.source,
        row.blockedBy ?? "",
        ...rolledText(row),
      ].join("|"),
    );
  return hex(sha256(lines.join("\n")));
}

export function checkNav(record: DealRecord): Finding[] {
  const { strike, fundId, cashDp, currency } = record;
  const names = ["NAV inputs", "NAV", "NAV per unit", "approvals"];
  if (strike === null) return names.map((check) => ({ check, ok: null, says: "the inputs have not been frozen" }));
  const hash = inputsHash(strike.inputs);
  const astray = strike.inputs.find((row) => !isRolled(row, cashDp));
  const inputs: Finding = {
    check: "NAV inputs",
    ok: hash === strike.inputsHash && astray === undefined,
    says:
      astray !== undefined
        ? `${astray.label} is not its mark rolled forward by its index`
        : hash === strike.inputsHash
          ? `${strike.inputs.length} inputs have the hash that was frozen, ${hash}`
          : `the inputs have the hash ${hash}, and ${strike.inputsHash} was frozen`,
  };
  if (strike.nav === null)
    return [inputs, ...names.slice(1).map((check) => ({ check, ok: null, says: "the NAV has not been proposed" }))];
  const money = (text: string | null): string =>
    text === null ? "nothing" : `${shown(exact(text), cashDp)} ${currency}`;
  const of = (...kinds: string[]) =>
    sum(strike.inputs.filter((row) => kinds.includes(row.kind)).map((row) => exact(row.value)));
  const total = of("asset", "cash", "receivable");
  const owed = of("debt", "payable", "accrual");
  const nav = minus(minus(total, owed), exact(strike.performanceFee ?? "0"));
  const parts: [string, string | null, typeof total][] = [
    ["total assets", strike.totalAssets, total],
    ["liabilities", strike.liabilities, owed],
    ["NAV before the performance fee", strike.gnav, minus(total, owed)],
    ["NAV", strike.nav, nav],
  ];
  const wrong = parts.find(([, stored, computed]) => stored === null || !same(exact(stored), computed));
  return [
    inputs,
    {
      check: "NAV",
      ok: wrong === undefined,
      says:
        wrong === undefined
          ? `${money(strike.totalAssets)} − ${money(strike.liabilities)} − performance fee ${money(strike.performanceFee)} = ${money(strike.nav)}`
          : `the inputs give ${wrong[0]} of ${shown(wrong[2], cashDp)} ${currency}, recorded is ${money(wrong[1])}`,
    },
    checkClasses(record, strike, money),
    checkApprovals({ strike, fundId }),
  ];
}

function checkClasses(record: DealRecord, strike: RecordedStrike, money: (text: string) => string): Finding {
  const check = "NAV per unit";
  const total = sum(strike.classes.map((row) => exact(row.nav)));
  if (!same(total, exact(strike.nav ?? "0")))
    return {
      check,
      ok: false,
      says: `the classes add up to ${money(shown(total).replaceAll(",", ""))}, the fund has ${money(strike.nav ?? "0")}`,
    };
  const wrong = strike.classes.find((row) => {
    const units = exact(row.units);
    // a class without units deals at its issue price
    return !same(units, ZERO) && !same(nearest(over(exact(row.nav), units), row.priceDp), exact(row.navPerUnit));
  });
  const text = (row: RecordedStrike["classes"][number]): string =>
    `class ${row.classCode} ${money(row.nav)} / ${shown(exact(row.units), row.unitsDp)} units = ${shown(exact(row.navPerUnit), row.priceDp)}`;
  for (const row of strike.classes) {
    const says = wrong === undefined ? wrongSeries(record, row) : null;
    if (says !== null) return { check, ok: false, says: `class ${row.classCode}: ${says}` };
  }
  return wrong === undefined
    ? { check, ok: true, says: strike.classes.map(text).join(", ") }
    : { check, ok: false, says: `not right: ${text(wrong)}` };
}

/** JSON as the database writes a jsonb: keys by length and then by their bytes, a space behind colon and comma. */
export function jsonbText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).sort(
    ([a], [b]) => Buffer.byteLength(a) - Buffer.byteLength(b) || Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  return `{${pairs.map(([key, part]) => `${JSON.stringify(key)}: ${jsonbText(part)}`).join(", ")}}`;
}

/** "2026-01-30 12:00:00.12+00" → "2026-01-30T12:00:00.120000Z", the way in which it was hashed. */
function microseconds(timestamp: string): string {
  const [, day = "", time = "", digits = ""] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?/.exec(timestamp) ?? [];
  return `${day}T${time}.${digits.padEnd(6, "0")}Z`;
}

/** Enough different people, none of them who proposed or asked, approved the hash of these very figures over these very inputs. */
function checkApprovals({ strike, fundId }: { strike: RecordedStrike; fundId: string }): Finding {
  const check = "approvals";
  const { proposal, state } = strike;
  if (proposal === null || state === "provisional") return { check, ok: null, says: "the NAV has not been struck" };
  const { proposalId, kind, body, inputs, expiresAt } = proposal;
  const whole = { proposal_id: proposalId, fund_id: fundId, kind, body, inputs, expires_at: microseconds(expiresAt) };
  const hash = hex(sha256(jsonbText(whole)));
  if (hash !== proposal.hash)
    return { check, ok: false, says: `the proposal has the hash ${hash}, and ${proposal.hash} was approved` };
  const figures = (body ?? {}) as Json;
  if (word((inputs ?? {}) as Json, "inputs_hash") !== strike.inputsHash)
    return { check, ok: false, says: "what was approved was not about these inputs" };
  const parts: [string, string | null][] = [
    ["total_assets", strike.totalAssets],
    ["liabilities", strike.liabilities],
    ["gnav", strike.gnav],
    ["nav", strike.nav],
    ...strike.classes.map((row): [string, string] => [row.classId, row.navPerUnit]),
  ];
  const prices = new Map(
    rows(figures, "classes").map((row) => [word(row, "share_class_id"), figure(row, "nav_per_unit")]),
  );
  const wrong = parts.find(([name, stored]) => {
    const approved = prices.get(name) ?? figure(figures, name);
    return stored === null || approved === null || !same(approved, exact(stored));
  });
  if (wrong !== undefined)
    return {
      check,
      ok: false,
      says: `what was approved has another ${wrong[0].replace("_", " ")} than what was struck`,
    };
  const people = new Set(
    proposal.approvals
      .filter((row) => row.decision === "approved" && row.hash === proposal.hash)
      .map((row) => `user:${row.by}`)
      .filter((name) => name !== proposal.proposedBy && name !== proposal.requestedBy),
  );
  const needed = Math.max(2, proposal.approvalsNeeded);
  return {
    check,
    ok: people.size >= needed,
    says:
      people.size >= needed
        ? `${people.size} people who did not propose it approved these figures, hash ${proposal.hash}`
        : `${people.size} of ${needed} people approved the hash ${proposal.hash}`,
  };
}
