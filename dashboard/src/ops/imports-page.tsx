// Files in: the wizard that takes one in, and every file that was taken in, with its state.
import { Link } from "@tanstack/react-router";
import { z } from "zod";
import { useTable } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { ImportWizard } from "./import-wizard.tsx";
import { OpsMenu } from "./ops-menu.tsx";

const Fund = z.object({ code: z.string(), name: z.string() });
const Batch = z.object({
  import_id: z.uuid(),
  kind: z.string(),
  format: z.string(),
  file_name: z.string(),
  rows: z.int(),
  accepted: z.int(),
  refused: z.int(),
  unmatched: z.int(),
  status: z.string(),
  recorded_at: z.string(),
  fund: z.object({ code: z.string() }),
});
const COLUMNS = "import_id,kind,format,file_name,rows,accepted,refused,unmatched,status,recorded_at,fund:funds(code)";
const NEWEST = 100;

export default function ImportsPage() {
  const { person } = useSession();
  const funds = useTable("funds", "code,name", "code", NEWEST, Fund);
  const batches = useTable("import_batches", COLUMNS, "recorded_at", NEWEST, Batch);
  return (
    <>
      <h1 tabIndex={-1}>Imports</h1>
      <OpsMenu />
      <div className="tiles">
        <section className="tile across" aria-labelledby="take">
          <h2 id="take">Take a file in</h2>
          {person?.role === "ops_role" ? (
            <ReadState query={funds}>{(rows) => <ImportWizard funds={rows} />}</ReadState>
          ) : (
            <p className="empty">Operations take files in; you may read what was taken in.</p>
          )}
        </section>
        <section className="tile across" aria-labelledby="taken">
          <h2 id="taken">Taken in</h2>
          <ReadState query={batches}>
            {(rows) => (
              <DataTable
                caption={`The newest imports, at most ${NEWEST}`}
                columns={[
                  {
                    header: "File",
                    cell: (row) => (
                      <Link to="/ops/imports/$importId" params={{ importId: row.import_id }}>
                        {row.file_name}
                      </Link>
                    ),
                    value: (row) => row.file_name,
                  },
                  { header: "Fund", cell: (row) => row.fund.code, value: (row) => row.fund.code },
                  { header: "Holds", cell: (row) => nameOf(row.kind), value: (row) => row.kind },
                  { header: "When", cell: (row) => time(row.recorded_at), value: (row) => row.recorded_at },
                  { header: "State", cell: (row) => nameOf(row.status), value: (row) => row.status },
                  ...(["rows", "accepted", "refused", "unmatched"] as const).map((name) => ({
                    header: name === "accepted" ? "Taken" : `${name[0]?.toUpperCase()}${name.slice(1)}`,
                    figure: true,
                    cell: (row: z.infer<typeof Batch>) => String(row[name]),
                    value: (row: z.infer<typeof Batch>) => String(row[name]),
                  })),
                ]}
                rows={rows}
                rowKey={(row) => row.import_id}
                empty="No file has been taken in yet."
                file="imports"
              />
            )}
          </ReadState>
        </section>
      </div>
    </>
  );
}
