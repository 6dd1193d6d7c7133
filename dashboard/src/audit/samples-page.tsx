// A sample that anybody can draw again: the seed is printed with it, and the rule by which it was drawn.
import { Sample } from "@evergreen-fund/domain/desk-pages.ts";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { AuditMenu } from "./audit-menu.tsx";
import { SAMPLE_KINDS, type SampleSearch } from "./audit-search.ts";

const NAMES: Readonly<Record<(typeof SAMPLE_KINDS)[number], string>> = {
  order: "Orders",
  proposal: "Proposals",
  nav: "NAVs",
  posting: "Postings of the ledger",
  case: "Cases",
  audit: "Entries of the audit trail",
};
const SIZE = "25";
/** What the timeline knows by id. */
const IN_TIMELINE = ["order", "proposal"];

/** A seed nobody chose. */
const newSeed = (): string =>
  [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export default function SamplesPage() {
  const search = useSearch({ from: "/audit/samples" });
  const { kind, seed } = search;
  return (
    <>
      <h1 tabIndex={-1}>Samples</h1>
      <AuditMenu />
      <DrawForm key={JSON.stringify(search)} search={search} />
      {kind === undefined || seed === undefined ? (
        <p className="empty">
          Choose what to draw from. The seed and the rule are printed, so that it can be drawn again.
        </p>
      ) : (
        <Drawn kind={kind} seed={seed} search={search} />
      )}
    </>
  );
}

function DrawForm({ search }: { search: SampleSearch }) {
  const navigate = useNavigate();
  const [kind, setKind] = useState(search.kind ?? "order");
  const [seed, setSeed] = useState(search.seed ?? "");
  const [size, setSize] = useState(search.size ?? SIZE);
  const [since, setSince] = useState(search.since ?? "");
  const [until, setUntil] = useState(search.until ?? "");
  function draw(event: FormEvent) {
    event.preventDefault();
    void navigate({
      to: "/audit/samples",
      search: {
        kind,
        seed: seed.trim() === "" ? newSeed() : seed.trim(),
        size,
        ...(since === "" ? {} : { since }),
        ...(until === "" ? {} : { until }),
      },
    });
  }
  return (
    <form onSubmit={draw} aria-label="What to draw">
      <div className="filters">
        <label>
          From
          <select value={kind} onChange={(event) => setKind(event.target.value)}>
            {SAMPLE_KINDS.map((one) => (
              <option key={one} value={one}>
                {NAMES[one]}
              </option>
            ))}
          </select>
        </label>
        <label>
          How many
          <input type="number" min={1} max={500} value={size} onChange={(event) => setSize(event.target.value)} />
        </label>
        <label>
          Recorded from (UTC)
          <input type="date" value={since} onChange={(event) => setSince(event.target.value)} />
        </label>
        <label>
          to
          <input type="date" value={until} onChange={(event) => setUntil(event.target.value)} />
        </label>
        <label>
          Seed (empty: a new one)
          <input value={seed} maxLength={200} onChange={(event) => setSeed(event.target.value)} />
        </label>
        <button type="submit">Draw</button>
      </div>
    </form>
  );
}

function Drawn({ kind, seed, search }: { kind: string; seed: string; search: SampleSearch }) {
  const query = useRpc(
    "fn_read_sample",
    {
      kind,
      seed,
      size: Number(search.size ?? SIZE),
      ...(search.since === undefined ? {} : { since: search.since }),
      ...(search.until === undefined ? {} : { until: search.until }),
    },
    Sample,
  );
  return (
    <ReadState query={query}>
      {(page) => (
        <section className="tile" aria-labelledby="drawn">
          <h2 id="drawn">
            {page.sample.length} of {page.population}
          </h2>
          <p data-figure="seed">
            Seed <code className="hash">{page.seed}</code>. Drawn are the smallest SHA-256 of the text “seed/id”.
          </p>
          <DataTable
            caption={`Sample by the seed ${page.seed}`}
            columns={[
              {
                header: "Id",
                cell: (row) =>
                  IN_TIMELINE.includes(page.kind) ? (
                    <Link to="/audit/timeline" search={{ of: row.id }}>
                      {row.id}
                    </Link>
                  ) : (
                    <code>{row.id}</code>
                  ),
                value: (row) => row.id,
              },
              { header: "Fund", cell: (row) => row.fund ?? "platform", value: (row) => row.fund ?? "" },
              { header: "Recorded", cell: (row) => time(row.at), value: (row) => row.at },
              { header: "What", cell: (row) => row.what, value: (row) => row.what },
              {
                header: "SHA-256",
                cell: (row) => <span className="hash">{row.rank.slice(0, 16)}…</span>,
                value: (row) => row.rank,
              },
            ]}
            rows={page.sample}
            rowKey={(row) => row.id}
            empty="Nothing was recorded in that span."
            file={`sample-${page.kind}`}
          />
        </section>
      )}
    </ReadState>
  );
}
