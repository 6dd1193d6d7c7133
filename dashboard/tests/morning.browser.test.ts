// The portfolio manager's morning in a real browser on a real stack: figures, states, accessibility, nothing from anywhere else.
import { Morning } from "@evergreen-fund/domain/pages.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { describe, expect, inject, it } from "vitest";
import { date, money, signed } from "../src/words/format.ts";
import { apiOf, DESKTOP, PHONE, signIn, visit } from "./visit.ts";

type Rung = NonNullable<Morning["ladder"]>["rungs"][number];
const leftOver = (rung: Rung): string => decimal(rung.assets_up_to).minus(rung.due_up_to).toFixed();

const morning = async (): Promise<Morning> => Morning.parse((await (await apiOf("pm1")).rpc("fn_read_morning")).data);

describe("the sign-in page", () => {
  it("offers the demo logins, refuses a wrong password in words, and lets in with the right one", async () => {
    const visited = await visit(DESKTOP);
    const { page, said } = visited;
    await page.goto("/");
    await page.getByRole("heading", { name: "Demo logins" }).waitFor();
    await visited.picture("sign-in");
    expect(await visited.barriers()).toEqual([]);
    expect(said).toEqual([]);
    await page.getByRole("button", { name: "pm1@demo.evergreen.example" }).click();
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("That did not work: check e-mail and password.").waitFor();
    expect(await page.getByLabel("Password").inputValue()).toBe("");
    await page.getByLabel("Password").fill(inject("stack").passwords.pm1 ?? "");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Morning" }).waitFor();
    await visited.close();
  });

  it("is what anybody else gets at an address inside", async () => {
    const visited = await visit(PHONE, "dark");
    await visited.page.goto("/pm");
    await visited.page.getByRole("button", { name: "Sign in" }).waitFor();
    await visited.picture("sign-in-phone-dark");
    expect(await visited.barriers()).toEqual([]);
    await visited.close();
  });
});

describe.each([
  ["desktop", DESKTOP, "light"],
  ["phone", PHONE, "dark"],
] as const)("the morning page on a %s", (name, size, theme) => {
  it("shows what the database answers, without an error, a barrier or a stranger", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "pm1");
    await page.getByRole("heading", { name: "Net asset value" }).waitFor();
    await page.locator(".recharts-surface").nth(1).waitFor();
    const { nav, change, fund, ladder, waiting, limits } = await morning();
    expect(await page.locator("[data-figure=nav]").textContent()).toBe(`${money(nav?.nav ?? "", 2)} ${fund.currency}`);
    expect(await page.locator("[data-figure=change]").textContent()).toContain(signed(change?.amount ?? "", 2));
    expect(await page.locator("[data-figure=change]").textContent()).toContain(date(change?.since ?? ""));
    const reasons = page.getByRole("table", { name: /^What moved the NAV/ });
    expect(await reasons.locator("td").allInnerTexts()).toEqual(
      [...(change?.reasons ?? []), { amount: change?.amount ?? "" }].map(({ amount }) => signed(amount, 2)),
    );
    const rungs = page.getByRole("table", { name: "Liquidity ladder" });
    expect(await rungs.locator("tbody td").allInnerTexts()).toEqual(
      (ladder?.rungs ?? []).flatMap((rung) => [
        ...[rung.assets, rung.liabilities, rung.stress, rung.assets_up_to, rung.due_up_to].map((text) =>
          money(text, 2),
        ),
        signed(leftOver(rung), 2),
      ]),
    );
    expect(await page.getByText(limits[0]?.holds ? "Holds" : "Broken", { exact: true }).count()).toBe(limits.length);
    const mine = waiting.filter((row) => row.mine).length;
    expect(await page.locator("[data-figure=mine]").textContent()).toBe(
      mine === 0 ? "Nothing waits for you." : `${mine} ${mine === 1 ? "proposal waits" : "proposals wait"} for you.`,
    );
    await visited.picture(`morning-${name}-${theme}`);
    expect(await visited.barriers()).toEqual([]);
    expect(visited.said).toEqual([]);
    const strangers = visited.asked.filter((address) => !address.startsWith(inject("stack").url));
    expect(strangers).toEqual([]);
    await visited.close();
  });
});

describe("the morning page", () => {
  it("hands out exactly the table that it shows", async () => {
    const visited = await visit(DESKTOP);
    await signIn(visited, "pm1");
    const [download] = await Promise.all([
      visited.page.waitForEvent("download"),
      visited.page.getByRole("button", { name: "CSV of Liquidity ladder" }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString("utf8").trimEnd().split("\r\n");
    const { ladder } = await morning();
    expect(lines.slice(1)).toEqual(
      (ladder?.rungs ?? []).map((rung) =>
        [
          rung.bucket,
          rung.assets,
          rung.liabilities,
          rung.stress,
          rung.assets_up_to,
          rung.due_up_to,
          leftOver(rung),
        ].join(","),
      ),
    );
    await visited.close();
  });

  it("says that it is stale when the server stops answering, and recovers by itself", async () => {
    const visited = await visit(DESKTOP);
    const { page, context } = visited;
    await signIn(visited, "pm1");
    await page.getByRole("heading", { name: "Net asset value" }).waitFor();
    await context.route("**/rest/v1/**", (route) => route.abort());
    // coming back to the page is what reads it again; the clock of the page would do the same within half a minute
    const comeBack = () => page.evaluate("dispatchEvent(new Event('visibilitychange'))");
    await comeBack();
    await page.getByText("Not up to date: the server has not answered since").waitFor({ timeout: 60_000 });
    await visited.picture("morning-stale");
    await context.unroute("**/rest/v1/**");
    await comeBack();
    await page.getByText(/^As of /).waitFor({ timeout: 60_000 });
    await visited.close();
  });

  it("says so when nothing can be read at all", async () => {
    const visited = await visit(DESKTOP);
    await visited.context.route("**/rest/v1/**", (route) => route.abort());
    await signIn(visited, "pm1");
    await visited.page.getByRole("button", { name: "Try again" }).waitFor({ timeout: 60_000 });
    await visited.picture("morning-error");
    await visited.context.unroute("**/rest/v1/**");
    await visited.page.getByRole("button", { name: "Try again" }).click();
    await visited.page.getByRole("heading", { name: "Net asset value" }).waitFor();
    await visited.close();
  });

  it("changes between dark and light and remembers it", async () => {
    const visited = await visit(DESKTOP);
    await signIn(visited, "pm1");
    await visited.page.getByRole("button", { name: "Dark" }).click();
    expect(await visited.page.locator("html").getAttribute("data-theme")).toBe("dark");
    await visited.page.reload();
    await visited.page.getByRole("button", { name: "Light" }).waitFor();
    expect(await visited.page.locator("html").getAttribute("data-theme")).toBe("dark");
    await visited.close();
  });

  it("forgets everything when its person signs out", async () => {
    const visited = await visit(DESKTOP);
    await signIn(visited, "pm1");
    await visited.page.getByRole("heading", { name: "Net asset value" }).waitFor();
    await visited.page.getByRole("button", { name: "Sign out" }).click();
    await visited.page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await visited.page.evaluate("Object.keys(localStorage).filter((key) => key.includes('session'))")).toEqual(
      [],
    );
    expect(await visited.page.locator("body").textContent()).not.toContain("Net asset value");
    await visited.close();
  });
});
