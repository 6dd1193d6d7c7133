// The bench's own sessions to its throw-away database: arranging, looking, and calling in the exact words that are measured. The only file
// of the command line that opens Postgres directly; the product goes through supabase-client.
import pg from "pg";

export type Session = pg.Client;
export type Sessions = pg.Pool;

/** A value as a literal, quoted by the driver. */
export const quoted = (value: string): string => pg.escapeLiteral(value);

// numeric and int8 stay text, as in supabase-client: the same decoding on both sides of a comparison
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.NUMERIC || oid === pg.types.builtins.INT8
      ? (value: string) => value
      : pg.types.getTypeParser(oid, format as "text"),
};

/** One session; the caller ends it. */
export async function connectTo(url: string, options = "-c TimeZone=UTC"): Promise<Session> {
  const client = new pg.Client({ connectionString: url, options, types });
  client.on("error", () => undefined); // a cluster that stops is reported by the next query
  await client.connect();
  return client;
}

/** `size` sessions at most; the caller ends them. */
export function openSessions(url: string, size: number): Sessions {
  const pool = new pg.Pool({ connectionString: url, max: size, options: "-c TimeZone=UTC", types });
  pool.on("error", () => undefined);
  return pool;
}

/** One session for one piece of work. */
export async function withSession<Result>(url: string, work: (session: Session) => Promise<Result>): Promise<Result> {
  const session = await connectTo(url);
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}
