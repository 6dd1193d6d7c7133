// A file taken in, step by step: chosen, its columns mapped, held against the book in a dry run, and only then applied.
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useSession } from "../api/session.tsx";
import { FundSelect } from "../ui/fund-select.tsx";
import { useAct } from "./act.ts";
import { type Imported, Imported as ImportedShape, type Mapping, type Upload } from "./file-shapes.ts";
import { ImportDiff } from "./import-diff.tsx";
import { rememberedMapping, rememberMapping } from "./mapping-memory.ts";
import { MappingStep } from "./mapping-step.tsx";
import { readUpload } from "./read-upload.ts";

type Kind = Upload["kind"];
const FUNCTION = { orders: "fn_import_orders", bank: "fn_import_bank_statement" } as const;
const ROWS = { orders: "orders", bank: "lines" } as const;

/** A name the database takes: of the file alone, without what a path or a terminal would obey. */
const fileName = (name: string): string => name.replace(/[/\\\p{Cc}\p{Cf}]/gu, "_").slice(0, 200) || "file";

interface Read {
  file: File;
  fund: string;
  upload: Upload;
  mapping: Mapping | undefined;
}

/** What was typed belongs to one reading of one file. */
const keyOf = ({ upload, mapping }: Read): string => upload.sha256 + JSON.stringify(mapping ?? null);

export function ImportWizard({ funds }: { funds: readonly { code: string; name: string }[] }) {
  const { supabase } = useSession();
  const [read, setRead] = useState<Read | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [remembered, setRemembered] = useState(false);

  /** Reads the file; the first time as it was mapped last time, when its columns are the same. */
  async function load(file: File, fund: string, kind: Kind, mapping: Mapping | undefined, first: boolean) {
    setBusy(true);
    setProblem("");
    try {
      let upload = await readUpload(supabase, file, kind, mapping);
      const headers = upload.columns.map(({ header }) => header);
      const before = first ? rememberedMapping(kind, headers) : undefined;
      if (before !== undefined) upload = await readUpload(supabase, file, kind, before);
      setRemembered(before !== undefined);
      const used = mapping ?? before;
      if (!first && used !== undefined && upload.problem === null) rememberMapping(kind, headers, used);
      setRead({ file, fund, upload, mapping: used });
    } catch (error) {
      setRead(null);
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <ChooseStep
        funds={funds}
        busy={busy}
        choose={(file, fund, kind) => void load(file, fund, kind, undefined, true)}
        again={() => setRead(null)}
      />
      <p role="alert" className="problem">
        {problem}
      </p>
      {read !== null && read.upload.columns.length > 0 && (
        <MappingStep
          key={`columns ${keyOf(read)}`}
          upload={read.upload}
          mapping={read.mapping}
          remembered={remembered}
          busy={busy}
          apply={(mapping) => void load(read.file, read.fund, read.upload.kind, mapping, false)}
        />
      )}
      {read !== null && read.upload.problem === null && <TryStep key={`rows ${keyOf(read)}`} read={read} />}
    </>
  );
}

interface Choose {
  funds: readonly { code: string; name: string }[];
  busy: boolean;
  choose: (file: File, fund: string, kind: Kind) => void;
  again: () => void;
}

function ChooseStep({ funds, busy, choose, again }: Choose) {
  const [fund, setFund] = useState(funds[0]?.code ?? "");
  const [kind, setKind] = useState<Kind>("orders");
  const [file, setFile] = useState<File | null>(null);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (file !== null) choose(file, fund, kind);
  }
  return (
    <form onSubmit={submit} aria-label="Step 1: the file">
      <h3>1. The file</h3>
      <div className="filters">
        <FundSelect funds={funds} value={fund} choose={setFund} />
        <label>
          What it holds
          <select
            value={kind}
            onChange={(event) => {
              setKind(event.target.value === "bank" ? "bank" : "orders");
              again();
            }}
          >
            <option value="orders">Orders (CSV, XLSX, setr.010, setr.004)</option>
            <option value="bank">Bank statement (CSV, XLSX, camt.053)</option>
          </select>
        </label>
        <label>
          File
          <input
            type="file"
            accept=".csv,.txt,.xlsx,.xml"
            onChange={(event) => {
              setFile(event.target.files?.[0] ?? null);
              again();
            }}
          />
        </label>
      </div>
      <p className="buttons">
        <button type="submit" disabled={busy || file === null || fund === ""}>
          {busy ? "Reading …" : "Read it"}
        </button>
        <span className="faint">It is read and shown. Nothing is changed before you apply it.</span>
      </p>
    </form>
  );
}

function TryStep({ read }: { read: Read }) {
  const act = useAct();
  const [tried, setTried] = useState<Imported | null>(null);
  const [done, setDone] = useState<Imported | null>(null);
  const [partial, setPartial] = useState(false);
  const { upload, file, fund } = read;

  const send = (dryRun: boolean, taking: boolean) =>
    act.run(
      FUNCTION[upload.kind],
      {
        fund,
        file: { sha256: upload.sha256, name: fileName(file.name), format: upload.format },
        [ROWS[upload.kind]]: upload.rows,
        partial: taking,
        dry_run: dryRun,
      },
      ImportedShape,
    );

  return (
    <section aria-labelledby="try">
      <h3 id="try">2. Dry run against the book</h3>
      {upload.notes.map((note) => (
        <p key={note} className="hint">
          {note}
        </p>
      ))}
      <p className="buttons">
        <button type="button" disabled={act.busy} onClick={async () => setTried((await send(true, true)) ?? null)}>
          Try {upload.rows.length} rows
        </button>
        <span className="faint">Every rule is applied to every row; then all of it is taken back.</span>
      </p>
      {tried !== null && <ImportDiff upload={upload} answer={tried} />}
      {tried?.repeated && (
        <p className="hint">
          This file, or one with the same rows, was taken in before.{" "}
          {tried.import_id !== null && <ToImport id={tried.import_id}>See that import</ToImport>}
        </p>
      )}
      {tried !== null && !tried.repeated && tried.accepted > 0 && done === null && (
        <>
          <h3>3. Apply</h3>
          {tried.refused > 0 && (
            <label className="choice">
              <input type="checkbox" checked={partial} onChange={(event) => setPartial(event.target.checked)} />
              <span>
                Take in the rows that are right and leave out the {tried.refused} that are refused. Without it, one
                wrong row refuses the file.
              </span>
            </label>
          )}
          <p className="buttons">
            <button
              type="button"
              disabled={act.busy || (tried.refused > 0 && !partial)}
              onClick={async () => setDone((await send(false, partial)) ?? null)}
            >
              Apply: take in {tried.accepted + tried.unmatched} rows
            </button>
          </p>
        </>
      )}
      {done !== null && (
        <p className={done.import_id === null ? "broken" : "holds"} role="status">
          {done.import_id === null ? (
            "The file was refused meanwhile and nothing was changed: try it again."
          ) : (
            <>
              Taken in: {done.accepted} rows{done.unmatched > 0 && `, ${done.unmatched} not matched yet`}.{" "}
              <ToImport id={done.import_id}>Open the import</ToImport>; it can be undone there.
            </>
          )}
        </p>
      )}
      <p role="alert" className="problem">
        {act.problem}
      </p>
    </section>
  );
}

function ToImport({ id, children }: { id: string; children: string }) {
  return (
    <Link to="/ops/imports/$importId" params={{ importId: id }}>
      {children}
    </Link>
  );
}
