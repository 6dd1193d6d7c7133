// The whole demo fund as data: what fn_import_fund takes, its register, its terms, and what happened in its past. Pure and always the same.
import type { DemoChunk, InvestorRow } from "./chunks.ts";
import { type FundImport, fundImport } from "./fund-import.ts";
import { liveThrough, type MonthEnd } from "./fund-life.ts";
import { DEMO_INVESTORS, investorCode } from "./investors.ts";
import { amountText, fourDecimals } from "./money.ts";
import { CODES, FUND_CODE, MONTHS, momentAfter } from "./terms.ts";
import { type DatedAct, timelineOf } from "./timeline.ts";

/** What the last dealt month-end must leave in the database: the fund was imported with what follows from it. */
export interface Forecast {
  /** Last NAV struck, and per class the price and the units after its dealing. */
  netAssets: string;
  classes: Record<string, { price: string; units: string }>;
}

export interface DemoFund {
  fund: FundImport;
  /** Investors and the access of the demo logins: with the fund, all that is there before the history. */
  register: DemoChunk;
  timeline: DatedAct[];
  forecast: Forecast;
}

/** The logins of investors in the demo: the first looks after two, one of them for somebody else; the second after one. */
export interface LpLogins {
  first: string;
  second: string;
}

/** Makes the fund. `logins` are the user ids of the two demo logins that get access to investors. */
export function generateDemo(logins: LpLogins): DemoFund {
  const life = liveThrough();
  return {
    fund: fundImport(life),
    register: {
      fund: FUND_CODE,
      investors: investorRows(),
      access: [
        { user_id: logins.first, investor: investorCode(1), kind: "own" },
        { user_id: logins.first, investor: investorCode(2), kind: "delegate" },
        { user_id: logins.second, investor: investorCode(3), kind: "own" },
      ],
    },
    timeline: timelineOf(life),
    forecast: forecastOf(life[MONTHS - 1]!, life[MONTHS]!),
  };
}

const forecastOf = (dealt: MonthEnd, next: MonthEnd): Forecast => ({
  netAssets: amountText(dealt.netAssets),
  classes: Object.fromEntries(
    CODES.map((code) => [
      code,
      { price: fourDecimals(dealt.classes[code].price), units: fourDecimals(next.classes[code].units) },
    ]),
  ),
});

function investorRows(): InvestorRow[] {
  return DEMO_INVESTORS.map((investor) => ({
    code: investor.code,
    classification: investor.classification,
    kyc_valid_until: investor.kycValidUntil,
    eligibility_tags: investor.eligibilityTags,
    effective_at: momentAfter(investor.joins, -20),
    recorded_at: momentAfter(investor.joins, -20),
  }));
}
