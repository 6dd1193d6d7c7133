// The files of a table: CSV, a workbook whose writer is fetched when somebody asks for one, and Parquet, which the server writes. All hold exactly what is shown.
import { useState } from "react";
import { useSession } from "../api/session.tsx";
import { csvOf } from "./csv.ts";
import { download } from "./download.ts";
import "./files.css";

interface Props {
  /** What the table is called; the name of the sheet. */
  caption: string;
  /** Name of the files without their endings. */
  file: string;
  columns: readonly { header: string; figure?: boolean }[];
  rows: () => readonly (readonly string[])[];
}

const WITHIN_MS = 60_000;
const PARQUET = "application/vnd.apache.parquet";
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

export function FilesOfTable({ caption, file, columns, rows }: Props) {
  const { supabase } = useSession();
  const [failed, setFailed] = useState("");
  const parquet = async () => {
    setFailed("");
    try {
      const { data } = await supabase.auth.getSession();
      const answer = await fetch("/files/parquet", {
        method: "POST",
        headers: {
          authorization: `Bearer ${data.session?.access_token ?? ""}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({
          columns: columns.map(({ header, figure = false }) => ({ header, figure })),
          rows: rows(),
        }),
        signal: AbortSignal.timeout(WITHIN_MS),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      download(`${file}.parquet`, await answer.blob(), PARQUET);
    } catch {
      setFailed("The Parquet file could not be made: try again.");
    }
  };
  const workbook = async () => {
    setFailed("");
    try {
      const { workbookOf } = await import("@evergreen-fund/reports/workbook.ts");
      download(`${file}.xlsx`, workbookOf({ name: caption, columns, rows: rows() }), XLSX);
    } catch {
      setFailed("The workbook could not be made: load the page again.");
    }
  };
  const headers = columns.map(({ header }) => header);
  return (
    <p className="files">
      <button type="button" className="quiet" onClick={() => download(`${file}.csv`, csvOf(headers, rows()))}>
        CSV<span className="unseen"> of {caption}</span>
      </button>
      <button type="button" className="quiet" onClick={() => void workbook()}>
        XLSX<span className="unseen"> of {caption}</span>
      </button>
      <button type="button" className="quiet" onClick={() => void parquet()}>
        Parquet<span className="unseen"> of {caption}</span>
      </button>
      {failed !== "" && <span role="alert">{failed}</span>}
    </p>
  );
}
