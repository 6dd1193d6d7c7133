// Guessing is slowed down by e-mail and by address, and forgotten after a minute.
import { expect, it } from "vitest";
import { SignInLimit } from "./sign-in-limit.ts";

const caller = (email: string, address = "10.0.0.1") => ({ email, address });

it("refuses the eleventh guess at an e-mail within a minute, from wherever, and nobody else's", () => {
  const limit = new SignInLimit();
  for (let n = 0; n < 10; n++) {
    expect(limit.waitSeconds(caller("a@x.example"), n)).toBe(0);
    limit.count(caller("a@x.example", `10.0.0.${n}`), n);
  }
  expect(limit.waitSeconds(caller("a@x.example", "10.9.9.9"), 1_000)).toBe(59);
  expect(limit.waitSeconds(caller("b@x.example"), 1_000)).toBe(0);
  expect(limit.waitSeconds(caller("a@x.example"), 60_000)).toBe(0);
});

it("refuses an address after sixty guesses at different e-mails", () => {
  const limit = new SignInLimit();
  for (let n = 0; n < 60; n++) limit.count(caller(`${n}@x.example`), 0);
  expect(limit.waitSeconds(caller("new@x.example"), 1_000)).toBe(59);
  expect(limit.waitSeconds(caller("new@x.example", "10.0.0.2"), 1_000)).toBe(0);
});

it("does not count whoever gets in", () => {
  const limit = new SignInLimit();
  for (let n = 0; n < 100; n++) {
    limit.count(caller("a@x.example"), n);
    limit.takeBack(caller("a@x.example"), n);
  }
  expect(limit.waitSeconds(caller("a@x.example"), 1_000)).toBe(0);
});
