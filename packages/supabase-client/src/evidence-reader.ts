// Reads the rows of a fund and a period as evidence has them: one moment of the database, every row as the JSON that Postgres writes, in the order of its
// key, as a stream. Whoever asks names tables, keys and columns; the SQL is made here.
import { type AgentRole, EvergreenError, type PersonRole } from "@evergreen-fund/domain";
import pg from "pg";
import { TYPES } from "./ask.ts";
import { copyOut } from "./copy-out.ts";
import { toEvergreenError } from "./errors.ts";

type Belonging = "fund" | "fund or none" | "platform" | "chain" | { readonly by: string; readonly in: string };
export interface ReadTable {
  /** "#" after a name: ordered as a number. */
  readonly key: readonly string[];
  readonly of: Belonging;
  readonly when: "period" | "all";
  readonly without?: readonly string[];
}
export interface EvidenceQuestion {
  fundId: string;
  /** Rows recorded from this instant on … */
  from: string;
  /** … and before this one. */
  until: string;
}
export interface EvidenceReader {
  /** One line per row. */
  rows(table: string): AsyncGenerator<string>;
  close(): Promise<void>;
}

const PLATFORM = "00000000-0000-0000-0000-000000000000";
const NAME = /^[a-z_][a-z0-9_]*$/;
const named = (name: string): string => {
  if (!NAME.test(name)) throw new EvergreenError("EG400", "A table or column is named by lower-case letters.");
  return pg.escapeIdentifier(name);
};

/** The blocks that seal what a chain recorded in the period, and the places in the order of commits that they cover. */
const BLOCKS = `with asked as (
    select c.id, (select row(a.tx, a.seq)::text from public.audit_trail a where coalesce(a.fund_id, '${PLATFORM}') = c.id and a.created_at >= $2 and a.created_at < $3 order by a.tx, a.seq limit 1) as first,
           (select count(*) from public.audit_trail a, public.audit_cursor k where coalesce(a.fund_id, '${PLATFORM}') = c.id and a.created_at >= $2 and a.created_at < $3 and (a.tx, a.seq) > (k.tx, k.seq)) as unsealed
      from unnest(array[$1, '${PLATFORM}']::uuid[]) c (id)
  )
  select q.id::text as id, q.unsealed::int as unsealed, min(b.height)::text as low, max(b.height)::text as high
    from asked q left join public.audit_blocks b on b.chain_id = q.id and exists (
      select from public.audit_trail a where coalesce(a.fund_id, '${PLATFORM}') = b.chain_id and a.created_at >= $2 and a.created_at < $3
        and (a.tx, a.seq) > (b.from_tx, b.from_seq) and (a.tx, a.seq) <= (b.to_tx, b.to_seq))
   group by 1, 2 order by 1`;

/** Errors: EG503 the database is not there, EG403 the login may not, EG428 the audit trail of the period is not sealed yet. */
export async function openEvidenceReader(
  source: { url: string; role?: PersonRole | AgentRole },
  tables: Readonly<Record<string, ReadTable>>,
  { fundId, from, until }: EvidenceQuestion,
): Promise<EvidenceReader> {
  const client = new pg.Client({
    connectionString: source.url,
    options: "-c TimeZone=UTC -c DateStyle=ISO",
    types: TYPES,
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => {}); // the statement under way fails as well
  const asked = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw error instanceof EvergreenError ? error : toEvergreenError(error);
    }
  };
  await asked(client.connect());
  const fund = `${pg.escapeLiteral(fundId)}::uuid`;
  const chains: { id: string; low: string | null; high: string | null }[] = [];
  try {
    if (source.role !== undefined) await asked(client.query(`set role ${pg.escapeIdentifier(source.role)}`));
    await asked(client.query("set statement_timeout = '30min'; set idle_in_transaction_session_timeout = '30min'"));
    await asked(client.query("begin transaction isolation level repeatable read, read only"));
    const { rows } = await asked(client.query(BLOCKS, [fundId, from, until]));
    if (rows.some(({ unsealed }) => unsealed > 0))
      throw new EvergreenError(
        "EG428",
        "The audit trail of the period is not sealed yet; the dispatcher does that within seconds. Try again.",
      );
    chains.push(...rows);
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }

  const ofFund = (alias: string, name: string, depth: number): string => {
    const table = tables[name];
    if (table === undefined || depth > 4) throw new EvergreenError("EG400", `${name} does not lead to a fund.`);
    const { of } = table;
    if (of === "platform") return "true";
    if (of === "fund or none") return `(${alias}.fund_id = ${fund} or ${alias}.fund_id is null)`;
    if (of === "fund") return `${alias}.fund_id = ${fund}`;
    if (of === "chain") return ofChain(alias, name);
    const parent = `${alias}p`;
    return `exists (select from public.${named(of.in)} ${parent} where ${parent}.${named(tables[of.in]?.key[0] ?? "")} = ${alias}.${named(of.by)} and ${ofFund(parent, of.in, depth + 1)})`;
  };
  const ofChain = (alias: string, name: string): string => {
    const parts = chains.flatMap(({ id, low, high }) => {
      if (low === null || high === null) return [];
      const chain = `${pg.escapeLiteral(id)}::uuid`;
      const [a, b] = [pg.escapeLiteral(low), pg.escapeLiteral(high)];
      return name === "audit_blocks"
        ? [`(${alias}.chain_id = ${chain} and ${alias}.height between ${a} and ${b})`]
        : [
            `(coalesce(${alias}.fund_id, '${PLATFORM}') = ${chain}
              and (${alias}.tx, ${alias}.seq) > (select b.from_tx, b.from_seq from public.audit_blocks b where b.chain_id = ${chain} and b.height = ${a})
              and (${alias}.tx, ${alias}.seq) <= (select b.to_tx, b.to_seq from public.audit_blocks b where b.chain_id = ${chain} and b.height = ${b}))`,
          ];
    });
    return parts.length === 0 ? "false" : `(${parts.join(" or ")})`;
  };
  const queryOf = (name: string): string => {
    const table = tables[name];
    if (table === undefined) throw new EvergreenError("EG400", `${name} is no table of the evidence.`);
    const left = (table.without ?? []).map((column) => pg.escapeLiteral(column)).join(", ");
    const period =
      table.when === "all" || table.of === "chain"
        ? "true"
        : `t.created_at >= ${pg.escapeLiteral(from)}::timestamptz and t.created_at < ${pg.escapeLiteral(until)}::timestamptz`;
    const order = table.key.map((column) =>
      column.endsWith("#") ? `t.${named(column.slice(0, -1))}` : `t.${named(column)}::text collate "C"`,
    );
    return `select (to_jsonb(t)${left === "" ? "" : ` - array[${left}]`})::text from public.${named(name)} t where ${ofFund("t", name, 0)} and ${period} order by ${order.join(", ")}`;
  };
  return {
    async *rows(name) {
      // JSON has no control character in it, so that neither of these two ever quotes or parts it
      const sql = `copy (${queryOf(name)}) to stdout with (format csv, quote E'\\x01', delimiter E'\\x02')`;
      const decoder = new TextDecoder();
      let rest = "";
      try {
        for await (const piece of client.query(copyOut(sql))) {
          const lines = (rest + decoder.decode(piece as Uint8Array, { stream: true })).split("\n");
          rest = lines.pop() ?? "";
          yield* lines;
        }
      } catch (error) {
        throw error instanceof EvergreenError ? error : toEvergreenError(error);
      }
    },
    close: () => client.end(),
  };
}
