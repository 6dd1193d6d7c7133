// Evidence packs: asked for here and made on the server under the auditor's own token, taken along with their hash; and how anybody verifies one offline.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { z } from "zod";
import { useTable } from "../api/read.ts";
import { useSession } from "../api/session.tsx";
import { TakeDocument } from "../lp/take-document.tsx";
import { FundSelect } from "../ui/fund-select.tsx";
import { ReadState } from "../ui/read-state.tsx";
import { AuditMenu } from "./audit-menu.tsx";
import "../lp/lp.css";

const Fund = z.object({ code: z.string(), name: z.string() });
const MOST_FUNDS = 100;
const Job = z.discriminatedUnion("state", [
  z.object({ state: z.literal("making"), said: z.string() }),
  z.object({ state: z.literal("failed"), problem: z.string() }),
  z.object({
    state: z.literal("ready"),
    name: z.string(),
    sha256: z.string(),
    fileSha256: z.string(),
    bytes: z.number(),
    rows: z.number(),
    dealingDates: z.number(),
  }),
]);
type Job = z.infer<typeof Job>;

export default function PacksPage() {
  const query = useTable("funds", "code,name", "code", MOST_FUNDS, Fund);
  return (
    <>
      <h1 tabIndex={-1}>Evidence packs</h1>
      <AuditMenu />
      <ReadState query={query}>{(funds) => <Packs funds={funds} />}</ReadState>
    </>
  );
}

const day = (back: number): string => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
const MONTH = 30;
const LOOK_MS = 1_000;
const ANSWERS_MS = 30_000;

/** What the server refused: asked again it would answer the same. */
class Refused extends Error {}

/** Asks the server under the token of whoever is signed in; what it refuses is thrown in its own words. */
function useServer() {
  const { supabase } = useSession();
  return async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const { data } = await supabase.auth.getSession();
    const headers = { authorization: `Bearer ${data.session?.access_token ?? ""}`, "content-type": "application/json" };
    const answer = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(ANSWERS_MS) });
    const body: unknown = await answer.json().catch(() => ({}));
    if (answer.ok) return body;
    const { message } = body as { message?: string };
    if (answer.status < 500 && message !== undefined) throw new Refused(message);
    throw new Error("The server does not answer.");
  };
}

function Packs({ funds }: { funds: readonly z.infer<typeof Fund>[] }) {
  const { person } = useSession();
  const server = useServer();
  const [fund, setFund] = useState(funds[0]?.code ?? "");
  const [from, setFrom] = useState(day(MONTH));
  const [to, setTo] = useState(day(1));
  const { pack: asked = "" } = useSearch({ from: "/audit/packs" });
  const navigate = useNavigate();
  const [problem, setProblem] = useState("");
  const job = useQuery({
    queryKey: [person?.userId, "evidence", asked],
    enabled: asked !== "",
    queryFn: async () => Job.parse(await server(`/documents/evidence/${asked}`)),
    retry: false,
    refetchInterval: ({ state }) =>
      !(state.error instanceof Refused) && (state.data === undefined || state.data.state === "making")
        ? LOOK_MS
        : false,
  });
  if (funds.length === 0) return <p className="empty">There is no fund that you may see.</p>;
  async function ask() {
    setProblem("");
    try {
      const body = JSON.stringify({ fund, from, to });
      const { id } = z.object({ id: z.uuid() }).parse(await server("/documents/evidence", { method: "POST", body }));
      void navigate({ to: "/audit/packs", search: { pack: id }, replace: true });
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : "The server does not answer: try again.");
    }
  }
  const refused = job.error instanceof Refused ? job.error.message : "";
  const making = asked !== "" && refused === "" && (job.data === undefined || job.data.state === "making");
  const may = person?.role === "audit_role";
  return (
    <div className="tiles">
      <section className="tile across" aria-labelledby="make">
        <h2 id="make">Make a pack</h2>
        <p>
          A pack holds every row of the fund that was recorded in the period, the sealed audit trail, what is needed to
          recompute each dealing date, and a manifest with the SHA-256 of each member. No personal data is in it. It is
          made on the server, as you, and kept there for a day.
        </p>
        <form
          aria-label="Of what"
          onSubmit={(event) => {
            event.preventDefault();
            void ask();
          }}
        >
          <div className="filters">
            <FundSelect funds={funds} value={fund} choose={setFund} />
            <label>
              From (UTC)
              <input type="date" value={from} max={to} onChange={(event) => setFrom(event.target.value)} />
            </label>
            <label>
              To
              <input type="date" value={to} min={from} onChange={(event) => setTo(event.target.value)} />
            </label>
            {may && (
              <button type="submit" disabled={making || from === "" || to === "" || from > to}>
                {making ? "It is being made …" : "Make the pack"}
              </button>
            )}
          </div>
        </form>
        {!may && <p>Auditors make packs here.</p>}
        <p role="alert" className="problem">
          {problem ||
            refused ||
            (making && job.isError ? "The server does not answer: it is asked again by itself." : "")}
        </p>
        {job.data !== undefined && refused === "" && <Made id={asked} job={job.data} />}
      </section>
      <section className="tile across" aria-labelledby="verify">
        <h2 id="verify">Verify it, on any machine</h2>
        <p>
          <code>
            evergreen evidence verify {job.data?.state === "ready" ? job.data.name : "FILE"} --sha256{" "}
            {job.data?.state === "ready" ? job.data.sha256 : "HASH"}
          </code>
        </p>
        <p>
          It needs the file and no network: it checks the container, every member, the chain of the audit trail,
          approvals, and recomputes each dealing date by a program that shares no code with the platform. The hash is
          that of the manifest: note it where whoever could forge the pack cannot change it.
        </p>
        <h3>Without a browser</h3>
        <p>
          A large period takes longer than a sign-in lasts. Make it then where the database is reached:{" "}
          <code data-figure="command">
            evergreen evidence pack --fund {fund} --from {from} --to {to}
          </code>
        </p>
      </section>
    </div>
  );
}

function Made({ id, job }: { id: string; job: Job }) {
  if (job.state === "making") return <p role="status">{job.said}</p>;
  if (job.state === "failed")
    return (
      <p role="alert" className="problem">
        {job.problem}
      </p>
    );
  return (
    <dl className="facts" data-figure="pack">
      <div>
        <dt>Rows</dt>
        <dd>{new Intl.NumberFormat("en").format(job.rows)}</dd>
      </div>
      <div>
        <dt>Dealing dates</dt>
        <dd>{job.dealingDates}</dd>
      </div>
      <div>
        <dt>Bytes</dt>
        <dd>{new Intl.NumberFormat("en").format(job.bytes)}</dd>
      </div>
      <div>
        <dt>SHA-256 of its manifest</dt>
        <dd>
          <code>{job.sha256}</code>
        </dd>
      </div>
      <div>
        <dt>File</dt>
        <dd>
          <TakeDocument path={`evidence/${id}/pack.zip`} name={job.name}>
            Take {job.name}
          </TakeDocument>
        </dd>
      </div>
    </dl>
  );
}
