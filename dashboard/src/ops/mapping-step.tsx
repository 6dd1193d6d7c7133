// Which column is which field: as known names say, as it was last time, or as the person says.
import { useState } from "react";
import { DataTable } from "../ui/data-table.tsx";
import { nameOf } from "../words/names.ts";
import type { Mapping, Upload } from "./file-shapes.ts";

const DATES = ["YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY"];

interface Props {
  upload: Upload;
  mapping: Mapping | undefined;
  remembered: boolean;
  busy: boolean;
  apply: (mapping: Mapping) => void;
}

export function MappingStep({ upload, mapping, remembered, busy, apply }: Props) {
  const [fields, setFields] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(upload.columns.flatMap(({ header, field }) => (field === null ? [] : [[header, field]]))),
  );
  const [dates, setDates] = useState(mapping?.dates ?? "");
  const [decimal, setDecimal] = useState<"" | "." | ",">(mapping?.numbers?.decimal ?? "");

  const given = Object.entries(fields).filter(([, field]) => field !== "");
  const twice = given.find(([header, field]) => given.some(([other, one]) => one === field && other !== header));
  const next: Mapping = {
    columns: Object.fromEntries(given.map(([header, field]) => [field, header])),
    ...(dates === "" ? {} : { dates }),
    ...(decimal === "" ? {} : { numbers: { decimal } }),
  };

  return (
    <section aria-label="The columns">
      {upload.problem !== null && <p className="broken">{upload.problem}</p>}
      {remembered && <p className="hint">Mapped as you mapped a file with these columns last time.</p>}
      <details open={upload.problem !== null}>
        <summary>
          Columns: {given.length} of {upload.columns.length} are used
        </summary>
        <DataTable
          caption="Which column is which field"
          columns={[
            { header: "Column", cell: (row) => row.header, value: (row) => row.header },
            {
              header: "First values",
              cell: (row) => row.samples.filter((one) => one !== "").join(" · ") || "–",
              value: (row) => row.samples.join(" · "),
            },
            {
              header: "Read as",
              cell: (row) => (
                <select
                  aria-label={`${row.header} is`}
                  value={fields[row.header] ?? ""}
                  onChange={(event) => setFields({ ...fields, [row.header]: event.target.value })}
                >
                  <option value="">not used</option>
                  {upload.fields.map((field) => (
                    <option key={field} value={field}>
                      {nameOf(field)}
                    </option>
                  ))}
                </select>
              ),
              value: (row) => fields[row.header] ?? "",
            },
          ]}
          rows={upload.columns}
          rowKey={(row) => row.header}
          empty="The file has no columns."
        />
        <div className="filters">
          <label>
            Dates are written
            <select value={dates} onChange={(event) => setDates(event.target.value)}>
              <option value="">as usual</option>
              {DATES.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
          <label>
            Decimal sign
            <select
              value={decimal}
              onChange={(event) => setDecimal(event.target.value === "," ? "," : event.target.value === "." ? "." : "")}
            >
              <option value="">as usual</option>
              <option value=".">point</option>
              <option value=",">comma</option>
            </select>
          </label>
        </div>
        {twice !== undefined && <p className="broken">Two columns are read as {nameOf(twice[1])}: leave one out.</p>}
        <p className="buttons">
          <button
            type="button"
            className="quiet"
            disabled={busy || twice !== undefined || given.length === 0}
            onClick={() => apply(next)}
          >
            Read it with this mapping
          </button>
          <span className="faint">It is remembered in this browser for files with the same columns.</span>
        </p>
      </details>
    </section>
  );
}
