// Names of people, and the second person of a hint.
import { expect, it } from "vitest";
import { People } from "./people.ts";

const people = new People([
  { userId: "a", email: "lp@fund.example", role: "lp_role" },
  { userId: "b", email: "one@fund.example", role: "pm_role" },
  { userId: "c", email: "two@fund.example", role: "pm_role" },
]);

it("names whom it knows, and leaves every other actor as it is", () => {
  expect(["user:b", "user:z", "agent:kyc", "b"].map((actor) => people.nameOf(actor))).toEqual([
    "one@fund.example",
    "user:z",
    "agent:kyc",
    "b",
  ]);
});

it("the second person is a portfolio manager and never the first", () => {
  expect(["user:b", "user:c", "agent:rebalancing"].map((actor) => people.secondTo(actor))).toEqual([
    "two@fund.example",
    "one@fund.example",
    "one@fund.example",
  ]);
  expect(new People([]).secondTo("user:b")).toBe("SECOND-PERSON");
});

it("whoever acted is none of the managers who are left to decide", () => {
  expect(people.managers(["user:b"])).toEqual(["two@fund.example"]);
  expect(people.managers(["user:b", "user:c"])).toEqual(["FIRST-PERSON", "SECOND-PERSON"]);
});
