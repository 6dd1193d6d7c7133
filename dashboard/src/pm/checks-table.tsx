// What the rooms found when they checked a proposal, rule by rule; breaches first.
import { z } from "zod";
import { useRows } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { number } from "../words/format.ts";
import { nameOf } from "../words/names.ts";

const Check = z.object({
  room: z.string(),
  rule: z.string(),
  result: z.string(),
  value: z.string().nullable(),
  limit_value: z.string().nullable(),
  detail: z.string(),
});

export function ChecksTable({ proposalId }: { proposalId: string }) {
  const query = useRows(
    "proposal_checks",
    "room,rule,result,value::text,limit_value::text,detail",
    "proposal_id",
    proposalId,
    Check,
  );
  return (
    <section className="tile across" aria-labelledby="checks">
      <h2 id="checks">Checks</h2>
      <ReadState query={query}>
        {(rows) => (
          <DataTable
            caption="What the rooms found"
            columns={[
              { header: "Rule", cell: (row) => nameOf(row.rule), value: (row) => row.rule },
              { header: "Result", cell: (row) => nameOf(row.result), value: (row) => row.result },
              {
                header: "Value",
                figure: true,
                cell: (row) => (row.value === null ? "–" : number(row.value)),
                value: (row) => row.value ?? "",
              },
              {
                header: "Limit",
                figure: true,
                cell: (row) => (row.limit_value === null ? "–" : number(row.limit_value)),
                value: (row) => row.limit_value ?? "",
              },
              { header: "In words", cell: (row) => row.detail, value: (row) => row.detail },
              { header: "Room", cell: (row) => row.room, value: (row) => row.room },
            ]}
            rows={[...rows].sort((a, b) => Number(a.result === "passed") - Number(b.result === "passed"))}
            rowKey={(row) => `${row.room}/${row.rule}`}
            empty="No room has recorded a check of it."
            file="checks"
          />
        )}
      </ReadState>
    </section>
  );
}
