// The seed of every property test: a fixed one, so that a run that fails fails for what was changed; `EVERGREEN_SEED=random npm test`
// looks at other values, and a number repeats a run that was seen to fail.
import fc from "fast-check";

const asked = process.env.EVERGREEN_SEED ?? "20261122";
if (asked !== "random") {
  const seed = Number(asked);
  if (!Number.isInteger(seed)) throw new Error(`EVERGREEN_SEED is "${asked}": give a whole number, or "random".`);
  fc.configureGlobal({ seed });
}
