// Where the palette leads: each kind of row to its own page, an investor never to a page of staff, and words in any order.
import { FoundPlace } from "@evergreen-fund/domain/figures.ts";
import { expect, it } from "vitest";
import { addressOf, fits, pagesOf } from "./entries.ts";

const ID = "11111111-1111-4111-8111-111111111111";

it("leads everybody to a page, and an investor to the own ones", () => {
  for (const kind of FoundPlace.shape.kind.options) {
    const place = { kind, id: ID, label: "x", detail: "y" };
    expect(addressOf(place, "pm_role"), kind).toMatch(/^\/(pm|ops|audit|lp)(\/|\?|$)/);
    if (["fund", "order", "investor", "statement"].includes(kind))
      expect(addressOf(place, "lp_role"), kind).toMatch(/^\/lp/);
  }
  expect(pagesOf("lp_role").map(({ key }) => key)).toEqual(["/lp", "/lp/redeem", "/lp/record", "/sign-in/account"]);
});

it("writes what is looked for so that it stays one value", () =>
  expect(addressOf({ kind: "asset", id: "A&B=C", label: "", detail: "" }, "pm_role")).toBe(
    "/audit/timeline?of=A%26B%3DC",
  ));

it("finds by the beginnings of words in any order, and names no page twice", () => {
  const entry = { key: "x", name: "Dealing day 2026-09-30", detail: "closed", to: "/" };
  expect(["deal", "2026 deal", "closed", "day 30"].map((typed) => fits(entry, typed))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(fits(entry, "deal open")).toBe(false);
  for (const role of ["pm_role", "ops_role", "audit_role", "lp_role"]) {
    const keys = pagesOf(role).map(({ key }) => key);
    expect(new Set(keys).size, role).toBe(keys.length);
  }
});
