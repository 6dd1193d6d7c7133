// The receiver of the documentation as it stands there: what is genuine is acted on once; forged, late and changed messages are refused.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { newSecret, sendWebhook, signedHeaders } from "@evergreen-fund/webhooks";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

const [secret, next] = [newSecret(), newSecret()];
const EVENT = "00000000-0000-4000-8000-000000000001";
const body = JSON.stringify({
  type: "NAV_STRUCK",
  timestamp: "2026-11-22T17:00:00.000Z",
  data: { event_id: EVENT, fund: "SYN" },
});
let program: ChildProcess;
let said = "";
let url = "";

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}/`;
  program = spawn(
    process.execPath,
    ["--import", "tsx", join(REPOSITORY_ROOT, "docs/examples/webhook-receiver/receiver.ts")],
    {
      cwd: REPOSITORY_ROOT,
      env: { ...process.env, WEBHOOK_SECRET: `${secret} ${next}`, PORT: String(port) },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  program.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await vi.waitFor(() => expect(said).toContain("listening"), { timeout: 60_000 });
}, 70_000);
afterAll(() => void program.kill());

const now = () => Math.floor(Date.now() / 1_000);
const send = (id: string, secrets: string[], timestamp = now()) =>
  sendWebhook({ url, message: { id, timestamp, body }, secrets, allowPrivate: true });

it("acts once on a genuine message, whichever secret it is signed by, however often it comes", async () => {
  for (const secrets of [[secret], [secret], [next], [newSecret(), next]])
    expect(await send("msg_one", secrets)).toEqual({ kind: "delivered", status: 204 });
  expect(await send("msg_two", [secret])).toMatchObject({ kind: "delivered" });
  await expect
    .poll(() => said.match(/NAV_STRUCK .*/g), { timeout: 10_000 })
    .toEqual([`NAV_STRUCK ${EVENT} of SYN`, `NAV_STRUCK ${EVENT} of SYN`]);
});

it("refuses what is forged, late, of the future, or changed on its way", async () => {
  const refused = { kind: "later", status: 400 };
  expect(await send("msg_three", [newSecret()])).toMatchObject(refused);
  expect(await send("msg_three", [secret], now() - 600)).toMatchObject(refused);
  expect(await send("msg_three", [secret], now() + 600)).toMatchObject(refused);
  const headers = signedHeaders({ id: "msg_three", timestamp: now(), body }, [secret]);
  const changed = await fetch(url, { method: "POST", headers, body: body.replace("SYN", "ANY") });
  expect([changed.status, (await fetch(url, { method: "POST", body })).status]).toEqual([400, 400]);
  expect(said).not.toContain("ANY");
});
