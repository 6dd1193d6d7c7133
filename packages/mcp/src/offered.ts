// Which functions and relations are tools, and why some are not: what a program's model has no business with stays with people.
import type { ApiCatalogue, ApiFunction, ApiRelation } from "@evergreen-fund/domain/api-catalogue.ts";

/** Functions that read and are no tools all the same, with the reason. */
export const WITHHELD: Readonly<Record<string, string>> = {
  fn_describe_api: "describes the interface itself; the list of tools is what a model needs of it",
  fn_read_applicant: "personal circumstances of an applicant, for the people who decide on them",
  fn_read_kyc: "personal circumstances of an applicant, for the people who decide on them",
  fn_read_screening: "candidates of sanctions lists beside a person's own particulars",
  fn_list_unscreened: "who was not compared with the lists yet, for the room that compares",
  fn_list_cases: "cases about persons",
  fn_read_cases: "cases about persons, with the notes of those who decide them",
  fn_read_case: "cases about persons, with the notes of those who decide them",
  fn_search_memories: "asks for the numbers of an embedding, which a model cannot make",
  fn_read_token_request: "facts for a step of a run, with the wallet of a holder",
  fn_read_token_register: "facts for a step of a run, with the wallets of holders",
  fn_read_crystallisation: "facts for a step of a run",
  fn_read_fees_again: "facts for a step of a run",
};

/** Tables that are tools beside the views: what a fund is and what was decided, without a person in it. */
export const TABLES: readonly string[] = [
  "funds",
  "share_classes",
  "assets",
  "portfolio_allocations",
  "nav_strikes",
  "dealing_days",
  "rebalancing_proposals",
  "stress_runs",
];

/** Functions that this caller may call, that cannot write, and that nothing withholds. */
export const offeredReads = ({ caller, functions }: ApiCatalogue): ApiFunction[] =>
  functions.filter(({ name, reads, roles }) => reads && roles.includes(caller) && !(name in WITHHELD));

/** Views and the listed tables that this caller may select from. */
export const offeredRelations = ({ caller, relations }: ApiCatalogue): ApiRelation[] =>
  relations.filter(({ name, kind, roles }) => roles.includes(caller) && (kind === "view" || TABLES.includes(name)));
