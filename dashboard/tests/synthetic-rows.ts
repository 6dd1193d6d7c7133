// Synthetic rows that the demo has none of by itself, made by the functions of the database as people call them.
import { createHash, randomUUID } from "node:crypto";
import { CaseQueue } from "@evergreen-fund/domain/desk-pages.ts";
import { z } from "zod";
import { call } from "./faultless.ts";
import { apiOf } from "./visit.ts";

const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A case about a party and two entries of a list of its own. */
export async function newCase(): Promise<string> {
  const source = `syn-${randomUUID().slice(0, 8)}`;
  const entries = ["Synthetic Alpha", "Synthetic Beta"].map((name, n) => ({
    id: `E${n}`,
    hash: sha(name),
    body: {
      entityId: `E${n}`,
      kind: "company",
      names: [{ name, quality: "strong" }],
      born: [],
      countries: ["CH"],
      identifiers: [],
      programmes: ["Synthetic programme"],
      remarks: "",
    },
  }));
  const list = { source, title: "Synthetic list", format: "own-csv", address: "https://lists.invalid/synthetic.csv" };
  await call("ops1", "fn_set_watchlist", list);
  await call("ops1", "fn_publish_watchlist", {
    source,
    entries,
    file_hash: sha(source),
    fetched_at: new Date().toISOString(),
  });
  // nobody else is screened against it; switching it off takes a second person
  await call("ops2", "fn_set_watchlist", { ...list, active: false });
  const candidate = (n: number, score: string) => ({
    list: source,
    list_version: "1",
    entry_ref: `E${n}`,
    score,
    features: [{ feature: "name", score: Number(score), weight: 1, says: "Agree in most of their words." }],
  });
  const caseId = await call("ops1", "fn_open_case", {
    kind: "screening",
    severity: "critical",
    party_id: await call("ops1", "fn_register_party", { kind: "company" }),
    source: "check/synthetic",
    candidates: [candidate(0, "0.91"), candidate(1, "0.84")],
  });
  const { cases } = CaseQueue.parse(await call("ops1", "fn_read_cases"));
  return cases.find(({ case_id }) => case_id === caseId)?.code ?? "?";
}

const Order = z.object({
  amount: z.coerce.string(),
  currency: z.string(),
  investor: z.object({ code: z.string() }),
  share_class: z.object({ code: z.string() }),
});

/** The largest subscription of the demo that was locked: an order like it may be placed. */
export async function lockedSubscription(): Promise<z.infer<typeof Order>> {
  const { data } = await (await apiOf("ops1"))
    .from("fund_flows")
    .select(
      "amount,currency,investor:investors!fund_flows_investor_id_fkey(code),share_class:share_classes!fund_flows_share_class_id_fkey(code)",
    )
    .eq("direction", "subscription")
    .eq("status", "locked")
    .order("amount", { ascending: false })
    .limit(1);
  return Order.parse(data?.[0]);
}

/** A file with one order, taken in and taken back: what remains is its record. */
export async function newImport(): Promise<string> {
  const { amount, currency, investor, share_class } = await lockedSubscription();
  const reference = `SYN-${randomUUID().slice(0, 8)}`;
  const { import_id } = z.object({ import_id: z.uuid() }).parse(
    await call("ops1", "fn_import_orders", {
      fund: "DEMO",
      file: { sha256: sha(reference), name: "synthetic.csv", format: "csv" },
      orders: [
        {
          line: 2,
          reference,
          investor: investor.code,
          direction: "subscription",
          amount: Number(amount).toFixed(2),
          currency,
          share_class: share_class.code,
        },
      ],
    }),
  );
  await call("ops1", "fn_undo_import", { import_id, reason: "A file of the browser suite (synthetic)" });
  return import_id;
}
