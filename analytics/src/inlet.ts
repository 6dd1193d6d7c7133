// How rows come into a table of DuckDB from here: they are laid aside in pieces and DuckDB's own threads take them as if from a table, batch after batch, and
// compress them while more arrive. An appender would compress on the calling thread, which then reads nothing from Postgres.
import { type DuckDBConnection, type DuckDBDataChunk, DuckDBTableFunction, type DuckDBType } from "@duckdb/node-api";

/** Rows of one chunk: how many, and who writes them into it. */
export interface Piece {
  rows: number;
  fill: (chunk: DuckDBDataChunk) => void;
}
/** Lays a piece aside; whoever awaits it goes on when there is room for more. Errors: what DuckDB says of an earlier one. */
export type Append = (piece: Piece) => Promise<void>;

/** Rows that DuckDB takes at once: one of its row groups. More in flight keeps the collector of garbage busy. */
const BATCH = 122_880;

/** One inlet of a connection; used by one `work` at a time. */
export function makeInlet(connection: DuckDBConnection) {
  let columns: readonly DuckDBType[] = [];
  let batch: Piece[] = [];
  connection.registerTableFunction(
    DuckDBTableFunction.create({
      name: "arriving_rows",
      bindFunction: (bind) => {
        for (const [at, type] of columns.entries()) bind.addResultColumn(`c${at}`, type);
      },
      initFunction: (init) => {
        init.setMaxThreads(1);
        init.setInitData({ left: batch.values() });
      },
      mainFunction: (info, chunk) => {
        const { value } = (info.getInitData() as { left: Iterator<Piece> }).left.next();
        const piece = value as Piece | undefined;
        chunk.rowCount = piece?.rows ?? 0;
        piece?.fill(chunk);
      },
    }),
  );
  return async <T>(table: string, types: readonly DuckDBType[], work: (append: Append) => Promise<T>): Promise<T> => {
    columns = types;
    let pieces: Piece[] = [];
    let rows = 0;
    let open = true;
    let alone = false;
    let taking: Promise<void> = Promise.resolve();
    /** Each batch waits for the one before: what DuckDB asks for is always of one. */
    const take = async (before: Promise<void>, full: Piece[], more: boolean): Promise<void> => {
      await before;
      // a second thread would find nothing to do, and look for it all the time
      if (more && !alone) await connection.run("set threads = 1");
      alone ||= more;
      batch = full;
      await connection.run(`insert into ${table} from arriving_rows()`);
    };
    const give = async (more: boolean): Promise<void> => {
      const [before, full] = [taking, pieces];
      [pieces, rows] = [[], 0];
      taking = take(before, full, more);
      taking.catch(() => {}); // whoever awaits it next hears of it
      await before;
    };
    try {
      const result = await work(async (piece) => {
        if (!open) throw new Error("This table takes no more rows.");
        pieces.push(piece);
        rows += piece.rows;
        if (rows >= BATCH) await give(true);
      });
      if (rows > 0) await give(false);
      await taking;
      return result;
    } finally {
      open = false;
      await taking.catch(() => {}); // said already, or another failure came first
      batch = [];
      if (alone) await connection.run("reset threads").catch(() => {}); // a transaction that failed takes no more statements
    }
  };
}
