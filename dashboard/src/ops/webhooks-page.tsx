// Webhooks: the programs that are told of events, what each was sent, and where one has stopped the step that is safe. Secrets are made and replaced on the command line.
import { Webhooks } from "@evergreen-fund/domain/webhook-pages.ts";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { z } from "zod";
import { useRpc } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { time } from "../words/format.ts";
import { nameOf } from "../words/names.ts";
import { type Act, useAct } from "./act.ts";
import { OpsMenu } from "./ops-menu.tsx";
import { WebhookTries } from "./webhook-tries.tsx";
import {
  CHANGES,
  type Change,
  changesOf,
  deliveryState,
  endpointState,
  endpointStep,
  lastAnswer,
} from "./webhook-words.ts";

type Endpoint = Webhooks["endpoints"][number];
type Delivery = Webhooks["deliveries"][number];

const Changed = z.object({ endpoint_id: z.string(), status: z.string() });
const Sent = z.object({ delivery_id: z.string() });

export default function WebhooksPage() {
  const query = useRpc("fn_read_webhooks", {}, Webhooks);
  return (
    <>
      <h1 tabIndex={-1}>Webhooks</h1>
      <OpsMenu />
      <ReadState query={query}>{(page) => <Shown page={page} />}</ReadState>
    </>
  );
}

function Shown({ page }: { page: Webhooks }) {
  const { endpoint } = useSearch({ from: "/ops/webhooks" });
  const { person } = useSession();
  const chosen = page.endpoints.find(({ endpoint_id }) => endpoint_id === endpoint);
  const stopped = page.endpoints.filter(({ stopped_at }) => stopped_at !== null).length;
  const may = person?.role === "ops_role" || person?.role === "pm_role";
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="endpoints">
        <h2 id="endpoints">Receivers</h2>
        <p data-figure="webhooks">
          {page.endpoints.length === 0
            ? "No program is told of events."
            : `${page.endpoints.length} ${page.endpoints.length === 1 ? "program is" : "programs are"} to be told of events; ${stopped === 0 ? "none has" : stopped === 1 ? "one has" : `${stopped} have`} stopped.`}{" "}
          {person?.role === "pm_role" && "You see those that you added. "}A secret is made and shown once on the command
          line: <code>evergreen webhooks add</code>, <code>evergreen webhooks rotate</code>.
        </p>
        <DataTable
          caption="Who is told of what"
          columns={[
            {
              header: "Address",
              cell: (row) => (
                <Link to="/ops/webhooks" search={{ endpoint: row.endpoint_id }} replace>
                  <code className="hash">{row.url}</code>
                </Link>
              ),
              value: (row) => row.url,
            },
            { header: "State", cell: endpointState, value: endpointState },
            { header: "Next step", cell: endpointStep, value: endpointStep },
            {
              header: "Told of",
              cell: (row) => row.types.join(", "),
              value: (row) => row.types.join(" "),
            },
            { header: "Fund", cell: (row) => row.fund ?? "any", value: (row) => row.fund ?? "" },
            { header: "Told as", cell: (row) => nameOf(row.owner_role), value: (row) => row.owner_role },
            {
              header: "Last taken",
              cell: (row) => (row.delivered_at === null ? "never" : time(row.delivered_at)),
              value: (row) => row.delivered_at ?? "",
            },
            {
              header: "Waiting (messages)",
              figure: true,
              cell: (row) => String(row.pending),
              value: (row) => String(row.pending),
            },
            {
              header: "Given up (30 days)",
              figure: true,
              cell: (row) => String(row.given_up),
              value: (row) => String(row.given_up),
            },
          ]}
          rows={page.endpoints}
          rowKey={(row) => row.endpoint_id}
          empty="Whoever is signed in adds one: evergreen webhooks add --help"
          file="webhooks"
        />
        {chosen !== undefined && <Chosen key={chosen.endpoint_id} endpoint={chosen} may={may} />}
      </section>
      <DeliveriesTile page={page} chosen={chosen} may={may} />
    </div>
  );
}

