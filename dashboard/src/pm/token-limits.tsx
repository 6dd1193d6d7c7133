// Limits of transfers between holders: what the share tokens hold themselves to beside what the packs of rules in force ask, and the step where they differ.
import { limitLines } from "@evergreen-fund/domain/token-limits.ts";
import type { Tokens } from "@evergreen-fund/domain/token-pages.ts";
import { DataTable } from "../ui/data-table.tsx";
import { wordsWithout } from "../words/hidden.ts";

export function LimitsTile({ classes }: Pick<Tokens, "classes">) {
  const rows = classes.flatMap((one) =>
    limitLines(one).map((line) => ({
      ...line,
      of: `${one.fund} ${one.code}`,
      key: `${one.contract_id}/${line.limit}`,
    })),
  );
  const named = (state: Tokens["classes"][number]["limits_state"]) =>
    classes
      .filter(({ limits_state }) => limits_state === state)
      .map(({ fund, code }) => `${fund} ${code}`)
      .join(", ");
  const unsaid = classes.filter(({ rules }) => (rules?.unsaid.length ?? 0) > 0);
  return (
    <section className="tile across" aria-labelledby="limits">
      <h2 id="limits">Limits of transfers between holders</h2>
      {named("differ") !== "" && (
        <p role="alert" className="problem">
          {named("differ")}: the chain holds itself to other limits than the packs ask.{" "}
          <code>evergreen token set-limits</code> asks for them to be set; two people approve it.
        </p>
      )}
      {named("packs changed") !== "" && (
        <p>
          {named("packs changed")}: a pack went live since the last look. <code>evergreen token reconcile</code>{" "}
          compares anew.
        </p>
      )}
      {unsaid.map(({ contract_id, fund, code, rules }) => (
        <p key={contract_id}>
          {fund} {code}: no limit says {rules?.unsaid.map(wordsWithout).join("; ")}. Holders transfer nothing among
          themselves while these rules are in force.
        </p>
      ))}
      <DataTable
        caption="On the chain beside what the packs ask"
        columns={[
          { header: "Class", cell: (row) => row.of, value: (row) => row.of },
          { header: "Limit", cell: (row) => row.name, value: (row) => row.limit },
          { header: "On chain", figure: true, cell: (row) => row.onChain ?? "–", value: (row) => row.onChain ?? "" },
          { header: "Packs ask", figure: true, cell: (row) => row.asked ?? "–", value: (row) => row.asked ?? "" },
          { header: "State", cell: (row) => row.state, value: (row) => row.state },
        ]}
        rows={rows}
        rowKey={(row) => row.key}
        empty="No class is on a chain."
        file="token-limits"
      />
    </section>
  );
}
