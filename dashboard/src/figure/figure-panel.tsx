// The panel of a figure: value, formula and rule, inputs with their rows and ages, whether they give the same value when they are computed again here, and where it came from.
import { Explained, type FigureInput } from "@evergreen-fund/domain/figures.ts";
import { agrees, computedAgain } from "@evergreen-fund/finance/computed-again.ts";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date, money, number, plainNumber, time } from "../words/format.ts";
import { wordsWithout } from "../words/hidden.ts";
import { nameOf } from "../words/names.ts";
import { backToFigure, closeFigure, type Opened, openInput } from "./opened.ts";

export default function FigurePanel({ path }: { path: readonly Opened[] }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const top = path.at(-1);
  // the browser itself keeps the focus inside, closes it with Escape and gives the focus back
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (top !== undefined) dialog.current?.querySelector<HTMLElement>("h2")?.focus();
  }, [top]);
  if (top === undefined) return null;
  return (
    <dialog ref={dialog} className="panel" aria-label="How this figure is made" onClose={closeFigure}>
      <p className="buttons">
        {path.length > 1 && (
          <button type="button" className="quiet" onClick={backToFigure}>
            Back
          </button>
        )}
        <button type="button" className="quiet" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </p>
      <Explanation key={`${top.figure}/${top.id}/${top.part}`} of={top} />
    </dialog>
  );
}

function Explanation({ of: { figure, id, part, shown } }: { of: Opened }) {
  const query = useRpc("fn_explain_figure", { figure, id, ...(part === undefined ? {} : { part }) }, Explained);
  return (
    <ReadState query={query}>
      {(explained) => (
        <Shown
          explained={explained}
          {...(part === undefined ? {} : { part })}
          {...(shown === undefined ? {} : { shown })}
        />
      )}
    </ReadState>
  );
}

/** A value in its unit: money with its decimals, a share or cover as it is, units with those they have. */
function written(value: string, unit: string | null, decimals: number | null): string {
  if (unit === "ratio") return plainNumber(value, 0, 6);
  if (unit === "units") return number(value, decimals ?? 0, decimals ?? 6);
  return decimals === null ? number(value, 2, 8) : money(value, decimals);
}

function Shown({ explained, part, shown }: { explained: Explained; part?: string; shown?: string }) {
  const { person } = useSession();
  const { unit, decimals, inputs, row, memories } = explained;
  const value = explained.value ?? shown ?? null;
  const unitOf = (input: FigureInput): string =>
    input.unit ?? (unit === "ratio" || unit === "units" ? "" : (unit ?? ""));
  return (
    <>
      <h2 tabIndex={-1}>
        {explained.title}
        {explained.synthetic === true && <span className="tag">synthetic data</span>}
      </h2>
      {value !== null && (
        <p className="figure-large" data-figure="explained">
          {written(value, unit, explained.value === null && unit === "ratio" ? null : decimals)} <small>{unit}</small>
        </p>
      )}
      <p className="formula">
        {explained.rule !== null && <strong>{explained.rule}: </strong>}
        {explained.formula}
      </p>
      <Again explained={explained} value={value} {...(part === undefined ? {} : { part })} />
      <DataTable
        caption="Inputs"
        columns={[
          {
            header: "Input",
            cell: (input) => (
              <>
                {input.opens ? (
                  <button
                    type="button"
                    className="link"
                    onClick={() => {
                      const { figure, id, part: of } = input.opens ?? { figure: "nav" as const, id: "" };
                      openInput({ figure, id, ...(of === undefined ? {} : { part: of }) });
                    }}
                  >
                    {nameOf(input.name)}
                  </button>
                ) : (
                  nameOf(input.name)
                )}
                {input.note && <small className="method">{wordsWithout(input.note)}</small>}
              </>
            ),
            value: (input) => input.name,
          },
          {
            header: "Value",
            figure: true,
            cell: (input) =>
              written(
                input.value,
                input.unit ?? null,
                input.unit ? null : decimals === null || decimals > 4 ? 2 : decimals,
              ),
            value: (input) => input.value,
          },
          { header: "Unit", cell: unitOf, value: unitOf },
          {
            header: "As of",
            cell: (input) => (input.as_of ? date(input.as_of) : "–"),
            value: (input) => input.as_of ?? "",
          },
          {
            header: "Row",
            cell: (input) => (
              <>
                {input.table} {input.id && <code className="hash">{input.id.slice(0, 8)}</code>}
              </>
            ),
            value: (input) => `${input.table} ${input.id ?? ""}`,
          },
          { header: "Note", value: (input) => input.note ?? "" },
        ]}
        rows={inputs.map((input, at) => ({ ...input, at }))}
        rowKey={(input) => String(input.at)}
        empty="It has no inputs."
        file={`figure-${explained.figure}`}
      />
      <h3>Where it comes from</h3>
      <dl>
        <dt>Row</dt>
        <dd>
          {row.table} <code className="hash">{row.id}</code>
        </dd>
        {explained.as_of && (
          <>
            <dt>As of</dt>
            <dd>{date(explained.as_of)}</dd>
          </>
        )}
        {row.recorded_at && (
          <>
            <dt>Recorded</dt>
            <dd>{time(row.recorded_at)}</dd>
          </>
        )}
        {row.hash && (
          <>
            <dt>Hash</dt>
            <dd>
              <code className="hash">{row.hash}</code>
            </dd>
          </>
        )}
        {person?.role !== "lp_role" && (
          <>
            {explained.proposal_id !== null && (
              <>
                <dt>Proposal</dt>
                <dd>
                  <Link
                    to="/pm/proposals/$proposalId"
                    params={{ proposalId: explained.proposal_id }}
                    onClick={closeFigure}
                  >
                    {explained.proposal_id}
                  </Link>
                </dd>
              </>
            )}
            <dt>Run</dt>
            <dd>
              {explained.workflow_id === null ? (
                "none: it came with an import or a person's own entry"
              ) : (
                <code className="hash">{explained.workflow_id}</code>
              )}
            </dd>
            <dt>Trace</dt>
            <dd>{explained.trace_id === null ? "none is kept" : <code className="hash">{explained.trace_id}</code>}</dd>
          </>
        )}
      </dl>
      {person?.role !== "lp_role" && (
        <>
          <h3>Memories of it</h3>
          {memories.length === 0 ? (
            <p className="empty">No memory that you may read names its run or its rows.</p>
          ) : (
            <ul>
              {memories.map((memory) => (
                <li key={memory.memory_id}>
                  {wordsWithout(memory.text)} <span className="faint">{time(memory.recorded_at)}</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </>
  );
}

function Again({ explained, value, part }: { explained: Explained; value: string | null; part?: string }) {
  let again: string | null = null;
  try {
    again = computedAgain(explained, part);
  } catch {
    again = null;
  }
  if (again === null || value === null)
    return <p className="hint">The inputs alone do not decide it: it cannot be computed again here.</p>;
  const same = agrees(explained, value, again);
  return (
    <p className={same ? "holds" : "broken"} data-figure="again">
      <strong>{same ? "Computed again here from these inputs: the same." : "Computed again here, it differs."}</strong>
      {!same && ` It comes to ${written(again, explained.unit, null)}.`}
    </p>
  );
}
