// Every table that holds something of one person or investor: a part of what that person is given, or left out for a reason. A test holds both lists
// against schema.prisma. Titles and sentences are for the person.

export interface SubjectPart {
  readonly member: string;
  /** Columns that name a row and order the member; "#" after a name: ordered as a number. */
  readonly key: readonly string[];
  readonly title: string;
  readonly says: string;
}

const part = (member: string, key: readonly string[], title: string, says: string): SubjectPart => ({
  member: `${member}.jsonl`,
  key,
  title,
  says,
});

export const SUBJECT_PARTS: Readonly<Record<string, SubjectPart>> = {
  parties: part("about/parties", ["party_id"], "You in our register", "The entry under which everything else is kept."),
  subject_keys: part(
    "about/subject_keys",
    ["subject_id"],
    "The state of your data",
    "Active, restricted because an erasure was asked for, or destroyed.",
  ),
  personal_values: part(
    "about/personal_values",
    ["value_id"],
    "Your personal details",
    "Each detail now and every one it replaced; the ones that count today have no end.",
  ),
  party_evidence: part(
    "about/party_evidence",
    ["evidence_id"],
    "What proves who you are",
    "Kinds of evidence and their dates.",
  ),
  party_links: part(
    "about/party_links",
    ["link_id"],
    "Who owns or acts for whom",
    "Links between you and companies, trusts or people, by number.",
  ),
  subject_tombstones: part(
    "about/subject_tombstones",
    ["subject_id"],
    "The record of an erasure",
    "A signed note that your data was erased; empty when it was not.",
  ),
  investors: part(
    "investor/investors",
    ["investor_id"],
    "Your investor accounts",
    "Under which code you invest, and how you are classified.",
  ),
  investors_pending_kyc: part(
    "investor/investors_pending_kyc",
    ["pending_id"],
    "Your applications",
    "Each time you were taken on or looked at anew.",
  ),
  investor_access: part(
    "investor/investor_access",
    ["access_id"],
    "Who may act for your accounts",
    "Kinds of access and until when they hold; whose they are is the matter of those people.",
  ),
  beneficial_owners: part(
    "investor/beneficial_owners",
    ["record_id"],
    "Who stands behind an account",
    "Earlier records of who an account belongs to in the end.",
  ),
  bank_accounts: part(
    "investor/bank_accounts",
    ["account_id"],
    "Your bank accounts",
    "Accounts to which you are paid, in clear.",
  ),
  fund_flows: part("orders/fund_flows", ["flow_id"], "Your orders", "Subscriptions, redemptions, switches, transfers."),
  order_transitions: part(
    "orders/order_transitions",
    ["transition_id"],
    "What happened to your orders",
    "Each step of an order with its time.",
  ),
  order_leaves: part(
    "orders/order_leaves",
    ["dealing_day_id", "position#"],
    "Your orders in the locked books",
    "What proves that an order was in the book of its day.",
  ),
  allocations: part("orders/allocations", ["allocation_id"], "What your orders came to", "Units, prices, costs, fees."),
  compensations: part(
    "orders/compensations",
    ["compensation_id"],
    "Corrections",
    "What was owed after a price was corrected.",
  ),
  in_kind_deliveries: part(
    "orders/in_kind_deliveries",
    ["delivery_id"],
    "Assets delivered to you",
    "Redemptions paid in assets.",
  ),
  holdings: part("holdings/holdings", ["share_class_id", "investor_id"], "What you hold", "Units by class, today."),
  lots: part("holdings/lots", ["lot_id"], "Your units by purchase", "Units of each purchase and what is left of them."),
  unit_ledger: part(
    "holdings/unit_ledger",
    ["entry_id"],
    "Every movement of your units",
    "Entries of the register of units.",
  ),
  wallets: part(
    "holdings/wallets",
    ["wallet_id"],
    "Your wallets",
    "Addresses on a chain at which units of yours may lie; whoever reads the chain sees them too, without your name.",
  ),
  token_moves: part(
    "holdings/token_moves",
    ["action_id", "wallet_id"],
    "Units that came to your wallets or left them",
    "Each operation of the fund that took effect on the chain, in units of the class; below zero they left.",
  ),
  cash_movements: part("money/cash_movements", ["entry_id"], "Every movement of your money", "Entries of the books."),
  cash_balances: part("money/cash_balances", ["balance_id"], "Your balances", "Money that is booked for you, today."),
  payment_lines: part(
    "money/payment_lines",
    ["payment_file_id", "flow_id"],
    "Payments to you",
    "Lines of the files that a bank was given.",
  ),
  import_rows: part(
    "money/import_rows",
    ["import_id", "position#"],
    "Lines of files about you",
    "Orders and bank statements that were read from files, where a line belongs to an order of yours.",
  ),
  statements: part("statements/statements", ["statement_id"], "Your statements", "As they were made, each version."),
  event_investors: part(
    "history/event_investors",
    ["event_id"],
    "Events that concern you",
    "What was recorded, and when.",
  ),
  personal_accesses: part(
    "history/personal_accesses",
    ["access_id"],
    "Who looked at your data",
    "Every time somebody or a program read it, and what for.",
  ),
  audit_trail: part(
    "history/audit_trail",
    ["tx#", "seq#"],
    "What was done with your data",
    "Entries of the audit trail about your file.",
  ),
  documents: part(
    "documents/documents",
    ["document_id"],
    "Your documents",
    "Each document that you or somebody for you gave us; the files stand beside the list.",
  ),
};

/** Why a table with rows about one person is not given to that person. The reasons are the same for everybody. */
export const NOT_FOR_SUBJECT: Readonly<Record<string, string>> = {
  tokenization_actions:
    "Operations of a fund on a chain with who asked for them: what took effect in your wallets stands above.",
  webhook_endpoints:
    "Where a program of somebody listens, kept under a login: whoever set one lists it with `evergreen webhooks list`.",
  authority_notices: "Letters of a fund to its authority, also where an order of yours was their cause.",
  party_tests: "Answers that are worked out of the details above every day; no detail of their own.",
  subject_holds: "Duties to keep records and disputes: the law does not let us say whether there are any.",
  cases: "Checks that the law against money laundering asks for: the law does not let us say whether there are any.",
  screening_subjects:
    "Checks that the law against money laundering asks for: the law does not let us say what they found.",
  screening_checks:
    "Checks that the law against money laundering asks for: the law does not let us say what they found.",
  screening_candidates:
    "Checks that the law against money laundering asks for: the law does not let us say what they found.",
  screening_clearances:
    "Checks that the law against money laundering asks for: the law does not let us say what they found.",
};
