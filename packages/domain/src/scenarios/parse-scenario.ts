// From any value to a scenario, or to every problem with its place and what may stand there instead. Pure.
import { z } from "zod";
import { readAddress } from "./factor-address.ts";
import { TEST_NAMES } from "./pass-tests.ts";
import { Distribution, Scenario } from "./scenario.ts";
import { type ScenarioProblem, shapeProblems } from "./scenario-problem.ts";

type Place = readonly (string | number)[];

/** Words of the keys that tell one shape from another. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  test: TEST_NAMES,
  distribution: Distribution.options.map((option) => option.shape.distribution.value),
};

/** The shape of a scenario, and every address in it. What the parts say together is seen when it is resolved. */
export function parseScenario(value: unknown): { scenario?: Scenario; problems: ScenarioProblem[] } {
  const parsed = Scenario.safeParse(value);
  const problems = parsed.success ? [] : shapeProblems(parsed.error, (path) => keysAt(Scenario, value, path), CHOICES);
  const known = new Set(problems.map(({ path }) => path.join("\n")));
  for (const place of ADDRESSED) {
    const found = valueAt(value, place);
    if (typeof found !== "object" || found === null || Array.isArray(found)) continue;
    for (const address of Object.keys(found)) {
      // a record of zod leaves this one key out without a word, and nothing in a file may be ignored; the others are seen when it is resolved
      if (parsed.success && address !== "__proto__") continue;
      const read = readAddress(address);
      const path = [...place, address];
      if ("problem" in read && !known.has(path.join("\n"))) problems.push({ path, words: read.problem });
    }
  }
  return parsed.success && problems.length === 0 ? { scenario: parsed.data, problems } : { problems };
}

/** Where addresses are keys. */
const ADDRESSED: readonly Place[] = [
  ["factors"],
  ["grid"],
  ["monteCarlo", "draws"],
  ["override", "factors"],
  ["override", "grid"],
  ["override", "monteCarlo", "draws"],
];

const valueAt = (value: unknown, path: Place): unknown =>
  path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? (at as Record<string | number, unknown>)[key] : undefined),
    value,
  );

/** Keys that may stand at a place of a document of this shape. */
function keysAt(schema: z.ZodType, value: unknown, path: Place): readonly string[] {
  const bare = unwrapped(schema);
  if (bare instanceof z.ZodUnion)
    return [...new Set(chosen(bare.options as z.ZodType[], value).flatMap((option) => keysAt(option, value, path)))];
  const [key, ...rest] = path;
  if (key === undefined) return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
  const inner =
    bare instanceof z.ZodObject
      ? (bare.shape as Record<string, z.ZodType>)[key]
      : bare instanceof z.ZodRecord
        ? (bare.valueType as z.ZodType)
        : bare instanceof z.ZodArray
          ? (bare.element as z.ZodType)
          : undefined;
  return inner === undefined ? [] : keysAt(inner, valueAt(value, [key]), rest);
}

/** The options of a union that the value chooses by its word, or all of them. */
function chosen(options: readonly z.ZodType[], value: unknown): readonly z.ZodType[] {
  const fitting = options.filter((option) =>
    Object.keys(CHOICES).some((key) => {
      const literal = option instanceof z.ZodObject ? (option.shape as Record<string, z.ZodType>)[key] : undefined;
      return literal instanceof z.ZodLiteral && literal.value === valueAt(value, [key]);
    }),
  );
  return fitting.length > 0 ? fitting : options;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  let bare = schema;
  while (bare instanceof z.ZodOptional || bare instanceof z.ZodPipe)
    bare = (bare instanceof z.ZodOptional ? bare.unwrap() : bare.in) as z.ZodType;
  return bare;
}
