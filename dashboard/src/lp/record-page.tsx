// Who looked at or changed the own record, and everything that is kept of oneself to take along.
import { OwnRecord } from "@evergreen-fund/domain/pages-lp.ts";
import { useRpc } from "../api/read.ts";
import { timeColumn } from "../ui/columns.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { nameOf } from "../words/names.ts";
import { TakeDocument } from "./take-document.tsx";

type Look = OwnRecord["looks"][number] & { n: number };
type Change = OwnRecord["changes"][number] & { n: number };

const BY: Readonly<Record<string, string>> = {
  you: "You",
  person: "A person of the fund",
  platform: "The platform",
};
const byName = (by: string): string => BY[by] ?? `The platform's ${by.replace("agent:", "")} room`;
const WHAT: Readonly<Record<string, string>> = {
  values: "Personal data",
  document: "A document",
  export: "Everything",
};
const ENTITY: Readonly<Record<string, string>> = {
  fund_flows: "Order",
  investors: "Account",
  subject_keys: "Personal data",
};

export default function RecordPage() {
  const query = useRpc("fn_read_record", {}, OwnRecord);
  return (
    <>
      <h1 tabIndex={-1}>My record</h1>
      <ReadState query={query}>
        {(record) => (
          <div className="tiles">
            <section className="tile across" aria-labelledby="own-data">
              <h2 id="own-data">Take your data along</h2>
              <p>
                Everything that is kept of you: every value it ever had, your documents, who read what and when, and
                what was done to it. The export itself is recorded below.
              </p>
              {record.investors.map(({ investor, investor_id, party_id, has_personal_data }) => (
                <p key={investor_id}>
                  {party_id !== null && has_personal_data ? (
                    <TakeDocument path={`own-data/${party_id}.zip`} name={`own-data-${investor}.zip`}>
                      ZIP of {investor}
                    </TakeDocument>
                  ) : (
                    `No personal data is kept of ${investor}.`
                  )}
                </p>
              ))}
              <p className="hint">Holdings, orders and statements are on your first page, each as CSV and XLSX.</p>
            </section>
            <section className="tile across" aria-labelledby="looks">
              <h2 id="looks">Who looked</h2>
              <DataTable
                caption="Readings of your personal data, the newest first"
                columns={[
                  timeColumn("When", (row: Look) => row.at),
                  { header: "Who", cell: (row) => byName(row.by), value: (row) => row.by },
                  { header: "What", cell: (row) => WHAT[row.what] ?? nameOf(row.what), value: (row) => row.what },
                  {
                    header: "Which",
                    cell: (row) => (row.fields.length === 0 ? "all of it" : row.fields.map(nameOf).join(", ")),
                    value: (row) => row.fields.join(" "),
                  },
                  { header: "What for", cell: (row) => nameOf(row.purpose), value: (row) => row.purpose },
                ]}
                rows={record.looks.map((row, n) => ({ ...row, n }))}
                rowKey={(row) => String(row.n)}
                empty="Nobody has read your personal data."
                file="who-looked"
              />
              <p className="hint">
                Recorded is each call that hands out your name, address, birth date, tax or bank details, one of your
                documents, a payment file with your bank account, or an export of everything: who asked, when, for which
                fields and what for. Not recorded one by one is that staff see your orders and holdings in lists, where
                you stand under your code, and what an administrator of the database reads outside these calls; there
                your personal data is kept encrypted.
              </p>
            </section>
            <section className="tile across" aria-labelledby="changes">
              <h2 id="changes">What was changed</h2>
              <DataTable
                caption="Changes of your orders, accounts and data, the newest first"
                columns={[
                  timeColumn("When", (row: Change) => row.at),
                  { header: "Who", cell: (row) => byName(row.by), value: (row) => row.by },
                  { header: "Of", cell: (row) => ENTITY[row.entity] ?? nameOf(row.entity), value: (row) => row.entity },
                  { header: "What", cell: (row) => row.message, value: (row) => row.message },
                  { header: "Reference", cell: (row) => row.entity_id.slice(0, 8), value: (row) => row.entity_id },
                ]}
                rows={record.changes.map((row, n) => ({ ...row, n }))}
                rowKey={(row) => String(row.n)}
                empty="Nothing was changed."
                file="what-was-changed"
              />
            </section>
          </div>
        )}
      </ReadState>
    </>
  );
}
