// The embedded Postgres survives what a machine does to it: kill -9, a postmaster left behind, a stale lock file, a taken port.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { preparePostgres, startPostgres } from "./postgres.ts";
import { freePort, isAlive, waitForExit } from "./process-table.ts";

const folder = mkdtempSync(join(tmpdir(), "evergreen-postgres-"));
chmodSync(folder, 0o711);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const options = async (name: string) => ({
  dataDir: join(folder, name),
  port: await freePort(),
  password: "s3:cret/@",
});

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("startPostgres", () => {
  it("keeps acknowledged rows through kill -9 and a restart, in UTC, on loopback, with a silent log", async () => {
    const cluster = await options("durable");
    const first = await startPostgres(cluster);
    await query(first.adminUrl, "create table kept (id int primary key); insert into kept values (1), (2)");
    process.kill(first.pid, "SIGKILL");
    expect(await waitForExit(first.pid, 5_000)).toBe(true);
    let log = "";
    const second = await startPostgres({ ...cluster, onLog: (text) => (log += text) });
    try {
      expect(await query(second.adminUrl, "select count(*)::int from kept")).toEqual([{ count: 2 }]);
      expect(
        await query(
          second.adminUrl,
          `select current_setting('TimeZone') zone, current_setting('listen_addresses') listen,
                  current_setting('fsync') fsync, current_setting('unix_socket_directories') sockets`,
        ),
      ).toEqual([{ zone: "UTC", listen: "127.0.0.1", fsync: "on", sockets: "" }]);
      await expect(query(second.adminUrl, "insert into kept values (1) /* canary-7391 */")).rejects.toThrow(
        /duplicate/,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(log).toContain("duplicate key");
      expect(log).not.toContain("canary-7391");
      expect(log).not.toContain("Key (id)");
    } finally {
      await second.stop();
    }
    expect(isAlive(second.pid)).toBe(false);
  });

  it("refuses a wrong password", async () => {
    const cluster = await options("password");
    const server = await startPostgres(cluster);
    try {
      await expect(query(server.adminUrl.replace("s3%3Acret", "other"), "select 1")).rejects.toThrow(/password/);
    } finally {
      await server.stop();
    }
    await expect(startPostgres({ ...cluster, password: "lost" })).rejects.toThrow(/password|keys/);
  });

  it("stops a server that a crash left on the same folder, then starts", async () => {
    const cluster = await options("orphan");
    const orphan = await startPostgres(cluster);
    const next = await startPostgres({ ...cluster, port: await freePort() });
    try {
      expect(isAlive(orphan.pid)).toBe(false);
      expect(await query(next.adminUrl, "select 1 as one")).toEqual([{ one: 1 }]);
    } finally {
      await next.stop();
    }
  });

  it("does not touch a process that merely has the number in a stale lock file", async () => {
    const cluster = await options("stale");
    await (await startPostgres(cluster)).stop();
    const bystander = spawn("sleep", ["60"]);
    try {
      writeFileSync(join(cluster.dataDir, "postmaster.pid"), `${bystander.pid}\n${cluster.dataDir}\n1\n1\n`);
      const server = await startPostgres(cluster);
      await server.stop();
      expect(isAlive(bystander.pid ?? 0)).toBe(true);
    } finally {
      bystander.kill("SIGKILL");
    }
  });
});

it("a taken port is one sentence that names the port, its holder and the setting", async () => {
  const cluster = await options("port");
  const holder = createServer().listen(cluster.port, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  try {
    const refused = await preparePostgres(cluster).catch((error: Error) => error.message);
    expect(refused).toMatch(new RegExp(`^Port ${cluster.port} for Postgres is taken`));
    expect(refused).toContain("EVERGREEN_PORT_BASE");
    if (process.platform === "linux") {
      const name = readFileSync(`/proc/${process.pid}/comm`, "utf8").trim();
      expect(refused).toContain(`by ${name} (process ${process.pid})`);
    }
  } finally {
    holder.close();
  }
});
