// Each attempt of one delivery: when it began, what came of it, what the receiver answered, how long it took, and the code of what broke on the way.
import type { Webhooks, WebhookTry } from "@evergreen-fund/domain/webhook-pages.ts";
import { timeColumn } from "../ui/columns.ts";
import { DataTable } from "../ui/data-table.tsx";
import { plainNumber, time } from "../words/format.ts";
import { tryOutcome } from "./webhook-words.ts";

type Row = WebhookTry & { place: number };

interface Props {
  delivery: Webhooks["deliveries"][number];
  url: string;
}

export function WebhookTries({ delivery, url }: Props) {
  const { tries } = delivery;
  const rows: Row[] = tries.map((one, at) => ({ ...one, place: at + 1 })).reverse();
  return (
    <section aria-labelledby="tries">
      <h3 id="tries">
        Attempts of {delivery.type} of {time(delivery.created_at)}
      </h3>
      <p>
        To <code className="hash">{url}</code>, under the message id{" "}
        <code className="hash">{delivery.delivery_id}</code>.{" "}
        {tries.length > delivery.attempts && "Those before it was sent again are among them. "}The newest 50 are kept.
      </p>
      <DataTable
        caption="Each attempt, the newest first"
        columns={[
          timeColumn("Began", (row: Row) => row.at),
          { header: "Outcome", cell: (row) => tryOutcome(row), value: (row) => row.outcome },
          {
            header: "Status (HTTP)",
            figure: true,
            cell: (row) => (row.status === null ? "–" : String(row.status)),
            value: (row) => (row.status === null ? "" : String(row.status)),
          },
          {
            header: "Took (ms)",
            figure: true,
            cell: (row) => (row.ms === null ? "–" : plainNumber(String(row.ms))),
            value: (row) => (row.ms === null ? "" : String(row.ms)),
          },
          {
            header: "Error code",
            cell: (row) => (row.code === null ? "–" : <code>{row.code}</code>),
            value: (row) => row.code ?? "",
          },
        ]}
        rows={rows}
        rowKey={(row) => String(row.place)}
        empty="Nothing has been sent yet."
        file="webhook-attempts"
      />
    </section>
  );
}
