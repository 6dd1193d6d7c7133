// The memories that the run of a proposal recalled before it planned, as it cites them.
import type { ProposalPage } from "@evergreen-fund/domain/proposal-page.ts";
import { DataTable } from "../ui/data-table.tsx";
import { time } from "../words/format.ts";

export function MemoriesTile({ memories }: { memories: ProposalPage["memories"] }) {
  return (
    <section className="tile across" aria-labelledby="memories">
      <h2 id="memories">Memories it cites</h2>
      <DataTable
        caption="What the run remembered before it planned"
        columns={[
          { header: "Memory", cell: (row) => row.text, value: (row) => row.text },
          { header: "Of", cell: (row) => time(row.recorded_at), value: (row) => row.recorded_at },
          {
            header: "Run",
            cell: (row) => <code className="hash">{row.workflow_id ?? "–"}</code>,
            value: (row) => row.workflow_id ?? "",
          },
          {
            header: "Trace",
            cell: (row) => <code className="hash">{row.trace_id ?? "–"}</code>,
            value: (row) => row.trace_id ?? "",
          },
        ]}
        rows={memories}
        rowKey={(row) => row.memory_id}
        empty="The run recalled nothing: no run before it left a memory that fits."
        file="memories"
      />
    </section>
  );
}
