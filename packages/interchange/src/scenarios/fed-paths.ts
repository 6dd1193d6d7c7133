// The Federal Reserve's supervisory scenarios as scenario files: from its tables of quarterly levels to the moves of factors. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { readCsv } from "../read-csv.ts";

/** Texts of the published tables: history and path, each for the United States and for the rest of the world. */
export interface FedTables {
  historyDomestic: string;
  historyInternational: string;
  pathDomestic: string;
  pathInternational: string;
}

export interface FedScenario {
  id: string;
  title: string;
  about: string;
  /** Table numbers of the path, as the source counts them. */
  tables: string;
}

type Levels = Map<string, Map<string, string>>;

/** Date → column → level, as text. */
function levelsOf(csv: string): Levels {
  const table = readCsv(csv, DEFAULT_LIMITS);
  const date = table.headers.indexOf("Date");
  return new Map(
    table.rows.map(({ cells }) => [
      cells[date]?.text ?? "",
      new Map(table.headers.map((header, column) => [header, cells[column]?.text ?? ""])),
    ]),
  );
}

/** A level in its smallest published unit: "4.1" → 41 with one decimal. Whole numbers, so that differences are exact. */
function scaled(levels: Levels, quarter: string, column: string, decimals: number): bigint {
  const text = levels.get(quarter)?.get(column);
  const match = text === undefined ? null : /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null || (match[2] ?? "").length > decimals)
    throw new EvergreenError("EG400", `The tables have no level of "${column}" for ${quarter}.`);
  return BigInt(`${match[1]}${(match[2] ?? "").padEnd(decimals, "0")}`);
}

const DECIMALS = 6;

/** num / den − 1 at six decimals, half away from zero, without needless zeros. */
function relativeMove(num: bigint, den: bigint): string {
  const scale = 10n ** BigInt(DECIMALS);
  const top = (num - den) * scale * 2n;
  const size = (top < 0n ? -top : top) / den;
  const rounded = (size + 1n) / 2n;
  const digits = rounded.toString().padStart(DECIMALS + 1, "0");
  const text = `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`.replace(/\.?0+$/, "");
  return top < 0n && text !== "0" ? `-${text}` : text;
}

const BASE = "2024 Q4";

interface Series {
  address: string;
  /** Why these figures are this factor. */
  words: string;
  table: "domestic" | "international";
  /** Column, how its levels are written, and what is done with them; a second column is taken away from the first. */
  columns: readonly [string, string?];
  decimals: number;
  move: "bps" | "relative" | "inverse";
}

const rate = (address: string, column: string, words: string, less?: string): Series => ({
  address,
  words,
  table: "domestic",
  columns: [column, less],
  decimals: 1,
  move: "bps",
});
const index = (address: string, column: string, words: string): Series => ({
  address,
  words,
  table: "domestic",
  columns: [column],
  decimals: 1,
  move: "relative",
});
const currency = (
  address: string,
  column: string,
  move: "relative" | "inverse",
  decimals: number,
  words: string,
): Series => ({
  address,
  words,
  table: "international",
  columns: [column],
  decimals,
  move,
});

const TEN_YEARS = "10-year Treasury yield";
const ASIA = "Developing Asia bilateral dollar exchange rate (F/USD, index)";
const asia = (code: string, words: string): Series => currency(`fx.${code}`, ASIA, "inverse", 1, words);

/** Every series that moves a factor, in the order of the file. */
const SERIES: readonly Series[] = [
  rate(
    "rates.key.USD.3m",
    "3-month Treasury rate",
    "3-month Treasury rate less its level of 2024 Q4, in basis points.",
  ),
  rate("rates.key.USD.5y", "5-year Treasury yield", "5-year Treasury yield, likewise."),
  rate("rates.key.USD.10y", TEN_YEARS, "10-year Treasury yield, likewise; longer tenors move as this one."),
  rate(
    "spread.all",
    "BBB corporate yield",
    "BBB corporate yield less the 10-year Treasury yield, change since 2024 Q4. The only published spread: every class follows it.",
    TEN_YEARS,
  ),
  rate(
    "spread.mortgage",
    "Mortgage rate",
    "Mortgage rate less the 10-year Treasury yield, change since 2024 Q4.",
    TEN_YEARS,
  ),
  index(
    "equity.all.all",
    "Dow Jones Total Stock Market Index (Level)",
    "Dow Jones Total Stock Market Index over its level of 2024 Q4, less one. The only published index: every region follows it.",
  ),
  index(
    "volatility.equity",
    "Market Volatility Index (Level)",
    "Market Volatility Index over its level of 2024 Q4, less one.",
  ),
  index(
    "price.real_estate",
    "Commercial Real Estate Price Index (Level)",
    "Commercial Real Estate Price Index over its level of 2024 Q4, less one; for property that is not residential.",
  ),
  index(
    "price.real_estate_residential",
    "House Price Index (Level)",
    "House Price Index over its level of 2024 Q4, less one.",
  ),
  currency(
    "fx.EUR",
    "Euro area bilateral dollar exchange rate (USD/euro)",
    "relative",
    3,
    "Dollars per euro over their level of 2024 Q4, less one; the dollar itself stays.",
  ),
  currency("fx.GBP", "U.K. bilateral dollar exchange rate (USD/pound)", "relative", 3, "Dollars per pound, likewise."),
  currency(
    "fx.JPY",
    "Japan bilateral dollar exchange rate (yen/USD)",
    "inverse",
    1,
    "Yen per dollar of 2024 Q4 over those of the quarter, less one: the rate is quoted the other way round.",
  ),
  asia(
    "CNY",
    "Index of developing Asia (local currency per dollar) of 2024 Q4 over that of the quarter, less one, for its currencies without a peg.",
  ),
  asia("INR", "The same index."),
  asia("KRW", "The same index."),
  asia("TWD", "The same index."),
];

