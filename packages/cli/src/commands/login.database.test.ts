// `login`, `logout`, `whoami` on a real gateway: approved in the browser's way, kept for the owner's eyes alone, renewed once by many at a time, and ended.
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import { beforeEach, expect, it } from "vitest";
import ws from "ws";
import { SignInFile } from "../sign-in-file.ts";
import { emailOf, openHouse } from "../test-house.ts";
import { ran } from "../test-run.ts";

const house = await openHouse();
const { settings } = house;
const URL = settings.SUPABASE_URL ?? "";
const FILE = join(house.home, "login", "session.json");
const file = new SignInFile(house.home);
beforeEach(() => void file.forget());

const json = async (...argv: string[]) => {
  const { exit, out, err } = await ran([...argv, "--output-format", "json"], settings);
  return { exit, err, said: out === "" ? null : (JSON.parse(out) as Record<string, unknown>) };
};

/** Runs `login` and decides as that person, as the page does, as soon as the code is shown. */
async function login(person: "pm1" | "lp1", approve = true) {
  const browser = createClient(URL, settings.SUPABASE_PUBLISHABLE_KEY ?? "", {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: ws as never },
  });
  await browser.auth.signInWithPassword({ email: emailOf(person), password: "synthetic-password" });
  let decided: Promise<unknown> = Promise.resolve();
  const done = await ran(["login", "--output-format", "json"], settings, "", (text) => {
    const code = /code ([A-Z]{4}-[A-Z]{4})/.exec(text)?.[1];
    if (code !== undefined)
      decided = browser.functions.invoke("device-login", { body: { step: "decide", code, approve } });
  });
  expect(await decided).toMatchObject({ error: null });
  return done;
}

it("acts as whoever approved, from a file that nobody else reads, until logout", async () => {
  const done = await login("lp1");
  expect([done.exit, JSON.parse(done.out)]).toEqual([0, { email: emailOf("lp1"), role: "lp_role", url: URL }]);
  expect(done.err).toContain("/sign-in/device and enter the code");
  expect([statSync(join(FILE, "..")).mode & 0o777, statSync(FILE).mode & 0o777]).toEqual([0o700, 0o600]);
  // no token on the screen
  const kept = file.read(URL);
  for (const token of [kept?.accessToken, kept?.refreshToken]) expect(done.out + done.err).not.toContain(token);
  expect((await json("whoami")).said).toMatchObject({ email: emailOf("lp1"), signedInBy: "login" });
  // what the person may not do, the command line may not
  expect((await ran(["audit", "verify"], settings)).exit).toBe(4);
  // somebody who is named is still asked for the password
  const other = await ran(["whoami", "--as", emailOf("pm1"), "--output-format", "json"], {
    ...settings,
    EVERGREEN_PASSWORD: "synthetic-password",
  });
  expect(JSON.parse(other.out)).toMatchObject({ email: emailOf("pm1"), signedInBy: "password" });
  const token = kept?.accessToken ?? "";
  expect((await json("logout")).said).toEqual({ signedOut: true, ended: true });
  expect(file.read(URL)).toBeUndefined();
  const { session_id } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    session_id: string;
  };
  expect(await house.db.look("select from auth.sessions where id = $1", [session_id])).toEqual([]);
  expect((await json("logout")).said).toEqual({ signedOut: false, ended: false });
  expect((await ran(["whoami"], settings)).exit).toBe(4);
});

it("ends with nothing kept when the person refuses", async () => {
  const done = await login("pm1", false);
  expect([done.exit, done.out]).toEqual([4, ""]);
  expect(done.err).toContain("refused in the browser");
  expect(file.read(URL)).toBeUndefined();
});

it("renews a token that runs out once, however many commands run at a time, and says so when it cannot", async () => {
  await login("pm1");
  const old = file.read(URL);
  const aged = { ...old, expiresAt: Date.now() };
  writeFileSync(FILE, JSON.stringify(aged));
  const all = await Promise.all(Array.from({ length: 4 }, () => json("whoami")));
  expect(all.map(({ exit, said }) => [exit, said?.email])).toEqual(all.map(() => [0, emailOf("pm1")]));
  const renewed = file.read(URL);
  expect(renewed?.refreshToken).not.toBe(old?.refreshToken);
  expect([statSync(FILE).mode & 0o777, renewed?.userId]).toEqual([0o600, old?.userId]);
  writeFileSync(FILE, JSON.stringify({ ...renewed, expiresAt: 0, refreshToken: "not-one-of-ours" }));
  const late = await ran(["whoami"], settings);
  expect([late.exit, late.err]).toEqual([4, expect.stringContaining("run `evergreen login` again")]);
});

it("does not use a file that others can read, nor one of another address", async () => {
  await login("pm1");
  const text = readFileSync(FILE, "utf8");
  chmodSync(FILE, 0o644);
  const open = await ran(["whoami"], settings);
  expect([open.exit, open.err]).toEqual([4, expect.stringContaining("Others can read")]);
  chmodSync(FILE, 0o600);
  writeFileSync(FILE, text.replace(URL, "http://127.0.0.1:1"));
  expect((await ran(["whoami"], settings)).exit).toBe(4);
});

it("who has lost the authenticator is helped by whoever holds the keys, and by nobody over the API", async () => {
  const own = { EVERGREEN_HOME: house.home, DATABASE_URL: house.db.database.adminUrl };
  const done = await ran(["user", "reset-second-step", emailOf("pm1"), "--output-format", "json"], own);
  expect([done.exit, JSON.parse(done.out)]).toMatchObject([0, { factors: 0 }]);
  expect((await ran(["user", "reset-second-step", "nobody@example.com"], own)).exit).toBe(2);
  // with a project's address the accounts are that project's
  expect((await ran(["user", "reset-second-step", emailOf("pm1")], { ...own, ...settings })).exit).toBe(3);
});
