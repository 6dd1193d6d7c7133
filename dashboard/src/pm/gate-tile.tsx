// The gate of a dealing day, asked "what if": a cap to move, what would be paid at every level as a curve and a table, and the classes at the cap that is looked at.
import type { DealingPage } from "@evergreen-fund/domain/cockpit.ts";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { Figure } from "../figure/figure.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { money, number, plainNumber } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { shareOf, type WhatIf, whatIf } from "./gate-what-if.ts";
import { fraction } from "./ratio.ts";

const FillCurve = lazy(() => import("./fill-curve.tsx"));

type Day = NonNullable<DealingPage["day"]>;
type Book = NonNullable<DealingPage["book"]>;

export function GateTile({ page, day }: { page: DealingPage; day: Day }) {
  const { book, basis } = page;
  const computed = useMemo((): WhatIf | string | null => {
    if (book === null || book.classes.length === 0) return null;
    try {
      return whatIf(book, basis);
    } catch (error) {
      return error instanceof Error ? error.message : "The engine refuses this book.";
    }
  }, [book, basis]);
  return (
    <section className="tile across" aria-labelledby="gate">
      <h2 id="gate">Gate: what if</h2>
      {computed === null || book === null ? (
        <p className="empty">
          {page.orders > 20_000
            ? "The book is too long for a page: what the run of the day compared stands below."
            : "There is no NAV to hold a gate against yet."}
        </p>
      ) : typeof computed === "string" ? (
        <p className="state" role="alert">
          {computed}
        </p>
      ) : (
        <Shown key={day.dealing_day_id} day={day} book={book} computed={computed} />
      )}
    </section>
  );
}

const PLACES = 3;
const RESTS_MS = 300;

function Shown({ day, book, computed }: { day: Day; book: Book; computed: WhatIf }) {
  const navigate = useNavigate();
  const { cap: linked } = useSearch({ from: "/pm/dealing" });
  const [cap, setCap] = useState(linked);
  const share = cap === undefined ? null : shareOf(cap, "100");
  const at = useMemo(() => computed.at(share), [computed, share]);
  const codes = new Map(book.classes.map((row) => [row.share_class_id, row.code]));
  const amount = (text: string) => money(text, day.decimals);
  const most = computed.levels.at(-1)?.share ?? "0";
  const inPercent = (text: string) => plainNumber(shareOf(text, "0.01"), 0, PLACES).replaceAll(",", "");
  // the address follows when the slider rests
  useEffect(() => {
    if (cap === linked) return;
    const rests = setTimeout(
      () =>
        void navigate({
          to: "/pm/dealing",
          search: { day: day.dealing_day_id, ...(cap === undefined ? {} : { cap }) },
          replace: true,
          resetScroll: false,
        }),
      RESTS_MS,
    );
    return () => clearTimeout(rests);
  }, [cap, linked, navigate, day.dealing_day_id]);
  if (/^0(\.0*)?$/.test(computed.own.demand))
    return <p className="empty">Nobody redeems: no cap would hold anybody back.</p>;
  return (
    <>
      <p>
        {computed.hasGate
          ? "The terms of the fund have a gate."
          : "The terms of the fund have no gate: this is what one would do."}{" "}
        Redemptions of {amount(computed.own.redemptions)} {day.currency} are held against it, which is{" "}
        {fraction(shareOf(computed.own.demand, book.nav))} of a NAV of{" "}
        {day.strike === null ? (
          amount(book.nav)
        ) : (
          <Figure figure="nav" id={day.strike.strike_id}>
            {amount(book.nav)}
          </Figure>
        )}
        .
      </p>
      <p className="buttons">
        <label>
          Cap (% of NAV)
          <input
            type="range"
            min="0"
            max={inPercent(most)}
            step="0.01"
            value={cap ?? inPercent(computed.ownShare ?? most)}
            aria-valuetext={`${cap ?? inPercent(computed.ownShare ?? most)} % of NAV`}
            onChange={(event) => setCap(event.target.value)}
          />
        </label>
        <output data-figure="cap">{share === null ? "as the terms have it" : fraction(share)}</output>
        <button type="button" className="quiet" disabled={share === null} onClick={() => setCap(undefined)}>
          Back to the terms
        </button>
      </p>
      <p className={at.gate.status === "stopped" ? "broken" : "holds"} data-figure="verdict" aria-live="polite">
        <strong>{nameOf(`gate_${at.gate.status}`)}</strong>
        {at.gate.fraction === null
          ? ": the cap is below what must be paid at least. The fund extends the notice or suspends; it never pays less."
          : `: ${fraction(at.gate.fraction)} of what is asked for is paid, ${amount(at.gate.pay)} ${day.currency}.`}
      </p>
      <Suspense fallback={<p className="faint">Drawing …</p>}>
        <FillCurve
          title="Paid, as a share of what is asked for, over the cap as a share of NAV"
          points={computed.levels.map(({ share: level, gate }) => ({
            share: level,
            label: `Cap ${fraction(level)} of NAV`,
            fraction: gate.fraction,
            shown: gate.fraction === null ? "the engine stops" : fraction(gate.fraction),
          }))}
          marks={[
            ...(computed.ownShare === null ? [] : [{ share: computed.ownShare, name: "cap of the terms" }]),
            ...(share === null ? [] : [{ share, name: "looked at" }]),
          ]}
        />
      </Suspense>
      <DataTable
        caption={share === null ? "Classes at the terms of the fund" : `Classes at a cap of ${fraction(share)} of NAV`}
        columns={[
          { header: "Class", cell: (row) => codes.get(row.id) ?? row.id, value: (row) => codes.get(row.id) ?? row.id },
          {
            header: `NAV per unit (${day.currency})`,
            figure: true,
            cell: (row) =>
              day.strike === null ? (
                number(row.navPerUnit, 4, 8)
              ) : (
                <Figure figure="nav_per_unit" id={day.strike.strike_id} part={row.id}>
                  {number(row.navPerUnit, 4, 8)}
                </Figure>
              ),
            value: (row) => row.navPerUnit,
          },
          ...(
            [
              ["Asked (units)", "requestedUnits"],
              ["Paid (units)", "filledUnits"],
              ["Issued (units)", "issuedUnits"],
            ] as const
          ).map(([header, key]) => ({
            header,
            figure: true,
            cell: (row: (typeof at.classes)[number]) => number(row[key], 4, 4),
            value: (row: (typeof at.classes)[number]) => row[key],
          })),
        ]}
        rows={at.classes}
        rowKey={(row) => row.id}
        empty="No class deals."
        file="gate-classes"
      />
      <details>
        <summary>The curve as a table</summary>
        <DataTable
          caption={`What each cap would pay (${day.currency})`}
          columns={[
            { header: "Cap (share of NAV)", cell: (row) => fraction(row.share), value: (row) => row.share },
            { header: "Result", cell: (row) => nameOf(`gate_${row.gate.status}`), value: (row) => row.gate.status },
            {
              header: "Paid (share of what is asked)",
              figure: true,
              cell: (row) => (row.gate.fraction === null ? "–" : fraction(row.gate.fraction)),
              value: (row) => row.gate.fraction ?? "",
            },
            {
              header: "Cap",
              figure: true,
              cell: (row) => amount(row.gate.cap ?? "0"),
              value: (row) => row.gate.cap ?? "",
            },
            { header: "Paid", figure: true, cell: (row) => amount(row.gate.pay), value: (row) => row.gate.pay },
          ]}
          rows={computed.levels}
          rowKey={(row) => row.share}
          empty=""
          file="gate-what-if"
        />
      </details>
    </>
  );
}