export interface FedPaths {
  /** Quarters of the path, "2025 Q1" first. */
  quarters: readonly string[];
  /** Address → one move per quarter against 2024 Q4. */
  moves: Readonly<Record<string, readonly string[]>>;
}

/** Moves of every factor against the last quarter of history. Errors: EG400 when a level is missing or no number. */
export function fedPaths(tables: FedTables): FedPaths {
  const history = { domestic: levelsOf(tables.historyDomestic), international: levelsOf(tables.historyInternational) };
  const path = { domestic: levelsOf(tables.pathDomestic), international: levelsOf(tables.pathInternational) };
  const quarters = [...path.domestic.keys()];
  const moves = SERIES.map(({ address, table, columns: [column, less], decimals, move }): [string, string[]] => {
    const level = (levels: Levels, quarter: string): bigint =>
      scaled(levels, quarter, column, decimals) - (less === undefined ? 0n : scaled(levels, quarter, less, decimals));
    const before = level(history[table], BASE);
    return [
      address,
      quarters.map((quarter) => {
        const now = level(path[table], quarter);
        // levels in percent with one decimal: one step is ten basis points
        if (move === "bps") return String((now - before) * 10n);
        return move === "relative" ? relativeMove(now, before) : relativeMove(before, now);
      }),
    ];
  });
  return { quarters, moves: Object.fromEntries(moves) };
}

/** Widest line the project's formatter leaves as it is. */
const WIDEST = 120;

/** A path on one line, or where it is too long one value on each, as the formatter has it. */
function pathLines(address: string, values: readonly string[]): string[] {
  const line = `  ${address}: [${values.join(", ")}]`;
  if (line.length <= WIDEST) return [line];
  return [`  ${address}:`, "    [", ...values.map((value) => `      ${value},`), "    ]"];
}

/** The file of scenarios/, comments and all: the same tables give the same text. */
export function fedScenarioText(scenario: FedScenario, tables: FedTables): string {
  const { quarters, moves } = fedPaths(tables);
  const factors = SERIES.flatMap(({ address, words }) => [`  # ${words}`, ...pathLines(address, moves[address] ?? [])]);
  return `${[
    `# ${scenario.title}: ${quarters[0]} to ${quarters.at(-1)}, one value per quarter, written by scripts/write-fed-scenarios.ts.`,
    `# Source: Board of Governors of the Federal Reserve System, 2025 Stress Test Scenarios (February 2025), tables ${scenario.tables}; levels of`,
    "# 2024 Q4 from tables 1A and 1B. The tables give levels; a factor is the move of a level against 2024 Q4, so it counts from the run's own date.",
    "# Not published, and so not here: spreads by rating, private equity (its marks follow the index, R5), redemptions. Extend it to add them.",
    `id: ${scenario.id}`,
    `title: ${scenario.title}`,
    "version: 1",
    "about: >-",
    `  ${scenario.about}`,
    "sources:",
    `  - words: Board of Governors of the Federal Reserve System, 2025 Stress Test Scenarios, tables 1A, 1B, ${scenario.tables}.`,
    "    evidence: verified",
    "  - words: Moves against the levels of 2024 Q4; which classes, regions and currencies follow a series that stands for more than itself.",
    "    evidence: derived",
    "periods:",
    "  unit: quarter",
    `  count: ${quarters.length}`,
    "  from: 2024-12-31",
    "factors:",
    ...factors,
    "  # The Treasury's own debt has no spread over itself.",
    "  spread.sovereign: 0",
    "reports: [valuation, rcr]",
  ].join("\n")}\n`;
}

/** The two scenarios of 2025 and the files their tables are published in. */
export const FED_2025 = [
  {
    id: "fed_2025_baseline",
    title: "Federal Reserve 2025, baseline",
    about:
      "The path that forecasters expected at the beginning of 2025: rates fall slowly, shares stand still, property gains a little.",
    tables: "2A and 2B",
    pathDomestic: "2025-table-2A_Supervisory_Baseline_Domestic.csv",
    pathInternational: "2025-table-2B_Supervisory_Baseline_International.csv",
  },
  {
    id: "fed_2025_severely_adverse",
    title: "Federal Reserve 2025, severely adverse",
    about:
      "A severe global recession: short rates fall to almost nothing, spreads widen, shares lose half and commercial property thirty percent.",
    tables: "3A and 3B",
    pathDomestic: "2025-table-3A_Supervisory_Severely_Adverse_Domestic.csv",
    pathInternational: "2025-table-3B_Supervisory_Severely_Adverse_International.csv",
  },
] as const satisfies readonly (FedScenario & { pathDomestic: string; pathInternational: string })[];

export const FED_2025_HISTORY = {
  historyDomestic: "2025-table-1A_Historic_Domestic.csv",
  historyInternational: "2025-table-1B_Historic_International.csv",
} as const;

/** Texts of both files of scenarios/, by id; `read` gives the text of a published table by its file name. */
export function fedScenarioTexts(read: (name: string) => string): Record<string, string> {
  const history = {
    historyDomestic: read(FED_2025_HISTORY.historyDomestic),
    historyInternational: read(FED_2025_HISTORY.historyInternational),
  };
  return Object.fromEntries(
    FED_2025.map((scenario) => [
      scenario.id,
      fedScenarioText(scenario, {
        ...history,
        pathDomestic: read(scenario.pathDomestic),
        pathInternational: read(scenario.pathInternational),
      }),
    ]),
  );
}
