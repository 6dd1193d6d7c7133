// What the rooms found when they checked a proposal, rule by rule; breaches first.
import type { ProposalPage } from "@evergreen-fund/domain/proposal-page.ts";
import { figureColumn } from "../ui/columns.ts";
import { DataTable } from "../ui/data-table.tsx";
import { wordsWithout } from "../words/hidden.ts";
import { nameOf } from "../words/names.ts";

type Check = ProposalPage["checks"][number];

export function ChecksTable({ checks }: { checks: readonly Check[] }) {
  return (
    <section className="tile across" aria-labelledby="checks">
      <h2 id="checks">Checks</h2>
      <DataTable
        caption="What the rooms found"
        columns={[
          { header: "Rule", cell: (row) => nameOf(row.rule), value: (row) => row.rule },
          { header: "Result", cell: (row) => nameOf(row.result), value: (row) => row.result },
          figureColumn("Value", (row: Check) => row.value),
          figureColumn("Limit", (row: Check) => row.limit_value),
          { header: "In words", cell: (row) => wordsWithout(row.detail), value: (row) => row.detail },
          { header: "Room", cell: (row) => row.room, value: (row) => row.room },
        ]}
        rows={checks}
        rowKey={(row) => `${row.room}/${row.rule}`}
        empty="No room has recorded a check of it."
        file="checks"
      />
    </section>
  );
}
