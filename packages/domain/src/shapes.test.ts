// The shapes that cross boundaries: amounts, ids, buckets, roles, errors. Each accepts what it says and refuses its neighbours.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUCKET_DAYS, BUCKETS, bucketOf } from "./buckets.ts";
import { ERRORS, type ErrorCode, EvergreenError, EXIT, isErrorCode } from "./errors.ts";
import { EventId, eventIdOf, FundId, RequestId, workflowIdOf } from "./ids.ts";
import { CurrencyCode, DecimalString, MoneyString } from "./money.ts";
import { AGENT_ROLES, ALL_ROLES, actorName, agentRole, PERSON_ROLES, ROOMS } from "./roles.ts";

const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, values: unknown[]): boolean[] =>
  values.map((value) => schema.safeParse(value).success);

describe("money on the wire", () => {
  it.each([
    ["a plain decimal", DecimalString, ["0", "-1", "1234.56", "0.000000000000000001", "9".repeat(38)], true],
    [
      "no decimal",
      DecimalString,
      ["", "1e5", "NaN", "Infinity", "1,000", " 1", "1 ", ".5", "1.", "+1", "--1", "0x10", "٣", 1, null, "1\n"],
      false,
    ],
    ["too fine or too long a decimal", DecimalString, ["0.0000000000000000001", "9".repeat(39)], false],
    ["cash", MoneyString, ["0.0001", "-41349926.0100", "9".repeat(34)], true],
    ["finer than numeric(38,4)", MoneyString, ["0.00001", "9".repeat(35), "1.23456", "1\n", "+1"], false],
    ["a currency", CurrencyCode, ["USD", "KES"], true],
    ["no currency", CurrencyCode, ["usd", "US", "USDT", "US1", "USD\n", ""], false],
  ] as const)("%s", (_what, schema, values, expected) => {
    expect(accepts(schema, [...values])).toEqual(values.map(() => expected));
  });

  it("accepts exactly the decimals of the pattern it names", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 38 });
    const fraction = fc.option(fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 18 }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(
        fc.boolean(),
        digits,
        fraction,
        (negative, whole, part) =>
          DecimalString.safeParse(`${negative ? "-" : ""}${whole}${part === undefined ? "" : `.${part}`}`).success,
      ),
    );
    // a number turned into text may carry an exponent, or be no number at all
    fc.assert(
      fc.property(
        fc.double(),
        (value) => !/[eIN]/.test(String(value)) || !DecimalString.safeParse(String(value)).success,
      ),
    );
  });
});

describe("ids", () => {
  it("a workflow id says its event, and says nothing else", () => {
    fc.assert(fc.property(fc.uuid(), (id) => eventIdOf(workflowIdOf(id)) === id));
    expect([
      eventIdOf("batch/3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69"),
      eventIdOf("event/"),
      eventIdOf("event/1"),
      eventIdOf("xevent/3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69"),
    ]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("are uuids; a request id is a name of 1 to 200 characters", () => {
    expect(accepts(FundId, ["3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69", "KY1", "", null])).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(accepts(EventId, ["d0000000-0000-4000-8000-000000000001"])).toEqual([true]);
    expect(accepts(RequestId, ["x", "x".repeat(200), "", "x".repeat(201)])).toEqual([true, true, false, false]);
  });
});

describe("buckets", () => {
  it("are in order of their days, and the last is open", () => {
    const days = BUCKETS.map((bucket) => BUCKET_DAYS[bucket]);
    expect(days).toEqual([...days].sort((a, b) => a - b));
    expect(days.at(-1)).toBe(Number.POSITIVE_INFINITY);
    expect(Object.keys(BUCKET_DAYS).sort()).toEqual([...BUCKETS].sort());
  });

  it.each([
    ["T+30", "30d"],
    ["T+1", "1d"],
    ["30d", "30d"],
    ["gt365d", "gt365d"],
    ["T+30d", undefined],
    ["T+31", undefined],
    ["30", undefined],
    ["", undefined],
    ["toString", undefined],
  ])("%s is %s", (alias, bucket) => {
    expect(bucketOf(alias)).toBe(bucket);
  });
});

describe("roles", () => {
  it("there are four kinds of person, one role per room, and no role twice", () => {
    expect(PERSON_ROLES).toHaveLength(4);
    expect(AGENT_ROLES).toEqual(ROOMS.map(agentRole));
    expect(new Set(ALL_ROLES).size).toBe(ALL_ROLES.length);
    for (const role of ALL_ROLES) expect(role).toMatch(/^[a-z][a-z_]*$/);
  });

  it.each([
    [{ role: "pm_role", userId: "3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69" }, "user:3c0b4a86-4a0e-4d57-8a0e-1f2d3c4b5a69"],
    [{ role: agentRole("liquidity-engine") }, "agent:liquidity-engine"],
    [{ role: "service_role" }, "service"],
    [{ role: "demo_role" }, "demo"],
  ] as const)("%o is %s in the audit trail", (actor, name) => {
    expect(actorName(actor)).toBe(name);
  });
});

describe("errors", () => {
  const codes = Object.keys(ERRORS) as ErrorCode[];

  it("each has a name of its own, a sentence and an exit code", () => {
    expect(new Set(codes.map((code) => ERRORS[code].name)).size).toBe(codes.length);
    for (const code of codes) {
      expect(code).toMatch(/^EG\d{3}$/); // five characters: it is a SQLSTATE too
      expect(ERRORS[code].meaning).toMatch(/^[A-Z].*\.$/);
      expect(Object.values(EXIT)).toContain(ERRORS[code].exit);
      expect(ERRORS[code].exit).not.toBe(EXIT.ok);
    }
  });

  it("only what passes by itself is worth trying again unchanged: a missing service, an open incident", () => {
    expect(codes.filter((code) => new EvergreenError(code, "x").retryable)).toEqual(["EG433", "EG503"]);
  });

  it("knows its codes and no others, whatever is asked", () => {
    expect(codes.every(isErrorCode)).toBe(true);
    expect([
      isErrorCode("EG999"),
      isErrorCode("toString"),
      isErrorCode(400),
      isErrorCode(null),
      isErrorCode("eg400"),
    ]).toEqual([false, false, false, false, false]);
  });

  it("keeps what caused it, and its code", () => {
    const cause = new Error("the driver's words");
    const error = new EvergreenError("EG503", "The database is not there; try again.", { cause });
    expect([error.code, error.name, error.cause, error instanceof Error]).toEqual([
      "EG503",
      "EvergreenError",
      cause,
      true,
    ]);
  });
});
