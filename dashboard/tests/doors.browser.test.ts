// The doors of the dashboard in a real browser: a link from a mail, the command line's code, an authenticator, the way to the documentation; and what a page says and
// does when the server hangs or dies, when its session ends, when nobody tells of changes.
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { emailOf } from "./test-stack.ts";
import { apiOf, DESKTOP, PHONE, signIn, visit } from "./visit.ts";

const own = (asked: readonly string[]): string[] => asked.filter((address) => !address.startsWith(inject("stack").url));

/** What an authenticator with this key shows, so many half minutes from now. */
function codeOf(key: string, away: number): string {
  const bits = [...key.replaceAll(" ", "")].map((letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  const secret = Buffer.from((bits.join("").match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeUInt32BE(Math.floor(Date.now() / 30_000) + away, 4);
  const hash = createHmac("sha1", secret).update(counter).digest();
  const at = (hash.at(-1) ?? 0) % 16;
  return String((hash.readUInt32BE(at) % 2 ** 31) % 1_000_000).padStart(6, "0");
}

/** What the server sends with every page and file, whatever is asked. */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-resource-policy": "same-site",
};

describe("signing in", () => {
  it("goes by the link of a mail, once, and asks nobody else for anything", async () => {
    const folder = join(inject("stack").environment.EVERGREEN_HOME, "outbox");
    const visited = await visit(PHONE);
    const { page } = visited;
    await page.goto("/");
    await visited.picture("sign-in-phone");
    expect(await visited.barriers()).toEqual([]);
    await page.getByLabel("E-mail").fill(emailOf("audit1"));
    await page.getByRole("button", { name: "Mail me a link instead" }).click();
    await page.getByText("a link is on its way").waitFor();
    let mail = "";
    while (!mail.includes(emailOf("audit1"))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const names = (() => {
        try {
          return readdirSync(folder).sort();
        } catch {
          return []; // nothing was mailed yet
        }
      })();
      mail = names.length === 0 ? "" : readFileSync(join(folder, names.at(-1) ?? ""), "utf8");
    }
    const link = /http\S+/.exec(mail)?.[0] ?? "";
    await page.goto(link);
    // nothing has happened yet, and the token stands in no address any more
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(page.url()).not.toContain("token");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    expect(visited.said).toEqual([]);
    expect(own(visited.asked)).toEqual([]);
    const token = new URL(link).hash.slice("#token_hash=".length);
    expect(visited.asked.join("\n")).not.toContain(token);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto("/");
    await page.goto(link);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This link has been used or has run out").waitFor();
    await visited.close();
  });

  it("shows who asks with a code of the command line, and gives that device the session", async () => {
    const { url } = inject("stack");
    const ask = (path: string, body: object) =>
      fetch(`${url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }).then((answer) => answer.json() as Promise<Record<string, string>>);
    const asked = await ask("/device/code", { host: "a-synthetic-laptop" });
    const visited = await visit(DESKTOP);
    const { page } = visited;
    await signIn(visited, "ops1");
    await page.goto(asked.verification_uri ?? "");
    await page.getByLabel("Code").fill(asked.user_code ?? "");
    await page.keyboard.press("Enter");
    await page.getByText("a-synthetic-laptop").waitFor();
    await page.getByText("127.0.0.1").waitFor();
    await visited.picture("device-desktop");
    expect(await visited.barriers()).toEqual([]);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("Approved").waitFor();
    const session = await ask("/device/token", {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: asked.device_code,
    });
    expect((session.user as unknown as { email: string }).email).toBe(emailOf("ops1"));
    await page.goto("/sign-in/device");
    await page.getByLabel("Code").fill("BBBB-BBBB");
    await page.keyboard.press("Enter");
    await page.getByText("There is no such code").waitFor();
    expect(own(visited.asked)).toEqual([]);
    await visited.close();
  });

  it("asks for the code of an authenticator once it was added, and not any more when it is removed", async () => {
    const visited = await visit(PHONE);
    const { page } = visited;
    await signIn(visited, "ops2");
    await page.goto("/sign-in/account");
    await page.getByText("None yet").waitFor();
    await page.getByLabel("Name of the device").fill("Synthetic phone");
    await page.getByRole("button", { name: "Add an authenticator" }).click();
    await page.getByRole("img", { name: "The key as a QR code" }).waitFor();
    const secret = (await page.locator("code.key").textContent()) ?? "";
    await visited.picture("authenticator-phone");
    expect(await visited.barriers()).toEqual([]);
    const first = codeOf(secret, 0);
    await page.getByLabel("The code it shows").fill(first);
    await page.getByRole("button", { name: "Use it from now on" }).click();
    await page.getByText("From now on its code is asked for").waitFor();
    await page.getByRole("button", { name: "Sign out", exact: true }).click();

    await page.getByLabel("E-mail").waitFor();
    await signIn(visited, "ops2");
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    const field = page.getByLabel("Code of your authenticator");
    // the one that was used already, with a space in it as apps show it
    await field.fill(first.replace(/^.../, "$& "));
    await page.keyboard.press("Enter");
    await page.getByText("was used already").waitFor();
    await visited.picture("second-step-phone");
    expect(await visited.barriers()).toEqual([]);
    // nothing was read meanwhile
    const { data } = await (await apiOf("ops2")).from("funds").select("fund_id");
    expect(data).toBeNull();
    // its next code: it holds though the half minute may end meanwhile
    await field.fill(codeOf(secret, 1));
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Desk" }).waitFor();
    // the line of changes is opened with the raised session
    await page.goto("/pm");
    await page.getByText("changes appear by themselves").first().waitFor();

    await page.goto("/sign-in/account");
    await page.getByRole("button", { name: "Remove Synthetic phone" }).click();
    await visited.picture("account-phone");
    await page.getByRole("button", { name: "Yes, remove it" }).click();
    await page.getByText("Removed.").waitFor();
    await page.getByText("None yet").waitFor();
    expect((await (await apiOf("ops2")).from("funds").select("fund_id")).error).toBeNull();
    // the refused code is the one thing the console may tell of
    expect(visited.said.filter((text) => !/422|403/.test(text))).toEqual([]);
    expect(own(visited.asked)).toEqual([]);
    expect(visited.asked.join("\n")).not.toContain(secret.replaceAll(" ", ""));
    await visited.close();
  });

  it("says so where a server offers no second step", async () => {
    const visited = await visit(PHONE);
    // as a project answers whose authenticators are switched off
    await visited.context.route("**/auth/v1/factors", (route) =>
      route.fulfill({
        status: 422,
        json: { code: 422, error_code: "mfa_totp_enroll_not_enabled", msg: "switched off" },
      }),
    );
    await signIn(visited, "pm2");
    await visited.page.goto("/sign-in/account");
    await visited.page.getByRole("button", { name: "Add an authenticator" }).click();
    await visited.page.getByText("This server offers no second step").waitFor();
    expect(await visited.barriers()).toEqual([]);
    await visited.close();
  });

  it("leads to the documentation, which stands in nobody's way in the dark either", async () => {
    const visited = await visit(DESKTOP, "dark");
    await signIn(visited, "audit1");
    await visited.page.getByRole("link", { name: "Documentation" }).click();
    await visited.page.getByRole("heading", { level: 1 }).waitFor();
    expect(new URL(visited.page.url()).pathname).toBe("/docs");
    const [dark] = [await visited.page.evaluate("getComputedStyle(document.body).backgroundColor")];
    await visited.picture("docs-desktop-dark");
    for (const path of ["/docs", "/docs/how-to/host"]) {
      await visited.page.goto(path);
      expect([path, await visited.barriers()]).toEqual([path, []]);
    }
    await visited.page.emulateMedia({ colorScheme: "light" });
    expect(await visited.page.evaluate("getComputedStyle(document.body).backgroundColor")).not.toBe(dark);
    await visited.close();
  });
});

describe("the server's own words", () => {
  it("stand on every answer, and no page runs a script that is not a file of its own", async () => {
    const { url } = inject("stack");
    for (const path of [
      "/",
      "/lp",
      "/pm/stress",
      "/sign-in/link",
      "/stack",
      "/config.json",
      "/health",
      "/rest/v1/funds",
      "/nothing",
      "/auth/v1/admin/users",
    ]) {
      const { headers } = await fetch(`${url}${path}`);
      expect([path, Object.fromEntries(Object.keys(HEADERS).map((name) => [name, headers.get(name)]))]).toEqual([
        path,
        HEADERS,
      ]);
      const policy = headers.get("content-security-policy") ?? "";
      expect([path, policy.includes("default-src 'none'"), policy.includes("frame-ancestors 'none'")]).toEqual([
        path,
        true,
        true,
      ]);
      expect([path, /unsafe|\*|data:|script-src (?!'self')/.test(policy)]).toEqual([path, false]);
    }
    const visited = await visit(DESKTOP);
    await visited.page.goto("/");
    await visited.page.evaluate(`
      const script = document.createElement("script");
      script.textContent = "globalThis.planted = true";
      document.head.append(script);
      const picture = document.createElement("img");
      picture.src = "https://third-party.example/pixel.png";
      document.body.append(picture);`);
    expect(await visited.page.evaluate("globalThis.planted")).toBeUndefined();
    expect(visited.said.filter((text) => text.includes("Content Security Policy")).length).toBeGreaterThanOrEqual(2);
    await visited.close();
  });
});

describe("when something is lost", () => {
  it("a page whose server dies says since when, and goes on by itself", async () => {
    const visited = await visit(DESKTOP);
    const { page, context } = visited;
    await signIn(visited, "lp1");
    await page
      .getByText(/^As of/)
      .first()
      .waitFor();
    await context.route("**/rest/v1/**", (route) => route.abort());
    await page.goto("/lp");
    await page.getByText("The server does not answer. It is asked again by itself.").first().waitFor();
    await context.unroute("**/rest/v1/**");
    await page.getByRole("button", { name: "Try again" }).first().click();
    await page
      .getByText(/^As of/)
      .first()
      .waitFor();
    await visited.close();
  });

  it("a page whose server hangs says so instead of loading for ever", async () => {
    const visited = await visit(DESKTOP);
    const { page, context } = visited;
    await signIn(visited, "lp1");
    await page
      .getByText(/^As of/)
      .first()
      .waitFor();
    await context.route("**/rest/v1/**", () => undefined);
    await page.goto("/lp");
    await page.getByText("The server has not answered yet").first().waitFor({ timeout: 40_000 });
    await context.unrouteAll({ behavior: "ignoreErrors" });
    await page
      .getByText(/^As of/)
      .first()
      .waitFor({ timeout: 40_000 });
    await visited.close();
  });

  it("an ended session leads to the sign-in, which says why", async () => {
    const visited = await visit(DESKTOP);
    const { page } = visited;
    await signIn(visited, "lp2");
    await page
      .getByText(/^As of/)
      .first()
      .waitFor();
    // signed out everywhere, from another place
    const elsewhere = await apiOf("lp2");
    expect((await elsewhere.auth.signOut({ scope: "global" })).error).toBeNull();
    await page.reload();
    await page.getByText("Your session has ended: sign in again.").waitFor({ timeout: 40_000 });
    await signIn(visited, "lp2");
    await visited.close();
  });

  it("a lost line of changes is said, found again by itself, and what happened meanwhile is read", async () => {
    const visited = await visit(DESKTOP);
    const { page } = visited;
    let cut: (() => void) | undefined;
    let lines = 0;
    await page.routeWebSocket(/realtime/, (socket) => {
      const server = socket.connectToServer();
      lines += 1;
      cut = () => {
        void server.close();
        void socket.close({ code: 1012 });
      };
    });
    await signIn(visited, "pm1");
    await page.getByText("changes appear by themselves").first().waitFor();
    const before = visited.asked.filter((address) => address.includes("/rest/v1/rpc/")).length;
    cut?.();
    await page.getByText("changes are not told at the moment").first().waitFor();
    await page.getByText("changes appear by themselves").first().waitFor({ timeout: 40_000 });
    expect(lines).toBeGreaterThanOrEqual(2);
    await expect
      .poll(() => visited.asked.filter((address) => address.includes("/rest/v1/rpc/")).length)
      .toBeGreaterThan(before);
    await visited.close();
  });
});
