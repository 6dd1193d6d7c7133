// Sensitivities and reported flows of a filing as rows of the import. Pure; what is left out or added up is remarked.
import { cents, type Exact, exact, plain, ZERO } from "./decimals.ts";
import type { Filing, TenorValues } from "./filing.ts";
import type { ImportedFlow, ImportedSensitivity } from "./fund-import.ts";
import type { Warning } from "./reading-notes.ts";

/** An ISO 4217 code, or null for what the filer wrote instead. */
export const currencyOf = (code: string | null | undefined): string | null =>
  code && /^[A-Z]{3}$/.test(code) ? code : null;

interface Sum extends Omit<ImportedSensitivity, "value"> {
  value: Exact;
}

/** One row per measure, grade, currency and tenor; "N/A" gives none. A currency that stands twice is added up. */
export function sensitivitiesOf(filing: Filing, warnings: Warning[]): ImportedSensitivity[] {
  const sums = new Map<string, Sum>();
  const warn = (code: string, message: string, count = 1): void => {
    if (count > 0) warnings.push({ code, message, count });
  };
  let nameless = 0;
  let repeated = 0;
  const add = (values: TenorValues | undefined, row: Omit<Sum, "value" | "tenor">): void => {
    for (const [tenor, value] of Object.entries(values ?? {})) {
      if (typeof value !== "string") continue;
      const key = [row.measure, row.grade, row.currency, tenor].join(" ");
      const same = sums.get(key);
      if (same) {
        repeated += 1;
        same.value = same.value.plus(exact(value));
      } else sums.set(key, { ...row, tenor: tenor as Sum["tenor"], value: exact(value) });
    }
  };
  for (const { curCd, dv01, dv100 } of filing.sensitivities?.currencies ?? []) {
    const currency = currencyOf(curCd);
    if (currency) {
      add(dv01, { measure: "dv01", currency });
      add(dv100, { measure: "dv100", currency });
    } else nameless += 1;
  }
  add(filing.sensitivities?.investmentGrade, { measure: "credit_spread", grade: "investment_grade", currency: "USD" });
  add(filing.sensitivities?.nonInvestmentGrade, {
    measure: "credit_spread",
    grade: "non_investment_grade",
    currency: "USD",
  });
  warn("sensitivity_currency", "A sensitivity names no currency of three letters and is left out.", nameless);
  warn("sensitivity_repeated", "A currency has a sensitivity twice; the values are added.", repeated);
  const rows = [...sums.values()];
  const shift = rows.filter((row) => row.measure === "dv100").reduce((sum, row) => sum.plus(row.value), ZERO);
  if (shift.lessThan(0))
    warn("sensitivity_sign", "The DV100 values sum to less than zero: this filer may sign losses as negative.");
  return rows.map((row) => ({ ...row, value: plain(row.value) }));
}

const FLOW_KINDS = { sale: "sales", redemption: "redemption", reinvestment: "reinvestment" } as const;

/** One row per month and kind that the filer reported; "N/A" and absent give no row and a remark. */
export function flowsOf(filing: Filing, warnings: Warning[]): ImportedFlow[] {
  const rows: ImportedFlow[] = [];
  let missing = 0;
  let negative = 0;
  for (const flow of filing.flows) {
    for (const [kind, field] of Object.entries(FLOW_KINDS)) {
      const value = flow[field];
      if (typeof value !== "string") missing += 1;
      else {
        if (exact(value).lessThan(0)) negative += 1;
        rows.push({ month: flow.month, kind: kind as ImportedFlow["kind"], amount: cents(value) });
      }
    }
  }
  if (missing > 0)
    warnings.push({
      code: "flow_not_reported",
      message: "A monthly flow is N/A or absent; it has no row.",
      count: missing,
    });
  if (negative > 0)
    warnings.push({ code: "negative_flow", message: "A monthly flow is negative; the sign is kept.", count: negative });
  return rows;
}
