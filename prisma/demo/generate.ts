// The whole demo fund as data: what fn_import_fund takes and the chunks that fn_load_demo takes, in their order. Pure and always the same.

import { uuidOf } from "./chance.ts";
import { type FundImport, fundImport } from "./fund-import.ts";
import { liveThrough, type MonthEnd } from "./fund-life.ts";
import { HOLDINGS } from "./holdings.ts";
import { DEMO_INVESTORS, investorCode } from "./investors.ts";
import { amountText, fourDecimals } from "./money.ts";
import { CLASSES, DRIFT_SOURCE, FUND_CODE, MONTHS, momentAfter, monthEnd, SOURCE } from "./terms.ts";
import { isDeliberate, methodOf } from "./valuation.ts";

/** When something was true and when it became known; the loader may set both into the past. */
interface Times {
  effective_at: string;
  recorded_at: string;
}
export interface ClassRow extends Times {
  code: string;
  name: string;
  units_outstanding: string;
  nav_per_unit: string;
}
export interface InvestorRow extends Times {
  code: string;
  classification: string;
  kyc_status: string;
  kyc_valid_until: string;
  eligibility_tags: string[];
}
export interface AccessRow {
  user_id: string;
  investor: string;
  kind: "own" | "delegate";
}
export interface SnapshotRow extends Times {
  id: string;
  asset: string;
  as_of: string;
  nav: string;
  leverage?: string;
  esg_score: string;
  method: string;
  source: string;
}
export interface FlowRow extends Times {
  id: string;
  investor: string;
  class: string;
  direction: "subscription" | "redemption";
  amount: string;
  units: string;
  requested_at: string;
  dealing_date: string;
}

/** The argument `chunk` of fn_load_demo; an absent list is empty. */
export interface DemoChunk {
  fund: string;
  classes?: ClassRow[];
  investors?: InvestorRow[];
  access?: AccessRow[];
  snapshots?: SnapshotRow[];
  flows?: FlowRow[];
}
export interface DemoFund {
  fund: FundImport;
  /** Classes, investors, access of the demo logins and the founding orders: everything but history. */
  register: DemoChunk;
  /** One chunk per month-end before the fund's date, oldest first; `name` is the date. */
  history: { name: string; chunk: DemoChunk }[];
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
      classes: classRows(life.at(-1)!),
      investors: investorRows(),
      access: [
        { user_id: logins.first, investor: investorCode(1), kind: "own" },
        { user_id: logins.first, investor: investorCode(2), kind: "delegate" },
        { user_id: logins.second, investor: investorCode(3), kind: "own" },
      ],
      flows: flowRows(life[0]!),
    },
    // the last month-end is the import itself
    history: life.slice(1, MONTHS).map((end) => ({
      name: monthEnd(end.month),
      chunk: { fund: FUND_CODE, snapshots: snapshotRows(end), flows: flowRows(end) },
    })),
  };
}

function classRows(last: MonthEnd): ClassRow[] {
  return CLASSES.map(({ code, name }) => ({
    code,
    name,
    units_outstanding: fourDecimals(last.classes[code].units),
    nav_per_unit: fourDecimals(last.classes[code].price),
    effective_at: momentAfter(MONTHS, 0),
    recorded_at: momentAfter(MONTHS, 12),
  }));
}

function investorRows(): InvestorRow[] {
  return DEMO_INVESTORS.map((investor) => ({
    code: investor.code,
    classification: investor.classification,
    kyc_status: investor.kycStatus,
    kyc_valid_until: investor.kycValidUntil,
    eligibility_tags: investor.eligibilityTags,
    effective_at: momentAfter(investor.joins, -20),
    recorded_at: momentAfter(investor.joins, -20),
  }));
}

/** Marks of a month-end; a liquid one is known after two days, an appraisal or roll-forward after nine. */
function snapshotRows(end: MonthEnd): SnapshotRow[] {
  return HOLDINGS.filter((holding) => end.marks.has(holding.key)).map((holding) => ({
    id: uuidOf(`mark/${holding.key}/${end.month}`),
    asset: holding.key,
    as_of: monthEnd(end.month),
    nav: amountText(end.marks.get(holding.key)!),
    ...(holding.leverage === undefined ? {} : { leverage: `0.${holding.leverage}` }),
    esg_score: String(holding.esg),
    method: methodOf(holding, end.month),
    source: isDeliberate(holding.key, end.month) ? DRIFT_SOURCE : SOURCE,
    effective_at: momentAfter(end.month, 0),
    recorded_at: momentAfter(end.month, holding.fairValueLevel === 3 ? 9 : 2),
  }));
}

/** Orders dealt at a month-end, settled twelve days later when the price is published. */
function flowRows(end: MonthEnd): FlowRow[] {
  return end.flows.map((flow) => ({
    id: flow.id,
    investor: flow.investor,
    class: flow.shareClass,
    direction: flow.direction,
    amount: amountText(flow.amount),
    units: fourDecimals(flow.units),
    requested_at: momentAfter(end.month, -flow.notice),
    dealing_date: monthEnd(end.month),
    effective_at: momentAfter(end.month, 0),
    recorded_at: momentAfter(end.month, 12),
  }));
}
