// The invariants by name: what each says, and who checks it. `fn_verify_invariants` answers only what is broken. Pure.

export interface Invariant {
  name: string;
  says: string;
  /** Absent: `evergreen verify` checks it. */
  elsewhere?: string;
}

export const INVARIANTS: readonly Invariant[] = [
  { name: "I1", says: "Cash of every ledger transaction sums to zero, and so do all accounts of a currency" },
  {
    name: "I2",
    says: "Holders' units are the units outstanding, lots are the holding, and nobody holds less than nothing",
  },
  { name: "I3", says: "Every stored balance is, to the last digit, the sum of its entries" },
  { name: "I4", says: "A request takes effect once and its answer is kept; a dealing day is posted once" },
  { name: "I5", says: "What is written in the ledger, the order books and the policies cannot be changed or deleted" },
  { name: "I6", says: "Price × units is the value of the class, classes sum to the fund, fills are what was posted" },
  { name: "I7", says: "Every event was handed over, waits, or is a dead letter with its reason" },
  { name: "I8", says: "Every event has its effect once: one run, one batch, one step of an order, one posting" },
  { name: "I9", says: "What happens to an order, a day or a posting follows the order of its events" },
  { name: "I10", says: "Every call that changed something has one audit entry", elsewhere: "evergreen audit verify" },
  { name: "I11", says: "The audit chain is whole and leads to its noted heads", elsewhere: "evergreen audit verify" },
  { name: "I12", says: "What was applied had the approvals it needs, of others than who proposed it, on its hash" },
  {
    name: "I13",
    says: "No fill above order, holding or cap; equals are treated equally; nothing reserved beyond capacity",
  },
  { name: "I14", says: "No units were issued to an investor whom KYC had not cleared" },
  { name: "I15", says: "Runs in the database are what Temporal says", elsewhere: "evergreen doctor" },
  {
    name: "I16",
    says: "One NAV and one dealing per class and date, and no order was locked after its price was known",
  },
  {
    name: "in_transit",
    says: "No money is left on its way by a switch, nobody was paid more than was owed or sent back more than came",
  },
  {
    name: "trace",
    says: "Every posting, step of an order and step of a day has its event, and the event its trace id",
  },
  { name: "R1", says: "Every order is in the state of its last record" },
  { name: "R13", says: "A side pocket takes no new money: its units came from the posting that opened it" },
  { name: "R22", says: "No high-water mark fell because a fee crystallised" },
  { name: "order_root", says: "Order books are what was committed at their cut-off" },
  { name: "day_hash", says: "Closed days are what was closed" },
];

export interface BrokenRow {
  invariant: string;
  entity_type: string;
  entity_id: string;
  detail: string;
}
export interface InvariantRow {
  name: string;
  says: string;
  /** Null: checked elsewhere. */
  ok: boolean | null;
  broken: BrokenRow[];
}

/** One row per invariant, in their order; one that this table does not know yet is shown with the words of its first row. */
export function invariantsOf(broken: readonly BrokenRow[]): InvariantRow[] {
  const rows = INVARIANTS.map(({ name, says, elsewhere }): InvariantRow => {
    const own = broken.filter((row) => row.invariant === name);
    if (elsewhere !== undefined && own.length === 0)
      return { name, says: `${says} (see ${elsewhere})`, ok: null, broken: [] };
    return { name, says, ok: own.length === 0, broken: own };
  });
  const unknown = new Set(
    broken.map((row) => row.invariant).filter((name) => !INVARIANTS.some((known) => known.name === name)),
  );
  for (const name of unknown) {
    const own = broken.filter((row) => row.invariant === name);
    rows.push({ name, says: own[0]?.detail ?? "", ok: false, broken: own });
  }
  return rows;
}
