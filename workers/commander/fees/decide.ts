// Which performance fees crystallise on the NAV of a day, and what is to be done about each: proposed, posted, or waited for. Pure.
import {
  crystallisationDue,
  crystallisationPosting,
  type FeePosting,
} from "@evergreen-fund/finance/fees/class-crystallisation.ts";
import { type FeeAgain, feeAgain } from "@evergreen-fund/finance/fees/fee-again.ts";
import type { RpcResult } from "@evergreen-fund/supabase-client";

type FeeFacts = RpcResult<"fn_read_crystallisation">[number];

export interface FeeWork {
  propose: FeePosting[];
  /** Proposals that two people approved. */
  post: string[];
  /** In words for people; null: nothing. */
  waitsFor: string | null;
}

/**
 * Of the classes that are struck and not yet dealt. A fee that people refused, or did not decide in time, is not asked for again on this NAV: it goes on
 * accruing. Errors: those of `crystallisationPosting`.
 */
export function feeWork(classes: readonly FeeFacts[], struck: readonly string[]): FeeWork {
  const due = classes.filter(
    (row) =>
      struck.includes(row.share_class_id) &&
      row.crystallised_on !== row.nav_date &&
      (row.proposal !== null || crystallisationDue(row)),
  );
  const open = due.map((row) => ({ row, posting: row.proposal === null ? crystallisationPosting(row) : null }));
  const waiting = open.filter(({ row, posting }) => posting !== null || row.proposal?.status === "pending");
  return {
    propose: open.flatMap(({ posting }) => posting ?? []),
    post: due.flatMap(({ proposal }) => (proposal?.status === "approved" ? proposal.proposal_id : [])),
    waitsFor:
      waiting.length === 0
        ? null
        : `two approvals of the performance fee of class ${waiting.map(({ row }) => row.code).join(", ")}`.slice(
            0,
            200,
          ),
  };
}

type AgainFacts = RpcResult<"fn_read_fees_again">[number];

export interface FeesAgainWork {
  propose: FeeAgain[];
  post: string[];
  waitsFor: string | null;
  /** Codes of classes whose people did not consent: the first posting stands. */
  kept: string[];
}

/**
 * Fees that were taken on a NAV which is restated (R30): those of its own date, and once no later strike follows any more those taken since, on lots that
 * were put right. Errors: those of `feeAgain`.
 */
export function feesAgainWork(fees: readonly AgainFacts[], navDate: string, isLast: boolean): FeesAgainWork {
  const due = fees.filter(({ nav_date }) => nav_date === navDate || isLast);
  const open = due.map((row) => ({ row, posting: feeAgain(row) })).filter(({ posting }) => posting !== null);
  const inState = (...states: (string | undefined)[]) =>
    open.filter(({ row }) => states.includes(row.proposal?.status));
  const waiting = inState(undefined, "pending");
  const codes = (rows: typeof open): string => rows.map(({ row }) => row.code).join(", ");
  return {
    propose: inState(undefined).flatMap(({ posting }) => posting ?? []),
    post: inState("approved").flatMap(({ row }) => row.proposal?.proposal_id ?? []),
    waitsFor:
      waiting.length === 0
        ? null
        : `two approvals of the performance fee of class ${codes(waiting)}, taken again`.slice(0, 200),
    kept: inState("rejected", "expired", "withdrawn").map(({ row }) => row.code),
  };
}
