// `incident open|close|status`: the switch that stops dealing, chain and notices of a fund. One person opens it, two close it.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { type Command, FUND, REQUEST_ID, text } from "../command.ts";
import { requestIdOf } from "../context.ts";
import { plain, table, when } from "../output.ts";
import { findFund } from "../reads/funds.ts";
import type { Session } from "../session.ts";

const Incident = z.object({
  incident_id: z.string(),
  reason: z.string(),
  opened_at: z.string(),
  close_asked_at: z.string().nullable(),
  closed_at: z.string().nullable(),
});
type Incident = z.infer<typeof Incident>;
const Changed = z.object({ incident_id: z.string(), state: z.enum(["open", "asked", "closed"]) });

const REASON = { flags: "--reason <text>", about: "why, 10 to 1,900 characters; no names", required: true } as const;

const stateOf = ({ close_asked_at, closed_at }: Incident): string =>
  closed_at !== null ? "closed" : close_asked_at !== null ? "open, closing asked for" : "open";

const incidentsOf = (session: Session, fundId: string): Promise<Incident[]> =>
  session.read(
    "incidents",
    "incident_id,reason,opened_at,close_asked_at,closed_at",
    (query) => query.eq("fund_id", fundId).order("opened_at", { ascending: false }),
    Incident,
    20,
  );

export const incidentCommands: readonly Command[] = [
  {
    path: "incident open",
    summary: "Stops dealing, actions on the chain and notices of a fund at once, until two people have closed it",
    options: [FUND, REASON, REQUEST_ID],
    examples: ['incident open --fund DEMO --reason "Keys of the service may be known to others"'],
    role: "ops_role",
    run: async (context, _args, options) => {
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const made = await session.call(
        "fn_open_incident",
        {
          fund: fund.code,
          reason: text(options, "reason") ?? "",
          request_id: requestIdOf(text(options, "requestId")),
        },
        Changed,
      );
      return {
        json: { fund: fund.code, incidentId: made.incident_id, state: made.state },
        text: `Dealing, chain and notices of ${plain(fund.code)} stand still; two people close it with \`evergreen incident close\`.`,
      };
    },
  },
  {
    path: "incident close",
    summary: "Asks to close the open incident of a fund, or closes it when another person has asked",
    options: [FUND, REASON, REQUEST_ID],
    examples: ['incident close --fund DEMO --reason "The keys were changed"'],
    role: "ops_role",
    run: async (context, _args, options) => {
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const open = (await incidentsOf(session, fund.fund_id)).find(({ closed_at }) => closed_at === null);
      if (open === undefined) throw new EvergreenError("EG428", `${plain(fund.code)} has no open incident.`);
      const made = await session.call(
        "fn_close_incident",
        {
          incident_id: open.incident_id,
          reason: text(options, "reason") ?? "",
          request_id: requestIdOf(text(options, "requestId")),
        },
        Changed,
      );
      return {
        json: { fund: fund.code, incidentId: made.incident_id, state: made.state },
        text:
          made.state === "closed"
            ? `The incident is closed; what waited in ${plain(fund.code)} goes on.`
            : `Closing is asked for; another person closes it. ${plain(fund.code)} still stands still.`,
      };
    },
  },
  {
    path: "incident status",
    summary: "Whether a fund stands still, since when and why, and its incidents before",
    options: [FUND],
    examples: ["incident status --fund DEMO"],
    role: "ops_role",
    run: async (context, _args, options) => {
      const session = await context.session("ops_role");
      const fund = await findFund(session, text(options, "fund") ?? "");
      const incidents = await incidentsOf(session, fund.fund_id);
      const open = incidents.some(({ closed_at }) => closed_at === null);
      return {
        json: {
          fund: fund.code,
          open,
          incidents: incidents.map((row) => ({
            incidentId: row.incident_id,
            state: stateOf(row),
            reason: row.reason,
            openedAt: row.opened_at,
            closedAt: row.closed_at,
          })),
        },
        text: [
          open ? `${plain(fund.code)} stands still.` : `${plain(fund.code)} has no open incident.`,
          ...(incidents.length === 0
            ? []
            : [
                table(incidents, [
                  { header: "Opened", value: (row) => when(row.opened_at) },
                  { header: "State", value: stateOf },
                  { header: "Closed", value: (row) => (row.closed_at === null ? "" : when(row.closed_at)) },
                  { header: "Reason", value: (row) => plain(row.reason) },
                ]),
              ]),
        ].join("\n\n"),
      };
    },
  },
];
