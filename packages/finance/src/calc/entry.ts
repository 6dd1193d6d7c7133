// What one entry of the calculation registry is: a public function with its schemas, so that a person can call it with JSON from the command line.
import type { z } from "zod";
import { parseInput } from "../parse.ts";

export type Calculation = {
  /** Kebab-case, fixed for scripts. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Rule or publication the numbers come from. */
  readonly source: string;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  /** An input that works, small enough to read. */
  readonly example: unknown;
  /** The exported function behind it. */
  readonly calculation: (...input: never[]) => unknown;
  /** JSON in, JSON out; both checked. Errors: EG400, EG413 and those of the function. */
  readonly run: (input: unknown) => Promise<unknown>;
};

type Definition<Input extends z.ZodType, Output extends z.ZodType> = Omit<
  Calculation,
  "input" | "output" | "calculation" | "run"
> & {
  readonly input: Input;
  readonly output: Output;
  readonly calculation: Calculation["calculation"];
  /** How the function takes the checked input, where it does not take it as one object. */
  readonly call: (input: z.output<Input>) => unknown;
};

/** Binds a function to its schemas; the output is parsed, so that a wrong shape is an error and not an answer. */
export function define<Input extends z.ZodType, Output extends z.ZodType>(
  definition: Definition<Input, Output>,
): Calculation {
  const { call, ...rest } = definition;
  return { ...rest, run: async (input) => definition.output.parse(await call(parseInput(definition.input, input))) };
}
