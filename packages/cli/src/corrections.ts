// The corrected inputs of a NAV: the frozen ones with the lines that were wrong put right, from options or a file. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { plain } from "./output.ts";
import type { InputRow } from "./reads/strikes.ts";

const Correction = z.strictObject({
  /** Label of the line, as `nav show` prints it. */
  label: z.string().min(1).max(200),
  value: z.string().regex(/^-?\d{1,26}(\.\d{1,4})?$/, "expected an amount such as 84600.00"),
  asOf: z.iso.date().optional(),
  source: z.string().min(1).max(200).optional(),
  /** Only for a line that was not there. */
  kind: z.enum(["asset", "cash", "receivable", "debt", "payable", "accrual"]).optional(),
});
export type Correction = z.infer<typeof Correction>;
const File = z.strictObject({ corrections: z.array(Correction).min(1).max(10_000) });

/** Errors: EG400 with the place that is wrong. */
export function readCorrections(document: unknown): Correction[] {
  const read = File.safeParse(document);
  if (read.success) return read.data.corrections;
  const [issue] = read.error.issues;
  throw new EvergreenError(
    "EG400",
    `That is not a file of corrections ({"corrections": [{"label", "value", "asOf", "source"}]}): ${plain(`${issue?.path.join(".")}: ${issue?.message}`)}.`,
  );
}

/**
 * The inputs of a strike with corrections in their place, as fn_restate_nav takes them; a line that is not named stays as it was frozen.
 * Errors: EG400 for a line named twice, EG404 for a label that no line has, or that several have.
 */
export function correctedInputs(
  frozen: readonly InputRow[],
  corrections: readonly Correction[],
  navDate: string,
): Record<string, unknown>[] {
  const wanted = new Map(corrections.map((row) => [row.label, row]));
  if (wanted.size !== corrections.length) throw new EvergreenError("EG400", "A line is corrected twice.");
  for (const { label, kind } of corrections) {
    const found = frozen.filter((row) => row.label === label).length;
    if (found > 1) throw new EvergreenError("EG400", `Several inputs are called ${plain(label)}.`);
    if (found === 0 && (kind === undefined || kind === "asset"))
      throw new EvergreenError(
        "EG404",
        `No input of that NAV is called ${plain(label)}; see \`evergreen nav show\`. A line that was missing needs its kind.`,
      );
    if (found === 1 && kind !== undefined)
      throw new EvergreenError("EG400", `The kind of ${plain(label)} stays what it was.`);
  }
  const lines = frozen.map((row) => {
    const right = wanted.get(row.label);
    return {
      ...(row.asset_id === null ? {} : { asset_id: row.asset_id }),
      kind: row.kind,
      label: row.label,
      value: right?.value ?? row.value,
      as_of: right?.asOf ?? row.as_of,
      source: right?.source ?? (right === undefined ? row.source : `corrected: ${row.source}`.slice(0, 200)),
    };
  });
  const there = new Set(frozen.map(({ label }) => label));
  const added = corrections
    .filter(({ label }) => !there.has(label))
    .map(({ label, value, kind, asOf, source }) => ({
      kind,
      label,
      value,
      as_of: asOf ?? navDate,
      source: source ?? "correction",
    }));
  return [...lines, ...added];
}
