// Registry entries: what an investor is told (capital account, fill letters) and the register of a period.
import { StatementInput } from "../statement/books.ts";
import { capitalAccount, StatementOutput } from "../statement/capital-account.ts";
import { FillLettersInput, FillLettersOutput, fillLetters } from "../statement/fill-letter.ts";
import { RegisterMovementsInput, RegisterMovementsOutput, registerMovements } from "../statement/register-movements.ts";
import { SAMPLE_STATEMENT } from "../statement/sample-statement.ts";
import { define } from "./entry.ts";

export const STATEMENT_CALCULATIONS = [
  define({
    name: "capital-account",
    summary: "Capital account statement of an investor for a period, as known on a time; it foots or names the line",
    source: "R4; R24 for the value of a lot",
    input: StatementInput,
    output: StatementOutput,
    example: {
      currency: "USD",
      investor: "synthetic-1",
      from: "2024-12-31",
      to: "2025-03-31",
      knownOn: "2025-04-15T00:00:00Z",
      entries: [
        {
          id: "s1",
          effectiveOn: "2024-12-31",
          recordedAt: "2024-12-31T18:00:00Z",
          lot: "a",
          kind: "subscription",
          units: "100",
          amount: "10000.00",
          price: "100",
        },
      ],
      lots: [{ lot: "a", effectiveOn: "2024-12-31", recordedAt: "2024-12-31T18:00:00Z", units: "100" }],
      strikes: [
        { date: "2024-12-31", recordedAt: "2024-12-31T12:00:00Z", navPerUnit: "100" },
        { date: "2025-03-31", recordedAt: "2025-03-31T12:00:00Z", navPerUnit: "102.5", managementFeePerUnit: "0.25" },
      ],
    },
    calculation: capitalAccount,
    call: capitalAccount,
  }),
  define({
    name: "register-movements",
    summary:
      "Whether published movements in units foot by class, and every implied price lies in the period's NAV band",
    source: "Regulation S-X, rule 6-09",
    input: RegisterMovementsInput,
    output: RegisterMovementsOutput,
    example: {
      currency: "USD",
      bands: [{ id: "I", low: "25.00", high: "25.60" }],
      rows: [
        { class: "I", movement: "opening", units: "1000000" },
        { class: "I", movement: "subscription", units: "400000", amount: "10120000" },
        { class: "I", movement: "repurchase", units: "-50000", amount: "-1265000" },
        { class: "I", movement: "closing", units: "1350000" },
      ],
    },
    calculation: registerMovements,
    call: registerMovements,
  }),
  define({
    name: "fill-letters",
    summary:
      "Letter to an investor about each own fill of a dealing day, in words and figures that are recomputed first",
    source: "R5b, R6, R8, R11",
    input: FillLettersInput,
    output: FillLettersOutput,
    example: SAMPLE_STATEMENT,
    calculation: fillLetters,
    call: fillLetters,
  }),
] as const;