/** What can be done with one endpoint: asked twice, because each changes what somebody else's program gets. */
function Chosen({ endpoint, may }: { endpoint: Endpoint; may: boolean }) {
  const act = useAct();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Change | null>(null);
  const [done, setDone] = useState("");
  const change = async (what: Change) => {
    const made = await act.run("fn_change_webhook", { endpoint_id: endpoint.endpoint_id, change: what }, Changed);
    if (made === undefined) return;
    setAsked(null);
    setDone(`Done: ${CHANGES[what].says}`);
    if (what === "remove") void navigate({ to: "/ops/webhooks", search: {}, replace: true });
  };
  const test = async () => {
    const made = await act.run("fn_test_webhook", { endpoint_id: endpoint.endpoint_id }, Sent);
    if (made !== undefined) setDone("A test is on its way: it stands first among the deliveries below.");
  };
  return (
    <section aria-labelledby="chosen" className="decide">
      <h3 id="chosen">
        <code className="hash">{endpoint.url}</code>
      </h3>
      <p>
        {endpointState(endpoint)}. {endpointStep(endpoint)}
        {endpoint.stopped_at !== null && ` It stopped ${time(endpoint.stopped_at)}.`}
      </p>
      {!may && <p className="hint">Operations pause, resume and remove it; here it is read only.</p>}
      {may && asked === null && (
        <p className="buttons">
          {changesOf(endpoint).map((what) => (
            <button key={what} type="button" className="quiet" onClick={() => setAsked(what)}>
              {CHANGES[what].button} …
            </button>
          ))}
          {endpoint.mine && endpoint.status === "active" && (
            <button type="button" disabled={act.busy} onClick={() => void test()}>
              Send a test
            </button>
          )}
        </p>
      )}
      {may && asked === null && !endpoint.mine && endpoint.status === "active" && (
        <p className="hint">
          Its owner sends a test: <code>evergreen webhooks test {endpoint.endpoint_id.slice(0, 8)}</code>
        </p>
      )}
      {asked !== null && (
        <>
          <p>{CHANGES[asked].says}</p>
          <p className="buttons">
            <button
              type="button"
              disabled={act.busy}
              className={asked === "remove" ? "danger" : undefined}
              onClick={() => void change(asked)}
            >
              {CHANGES[asked].sure}
            </button>
            <button type="button" className="quiet" onClick={() => setAsked(null)}>
              Not now
            </button>
          </p>
        </>
      )}
      <p role="status">{done}</p>
      <p role="alert" className="problem">
        {act.problem}
      </p>
    </section>
  );
}

function DeliveriesTile({ page, chosen, may }: { page: Webhooks; chosen: Endpoint | undefined; may: boolean }) {
  const act = useAct();
  const search = useSearch({ from: "/ops/webhooks" });
  const urls = new Map(page.endpoints.map(({ endpoint_id, url }) => [endpoint_id, url]));
  const rows = page.deliveries.filter(({ endpoint_id }) => chosen === undefined || endpoint_id === chosen.endpoint_id);
  const looked = rows.find(({ delivery_id }) => delivery_id === search.delivery);
  return (
    <section className="tile across" aria-labelledby="deliveries">
      <h2 id="deliveries">Deliveries</h2>
      {chosen !== undefined && (
        <p>
          Of the receiver that is looked at.{" "}
          <Link to="/ops/webhooks" search={{}} replace>
            Show all
          </Link>
        </p>
      )}
      <DataTable
        caption="The newest deliveries, 20 of each receiver"
        columns={[
          { header: "Event", cell: (row) => row.type, value: (row) => row.type },
          {
            header: "Receiver",
            cell: (row) => <code className="hash">{urls.get(row.endpoint_id)}</code>,
            value: (row) => urls.get(row.endpoint_id) ?? "",
          },
          {
            header: "State",
            cell: (row) => deliveryState(row, endpointOf(page, row)?.status === "active"),
            value: (row) => row.status,
          },
          {
            header: "Attempts",
            figure: true,
            cell: (row) =>
              row.tries.length === 0 ? (
                String(row.attempts)
              ) : (
                <Link
                  to="/ops/webhooks"
                  search={{ ...search, delivery: row.delivery_id }}
                  replace
                  aria-label={`${row.attempts}: each attempt of ${row.type} of ${time(row.created_at)}`}
                >
                  {row.attempts}
                </Link>
              ),
            value: (row) => String(row.attempts),
          },
          { header: "Last answer", cell: lastAnswer, value: lastAnswer },
          { header: "Queued", cell: (row) => time(row.created_at), value: (row) => row.created_at },
          {
            header: "Taken",
            cell: (row) => (row.delivered_at === null ? "–" : time(row.delivered_at)),
            value: (row) => row.delivered_at ?? "",
          },
          { header: "Message id", value: (row) => row.delivery_id },
          ...(may
            ? [
                {
                  header: "Act",
                  cell: (row: Delivery) => (
                    <Again row={row} act={act} isActive={endpointOf(page, row)?.status === "active"} />
                  ),
                },
              ]
            : []),
        ]}
        rows={rows}
        rowKey={(row) => row.delivery_id}
        empty="Nothing has been sent yet."
        file="webhook-deliveries"
      />
      <p role="alert" className="problem">
        {act.problem}
      </p>
      {looked !== undefined && <WebhookTries delivery={looked} url={urls.get(looked.endpoint_id) ?? ""} />}
    </section>
  );
}

const endpointOf = (page: Webhooks, row: Delivery): Endpoint | undefined =>
  page.endpoints.find(({ endpoint_id }) => endpoint_id === row.endpoint_id);

/** Sent under the id that it had: a receiver that has it knows it. */
function Again({ row, act, isActive }: { row: Delivery; act: Act; isActive: boolean }) {
  if (row.status === "pending") return "–";
  if (!isActive) return "resume it first";
  return (
    <button
      type="button"
      className="quiet"
      disabled={act.busy}
      aria-label={`Send ${row.type} of ${time(row.created_at)} again`}
      onClick={() => void act.run("fn_resend_webhook", { delivery_id: row.delivery_id }, Sent)}
    >
      Send again
    </button>
  );
}
