// Whose name stands in a recorded history: Temporal writes process id and host of every client and worker into it, and that is nobody's business.

/** The one identity that recorded histories know. */
export const RECORDED_IDENTITY = "worker@house";

/**
 * The same value with every identity that it holds replaced, also where Temporal has made a name of it, such as that of a sticky task queue
 * (`<identity>-<number>`). An identity is whatever stands under a key `identity`.
 */
export function withoutMachines(value: unknown): unknown {
  const identities = [...identitiesIn(value)].filter((identity) => identity !== "").sort((a, b) => b.length - a.length);
  const neutral = (given: unknown): unknown => {
    if (typeof given === "string")
      return identities.reduce((text, identity) => text.replaceAll(identity, RECORDED_IDENTITY), given);
    if (Array.isArray(given)) return given.map(neutral);
    if (typeof given !== "object" || given === null) return given;
    return Object.fromEntries(Object.entries(given).map(([key, child]) => [key, neutral(child)]));
  };
  return neutral(value);
}

function identitiesIn(value: unknown): Set<string> {
  if (typeof value !== "object" || value === null) return new Set();
  return new Set(
    Object.entries(value).flatMap(([key, child]) =>
      key === "identity" && typeof child === "string" ? [child] : [...identitiesIn(child)],
    ),
  );
}
