// What stands above a page while an incident is open: which funds stand still, since when, and who closes it. Nothing while there is none.
import { useQuery } from "@tanstack/react-query";
import { z } from "zod";
import { answered, useCited } from "../api/read.ts";
import { useSession } from "../api/session.tsx";

const Open = z.object({
  incident_id: z.string(),
  opened_at: z.string(),
  close_asked_at: z.string().nullable(),
  fund_id: z.string(),
});

const Named = z.object({ fund_id: z.string(), code: z.string() });

export function IncidentNote() {
  const { supabase, person } = useSession();
  const { data } = useQuery({
    queryKey: [person?.userId, "incidents", "open"],
    enabled: person != null,
    queryFn: async ({ signal }) =>
      answered(
        Open.array(),
        await supabase
          .from("incidents")
          .select("incident_id,fund_id,opened_at,close_asked_at")
          .is("closed_at", null)
          .order("opened_at")
          .abortSignal(signal),
      ),
  });
  const ids = (data ?? []).map(({ fund_id }) => fund_id);
  const funds = useCited("funds", "fund_id,code", "fund_id", ids, Named).data ?? [];
  if (data === undefined || data.length === 0) return null;
  return (
    <div className="broken" role="alert">
      {data.map(({ incident_id, opened_at, close_asked_at, fund_id }) => (
        <p key={incident_id}>
          <strong>Incident: {funds.find((fund) => fund.fund_id === fund_id)?.code ?? "a fund"} stands still</strong>{" "}
          since <time dateTime={opened_at}>{opened_at.slice(0, 16).replace("T", " ")} UTC</time>. Dealing, actions on
          the chain and notices wait.{" "}
          {close_asked_at === null
            ? "Two people close it: evergreen incident close."
            : "One person has asked to close it; another one does: evergreen incident close."}
        </p>
      ))}
    </div>
  );
}
