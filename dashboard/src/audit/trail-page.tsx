// The auditor's seat: the state of the chains, and who did what to which entity, with whether a block seals it. Nothing here writes.
import { Trail } from "@evergreen-fund/domain/pages.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { number, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { AuditMenu } from "./audit-menu.tsx";

/** What is older and covered by no block means that the sealer stands still. */
const SEALED_WITHIN_MS = 5_000;

export default function TrailPage() {
  const { entity, before } = useSearch({ from: "/audit" });
  const query = useRpc(
    "fn_read_trail",
    { ...(entity ? { entity_id: entity } : {}), ...(before ? { before } : {}) },
    Trail,
  );
  return (
    <>
      <h1 tabIndex={-1}>Audit trail</h1>
      <AuditMenu />
      <EntityForm key={entity ?? ""} entity={entity ?? ""} />
      <ReadState query={query}>{(trail) => <Shown trail={trail} />}</ReadState>
    </>
  );
}

function EntityForm({ entity }: { entity: string }) {
  const navigate = useNavigate();
  const [text, setText] = useState(entity);
  const look = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: "/audit", search: text.trim() === "" ? {} : { entity: text.trim() } });
  };
  return (
    <form onSubmit={look} className="line">
      <label>
        Entity: the id of a proposal, an order, a dealing day …
        <input value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <button type="submit">Show its timeline</button>
    </form>
  );
}

function Shown({ trail }: { trail: Trail }) {
  const navigate = useNavigate();
  const { entity } = useSearch({ from: "/audit" });
  const late =
    trail.oldest_unsealed !== null && Date.parse(trail.read_at) - Date.parse(trail.oldest_unsealed) > SEALED_WITHIN_MS;
  const last = trail.entries.at(-1);
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="chains">
        <h2 id="chains">Chains</h2>
        <p className={late ? "broken" : "holds"} data-figure="sealing">
          <strong>{late ? "The sealer is late" : "The sealer keeps up"}</strong>: {number(String(trail.unsealed))}{" "}
          entries are not sealed yet
          {trail.oldest_unsealed !== null && `, the oldest of ${time(trail.oldest_unsealed)}`}. Whether every block
          holds is recomputed by <code>evergreen audit verify</code>, which trusts nothing that is stored.
        </p>
        <DataTable
          caption="The head of each chain"
          columns={[
            { header: "Chain", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "platform" },
            { header: "Blocks", figure: true, cell: (row) => number(row.height), value: (row) => row.height },
            { header: "Entries", figure: true, cell: (row) => number(row.entries), value: (row) => row.entries },
            { header: "Sealed", cell: (row) => time(row.sealed_at), value: (row) => row.sealed_at },
            {
              header: "Head (SHA-256)",
              cell: (row) => <code className="hash">{row.head}</code>,
              value: (row) => row.head,
            },
          ]}
          rows={trail.chains}
          rowKey={(row) => row.chain_id}
          empty="No block has been sealed yet."
          file="chains"
        />
      </section>
      <section className="tile across" aria-labelledby="timeline">
        <h2 id="timeline">{entity === undefined ? "The newest entries" : "Timeline"}</h2>
        <DataTable
          caption={
            entity === undefined ? "Audit entries, the newest first" : `Audit entries of ${entity}, the newest first`
          }
          columns={[
            { header: "When", cell: (row) => time(row.at), value: (row) => row.at },
            { header: "Who", cell: (row) => row.by, value: (row) => row.by },
            { header: "What", cell: (row) => row.message, value: (row) => row.message },
            {
              header: "Entity",
              cell: (row) => (
                <>
                  {nameOf(row.entity_type)}{" "}
                  <button
                    type="button"
                    className="link"
                    onClick={() => void navigate({ to: "/audit", search: { entity: row.entity_id } })}
                  >
                    {row.entity_id}
                  </button>
                </>
              ),
              value: (row) => `${row.entity_type}/${row.entity_id}`,
            },
            {
              header: "Sealed",
              cell: (row) => (row.sealed ? "sealed" : "not yet"),
              value: (row) => String(row.sealed),
            },
            { header: "Fund", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "" },
            { header: "Digest", value: (row) => row.digest },
          ]}
          rows={trail.entries}
          rowKey={(row) => row.audit_id}
          empty="There is no entry of that."
          file="audit-trail"
        />
        {trail.entries.length === 100 && last !== undefined && (
          <button
            type="button"
            className="quiet"
            onClick={() => void navigate({ to: "/audit", search: { ...(entity ? { entity } : {}), before: last.seq } })}
          >
            Earlier entries
          </button>
        )}
      </section>
    </div>
  );
}
