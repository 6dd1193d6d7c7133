// COPY over a real connection: every byte, errors half-way, a server that goes away, and a driver that goes on where the rows end.
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { copyOut } from "./copy-out.ts";
import { admin, fresh, onAFreshDatabase } from "./test-door.ts";

onAFreshDatabase();

let client: pg.Client;
beforeEach(async () => {
  client = new pg.Client({ connectionString: fresh.adminUrl });
  client.on("error", () => {}); // the statement under way fails as well
  await client.connect();
});
afterEach(() => client.end());

/** Lines of numbers up to `last`, each with a text that fills it. */
const lines = (last: number): string =>
  `copy (select n, repeat('x', 100) from generate_series(1, ${last}) n) to stdout`;

async function textOf(sql: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of client.query(copyOut(sql))) parts.push(Buffer.from(part as Buffer));
  return Buffer.concat(parts).toString();
}

describe("a copy", () => {
  it("arrives whole, and the connection goes on", async () => {
    const text = await textOf(lines(50_000));
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => Number(line.split("\t")[0])),
    ).toEqual(Array.from({ length: 50_000 }, (_, n) => n + 1));
    expect(text).toHaveLength(
      50_000 * 102 + [...Array(50_000).keys()].reduce((sum, n) => sum + String(n + 1).length, 0),
    );
    expect(await textOf("copy (select 1 where false) to stdout")).toBe("");
    expect((await client.query("select 7 as seven")).rows).toEqual([{ seven: 7 }]);
  });

  it("that fails half-way says why, and the connection goes on", async () => {
    await expect(
      textOf("copy (select 1 / (40000 - n) from generate_series(1, 50000) n) to stdout"),
    ).rejects.toMatchObject({
      code: "22012",
    });
    await expect(textOf("copy (select no_such_column) to stdout")).rejects.toMatchObject({ code: "42703" });
    expect((await client.query("select 7 as seven")).rows).toEqual([{ seven: 7 }]);
  });

  it("whose server goes away fails", async () => {
    const pid = (await client.query("select pg_backend_pid() as pid")).rows[0].pid as number;
    const reading = (async () => {
      let bytes = 0;
      for await (const part of client.query(copyOut(lines(5_000_000)))) {
        if (bytes === 0) await admin.query("select pg_terminate_backend($1)", [pid]);
        bytes += (part as Buffer).length;
      }
    })();
    await expect(reading).rejects.toThrow();
  });
});
