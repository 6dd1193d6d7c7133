// Addresses of factors: taken apart, written, and refused with the words that may stand there. Pure.
import { type AddressPart, fitsPart, partWords } from "./address-parts.ts";
import { FACTOR_NAMES, FACTORS, type FactorKind, type FactorName, UNITS } from "./factors.ts";

export interface FactorAddress {
  name: FactorName;
  parts: readonly string[];
  kind: FactorKind;
}

/** An address taken apart, or a sentence that says what is wrong with it and what may stand there. */
export function readAddress(address: string): FactorAddress | { problem: string } {
  const name = FACTOR_NAMES.filter((one) => address === one || address.startsWith(`${one}.`)).sort(
    (a, b) => b.length - a.length,
  )[0];
  if (name === undefined) return { problem: `there is no such factor; the factors are ${FACTOR_NAMES.join(", ")}` };
  const kind: FactorKind = FACTORS[name];
  const rest = address.slice(name.length + 1);
  const parts = rest === "" ? [] : rest.split(".");
  if (parts.length !== kind.parts.length) return { problem: `is written ${addressForm(name)}${partsSentence(kind)}` };
  const wrong = kind.parts.findIndex((part, index) => !fitsPart(part, parts[index] as string));
  const part = kind.parts[wrong];
  if (part !== undefined) return { problem: `${part.name} of ${name} is one of ${partWords(part)}` };
  return { name, parts, kind };
}

/** How an address of the kind is written: `rates.key.<currency>.<tenor>`. */
export const addressForm = (name: FactorName): string =>
  [name, ...FACTORS[name].parts.map((part: AddressPart) => `<${part.name}>`)].join(".");

const partsSentence = ({ parts }: FactorKind): string =>
  parts.map((part) => `; ${part.name}: ${partWords(part)}`).join("");

/** What is wrong with a value for a factor, or undefined. The value is a decimal text. */
export function valueProblem({ name, kind }: FactorAddress, value: string): string | undefined {
  const number = Number(value);
  if (kind.whole && !Number.isInteger(number)) return `${name} takes whole numbers: ${UNITS[kind.unit]}`;
  if (number >= kind.least && number <= kind.most) return undefined;
  return `${name} takes ${kind.least} to ${kind.most} (${UNITS[kind.unit]})`;
}
