// The words of token operations: every state has its own, every step that is named is safe, and no figure loses a digit.
import { TOKEN_KINDS } from "@evergreen-fund/domain/token-events.ts";
import { ChainBreak } from "@evergreen-fund/domain/token-pages.ts";
import { expect, it } from "vitest";
import { ageOf, breakWords, fromSmallest, hasEnded, kindName, nextOf, stateName } from "./token-words.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const by = (whom: string) => ({ by: whom, code: "EG428", reason: "NotCleared" });
/** As prisma/sql/20a-constraints-token.sql has them. */
const STATES = ["requested", "awaiting_approval", "approved", "sent", "included", "final", "refused", "failed"];

it("has words of its own for every state, kind and break", () => {
  const states = STATES.map((status) => stateName({ status, refusal: status === "refused" ? by("chain") : null }));
  expect(new Set(states).size).toBe(STATES.length);
  for (const words of states) expect(words).toMatch(/^[A-Z].* .*/);
  const kinds = TOKEN_KINDS.map(kindName);
  expect(new Set(kinds).size).toBe(TOKEN_KINDS.length);
  for (const kind of ChainBreak.shape.kind.options) expect(breakWords(kind).next).toMatch(/\.$/);
});

it("offers to try again exactly what the database lets be tried again", () => {
  const offers = (status: string, whom?: string) =>
    nextOf({ status, refusal: whom === undefined ? null : by(whom), action_id: ID }).command !== undefined;
  expect(STATES.filter((status) => offers(status))).toEqual(["failed"]);
  expect(["chain", "people", "compliance"].filter((whom) => offers("refused", whom))).toEqual(["chain"]);
  expect(STATES.filter((status) => hasEnded({ status }))).toEqual(["final", "refused", "failed"]);
});

it("writes ages and smallest units", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  expect(ageOf("2026-11-22T12:00:30Z", now)).toBe("0 minutes ago");
  expect(ageOf("2026-11-22T11:59:00Z", now)).toBe("1 minute ago");
  expect(ageOf("2026-11-22T09:10:00Z", now)).toBe("2 hours ago");
  expect(ageOf("2026-11-19T12:00:00Z", now)).toBe("3 days ago");
  expect(fromSmallest("5192296858534827628530496329220095", 18)).toBe("5192296858534827.628530496329220095");
  expect(fromSmallest("5", 4)).toBe("0.0005");
  expect(fromSmallest("5", 0)).toBe("5");
});
