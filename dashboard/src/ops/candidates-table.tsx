// The candidates of a case beside each other: what the list says of each, and what speaks for and against it, feature by feature.
import type { CasePage } from "@evergreen-fund/domain/desk-pages.ts";
import { useState } from "react";
import { DataTable } from "../ui/data-table.tsx";
import { date, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { standing } from "./case-words.ts";

type Candidate = CasePage["candidates"][number];

/** More than this nobody compares at a glance; the others are a step away. */
const BESIDE = 4;

interface Line {
  what: string;
  say: (candidate: Candidate) => string;
}

const listed = (values: readonly string[] | undefined): string => (values ?? []).join("; ");
const namesOf = ({ entry }: Candidate): string =>
  listed(
    entry?.names?.map((one) =>
      typeof one === "string" ? one : one.quality === "weak" ? `${one.name} (weak alias)` : one.name,
    ),
  );

const ABOUT: readonly Line[] = [
  { what: "Stands", say: standing },
  { what: "Score, 0 to 1", say: ({ score }) => score ?? "" },
  { what: "List", say: ({ list, list_title }) => list_title ?? list ?? "" },
  {
    what: "Version of the list",
    say: ({ list_version, list_label, published_on, fetched_at }) =>
      [
        list_version ?? "",
        list_label ?? "",
        published_on === null ? "" : `published ${date(published_on)}`,
        fetched_at === null ? "" : `fetched ${time(fetched_at)}`,
      ]
        .filter((part) => part !== "")
        .join(", "),
  },
  { what: "Names", say: namesOf },
  { what: "Kind of the entry", say: ({ entry }) => nameOf(entry?.kind ?? "") },
  { what: "Born", say: ({ entry }) => listed(entry?.born) },
  { what: "Countries", say: ({ entry }) => listed(entry?.countries) },
  {
    what: "Identifiers",
    say: ({ entry }) =>
      listed(
        entry?.identifiers?.map(
          ({ kind, value, country }) => `${nameOf(kind)} ${value}${country === undefined ? "" : ` (${country})`}`,
        ),
      ),
  },
  { what: "Programmes", say: ({ entry }) => listed(entry?.programmes) },
  { what: "Remarks of the list", say: ({ entry }) => entry?.remarks ?? "" },
  {
    what: "Still on the list",
    say: ({ entry_gone }) => (entry_gone === null ? "" : entry_gone ? "no, it was removed" : "yes"),
  },
];

/** What a check found about one feature: a sentence, and how much it weighs. */
const featureSays = (name: string) => (candidate: Candidate) =>
  candidate.features
    .filter(({ feature }) => feature === name)
    .map(({ says, score, weight }) => {
      const figures = [
        score === undefined ? "" : `score ${String(score)}`,
        weight === undefined ? "" : `weight ${String(weight)}`,
      ].filter((part) => part !== "");
      return `${says ?? ""}${figures.length === 0 ? "" : ` (${figures.join(", ")})`}`.trim();
    })
    .join("; ");

export function CandidatesTable({ candidates, file }: { candidates: readonly Candidate[]; file: string }) {
  const [from, setFrom] = useState(0);
  const beside = candidates.slice(from, from + BESIDE);
  const features = [...new Set(candidates.flatMap((one) => one.features.flatMap(({ feature }) => feature ?? [])))];
  const lines = [
    ...ABOUT,
    ...features.map((name) => ({ what: `Compared: ${nameOf(name)}`, say: featureSays(name) })),
  ].filter((line) => beside.some((one) => line.say(one) !== ""));
  return (
    <>
      {candidates.length > BESIDE && (
        <p className="buttons">
          <button type="button" className="quiet" disabled={from === 0} onClick={() => setFrom(from - BESIDE)}>
            Before
          </button>
          <button
            type="button"
            className="quiet"
            disabled={from + BESIDE >= candidates.length}
            onClick={() => setFrom(from + BESIDE)}
          >
            Next
          </button>
          <span>
            {from + 1} to {Math.min(from + BESIDE, candidates.length)} of {candidates.length}, the highest score first
          </span>
        </p>
      )}
      <DataTable
        caption="What each candidate is, and what speaks for and against it"
        columns={[
          { header: "What", cell: (line) => line.what, value: (line) => line.what },
          ...beside.map((one) => ({
            header: one.entry_ref === null ? "No entry of a list" : `${one.list ?? ""} ${one.entry_ref}`,
            cell: (line: Line) => line.say(one) || "–",
            value: (line: Line) => line.say(one),
          })),
        ]}
        rows={lines}
        rowKey={(line) => line.what}
        empty="The case has no candidate."
        file={file}
      />
    </>
  );
}
