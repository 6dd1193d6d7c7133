// A dealing day: where it stands, its orders by class, what the gate decides, and what it would decide at another cap. The day and the cap stand in the address.
import { DealingPage as Page } from "@evergreen-fund/domain/cockpit.ts";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useRpc } from "../api/read.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { date, money, number, time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { GateTile } from "./gate-tile.tsx";
import { fraction } from "./ratio.ts";

type Day = NonNullable<Page["day"]>;

export default function DealingPage() {
  const { day } = useSearch({ from: "/pm/dealing" });
  const query = useRpc("fn_read_dealing_page", day === undefined ? {} : { dealing_day_id: day }, Page);
  return (
    <>
      <h1 tabIndex={-1}>Dealing day</h1>
      <ReadState query={query}>
        {(page) =>
          page.day === null ? (
            <p className="empty">No dealing day has been opened yet: evergreen dealing-days open --help</p>
          ) : (
            <>
              <p className="fund">
                <strong>{page.day.fund_name}</strong> · {page.day.fund} · amounts in {page.day.currency}
                {page.day.synthetic && <span className="tag">synthetic data</span>}
              </p>
              <div className="tiles">
                <StateTile page={page} day={page.day} />
                <FillsTile page={page} day={page.day} />
                <GateTile page={page} day={page.day} />
                <LabTile day={page.day} />
              </div>
            </>
          )
        }
      </ReadState>
    </>
  );
}

const BASIS = {
  frozen: "The book is locked, at the NAV of the day.",
  indicative:
    "Indicative: the orders known now, at the last NAV that was struck. Notice and the gate of each investor are looked at when the book is locked.",
  dealt: "As it was dealt: what was admitted of each order, at the NAV of the day.",
} as const;

function StateTile({ page, day }: { page: Page; day: Day }) {
  const navigate = useNavigate();
  const tools = day.tools.filter(({ status }) => status !== "ended");
  const decided = typeof day.decision.status === "string" ? day.decision : null;
  return (
    <section className="tile" aria-labelledby="state">
      <h2 id="state">
        {date(day.dealing_date)}: <span data-figure="day-status">{nameOf(day.status)}</span>
      </h2>
      <p className="buttons">
        <label>
          Day
          <select
            value={day.dealing_day_id}
            onChange={(event) => void navigate({ to: "/pm/dealing", search: { day: event.target.value } })}
          >
            {page.days.every(({ dealing_day_id }) => dealing_day_id !== day.dealing_day_id) && (
              <option value={day.dealing_day_id}>{date(day.dealing_date)}</option>
            )}
            {page.days.map((row) => (
              <option key={row.dealing_day_id} value={row.dealing_day_id}>
                {date(row.dealing_date)}, {row.fund} class {row.share_class}: {nameOf(row.status)}
              </option>
            ))}
          </select>
        </label>
      </p>
      <p>
        Cut-off {time(day.cut_off_at)} · {page.orders} {page.orders === 1 ? "order" : "orders"} in all classes that deal
        at this NAV
      </p>
      {day.strike !== null && (
        <p>
          NAV of {date(day.strike.date)}, {day.strike.state} version {day.strike.version}
          {day.strike.proposal_id !== null && (
            <>
              {" · "}
              <Link to="/pm/proposals/$proposalId" params={{ proposalId: day.strike.proposal_id }}>
                its proposal
              </Link>
            </>
          )}
        </p>
      )}
      {page.basis !== null && <p className="hint">{BASIS[page.basis]}</p>}
      {decided !== null && (
        <p data-figure="decision">
          Decided: {nameOf(`gate_${String(decided.status)}`)}
          {typeof decided.fraction === "string" && `, ${fraction(decided.fraction)} of what was asked for`}
        </p>
      )}
      <h3>Liquidity tools</h3>
      {tools.length === 0 ? (
        <p className="empty">None is in use, and none is proposed.</p>
      ) : (
        <ul>
          {tools.map((tool) => (
            <li key={tool.activation_id}>
              {nameOf(tool.tool)}: {nameOf(tool.status)}
              {tool.active_from !== null && ` since ${time(tool.active_from)}`}
              {tool.active_until !== null && ` until ${time(tool.active_until)}`}
              {tool.proposal_id !== null && (
                <>
                  {" · "}
                  <Link to="/pm/proposals/$proposalId" params={{ proposalId: tool.proposal_id }}>
                    proposal
                  </Link>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What each class got, once it is allocated. */
function FillsTile({ page, day }: { page: Page; day: Day }) {
  if (page.fills.length === 0) return null;
  const amount = (text: string | null) => (text === null ? "–" : money(text, day.decimals));
  const units = (text: string | null) => (text === null ? "–" : number(text, 4, 4));
  return (
    <section className="tile" aria-labelledby="fills">
      <h2 id="fills">What was allocated</h2>
      <DataTable
        caption="Fills by class"
        columns={[
          { header: "Class", cell: (row) => row.share_class, value: (row) => row.share_class },
          { header: "Side", cell: (row) => row.direction, value: (row) => row.direction },
          { header: "Orders", figure: true, cell: (row) => String(row.orders), value: (row) => String(row.orders) },
          ...(
            [
              ["Asked (units)", "requested_units"],
              ["Filled (units)", "filled_units"],
              ["Carried (units)", "carried_units"],
            ] as const
          ).map(([header, key]) => ({
            header,
            figure: true,
            cell: (row: Page["fills"][number]) => units(row[key]),
            value: (row: Page["fills"][number]) => row[key] ?? "",
          })),
          {
            header: `Gross (${day.currency})`,
            figure: true,
            cell: (row) => amount(row.gross),
            value: (row) => row.gross ?? "",
          },
          {
            header: `Net (${day.currency})`,
            figure: true,
            cell: (row) => amount(row.net),
            value: (row) => row.net ?? "",
          },
        ]}
        rows={page.fills}
        rowKey={(row) => `${row.share_class}/${row.direction}`}
        empty=""
        file="fills"
      />
    </section>
  );
}

/** What the run of the day recorded when it compared the permitted tools. */
function LabTile({ day }: { day: Day }) {
  if (day.lab.length === 0) return null;
  return (
    <section className="tile across" aria-labelledby="lab">
      <h2 id="lab">What the run of the day compared</h2>
      <DataTable
        caption={`Combinations of the gate (${day.currency})`}
        columns={[
          {
            header: "Cap (share of NAV)",
            cell: (row) => (row.share === null ? "as set" : fraction(row.share)),
            value: (row) => row.share ?? "as set",
          },
          { header: "Basis", cell: (row) => row.basis, value: (row) => row.basis },
          { header: "What is not paid", cell: (row) => nameOf(row.carry), value: (row) => row.carry },
          { header: "Result", cell: (row) => nameOf(`gate_${row.status}`), value: (row) => row.status },
          {
            header: "Paid (share of what is asked)",
            figure: true,
            cell: (row) => (row.fraction === null ? "–" : fraction(row.fraction)),
            value: (row) => row.fraction ?? "",
          },
          { header: "Paid", figure: true, cell: (row) => money(row.paid, day.decimals), value: (row) => row.paid },
          {
            header: "Waits",
            figure: true,
            cell: (row) => money(row.waiting, day.decimals),
            value: (row) => row.waiting,
          },
          {
            header: "Lapses",
            figure: true,
            cell: (row) => money(row.lapsing, day.decimals),
            value: (row) => row.lapsing,
          },
        ]}
        rows={day.lab}
        rowKey={(row) => `${row.share}/${row.basis}/${row.carry}`}
        empty=""
        file="gate-combinations"
      />
    </section>
  );
}
