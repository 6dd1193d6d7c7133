// The investor's portal in a real browser: figures of the database, a phone first, and not one byte of anybody else.
import { Home } from "@evergreen-fund/domain/pages.ts";
import { describe, expect, inject, it } from "vitest";
import { money, number, units } from "../src/words/format.ts";
import { apiOf, DESKTOP, PHONE, signIn, visit } from "./visit.ts";

const homeOf = async (person: string): Promise<Home> =>
  Home.parse((await (await apiOf(person)).rpc("fn_read_home")).data);

/** What names or belongs to somebody and to nobody else. */
const marksOf = (home: Home): string[] => [
  ...home.holdings.flatMap(({ investor_id, investor, worth }) => [investor_id, investor, worth ?? investor]),
  ...home.orders.map(({ flow_id }) => flow_id),
  ...home.statements.flatMap(({ statement_id, hash }) => [statement_id, hash]),
];

describe.each([
  ["phone", PHONE, "light"],
  ["desktop", DESKTOP, "dark"],
] as const)("an investor's home on a %s", (name, size, theme) => {
  it("shows what the database answers, without an error, a barrier or a stranger", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "lp1");
    await page.getByRole("table", { name: /^Measures/ }).waitFor();
    const home = await homeOf("lp1");
    expect(await page.locator("[data-figure=worth]").allTextContents()).toEqual(
      home.totals.map((total) => `${money(total.worth, total.decimals)} ${total.currency}`),
    );
    const holdings = page.getByRole("table", { name: "Holdings" });
    expect(await holdings.locator("tbody tr").count()).toBe(home.holdings.length);
    for (const row of home.holdings) {
      const line = await holdings.getByRole("row").filter({ hasText: row.investor }).textContent();
      for (const figure of [
        money(row.worth ?? "", 2),
        units(row.units, row.units_dp),
        money(row.paid_in, 2),
        money(row.paid_out, 2),
      ])
        expect(line).toContain(figure);
    }
    expect(await page.locator("article.order").count()).toBe(home.orders.length);
    const first = page.locator("article.order").first();
    expect(await first.locator("[aria-current=step]").count()).toBe(1);
    expect(await page.getByRole("table", { name: "Capital account statements" }).locator("tbody tr").count()).toBe(
      home.statements.length,
    );
    await visited.picture(`investor-${name}-${theme}`);
    // nothing runs out of a narrow screen
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(size.width);
    expect(await visited.barriers()).toEqual([]);
    expect(visited.said).toEqual([]);
    expect(visited.asked.filter((address) => !address.startsWith(inject("stack").url))).toEqual([]);
    await visited.close();
  });
});

describe("an investor", () => {
  it("opens a statement that foots, line by line as it was written, and takes it along as JSON", async () => {
    const visited = await visit(PHONE);
    const { page } = visited;
    await signIn(visited, "lp1");
    await page.getByRole("table", { name: "Capital account statements" }).getByRole("link").first().click();
    await page.getByText("It foots").waitFor();
    const id = page.url().split("/").at(-1);
    const { data } = await (await apiOf("lp1")).from("statements").select("body,hash").eq("statement_id", id).single();
    const { body, hash } = data as { body: { account: { lines: { line: string; amount: string }[] } }; hash: string };
    const shown = await page.getByRole("table", { name: "Capital account" }).locator("td").allTextContents();
    expect(shown.map((text) => text.replace("+", ""))).toEqual(
      body.account.lines.map(({ amount }) => number(amount, 2, 4)),
    );
    expect(await page.getByText(hash).count()).toBe(1);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "JSON" }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
    expect(JSON.parse(Buffer.concat(chunks).toString("utf8"))).toMatchObject({ body, hash });
    await visited.picture("statement-phone");
    expect(await visited.barriers()).toEqual([]);
    await visited.close();
  });

  it("is never sent a byte of another one: in pages, statements of the other, pages of staff, errors", async () => {
    const [mine, theirs] = await Promise.all([homeOf("lp1"), homeOf("lp2")]);
    const marks = marksOf(theirs);
    expect(marks.length).toBeGreaterThan(5);
    const trail = async (person: string): Promise<string> => {
      const visited = await visit(DESKTOP);
      await signIn(visited, person);
      await visited.page.getByRole("table", { name: /^Measures/ }).waitFor();
      // what the other one could look for
      for (const { statement_id } of theirs.statements.slice(0, 2)) {
        await visited.page.goto(`/lp/statements/${statement_id}`);
        await visited.page
          .getByText(person === "lp1" ? "There is no such statement that you may see." : "It foots")
          .waitFor();
      }
      await visited.page.goto("/pm");
      await visited.page.getByRole("alert").or(visited.page.locator(".empty")).first().waitFor({ timeout: 60_000 });
      const { asked } = visited;
      const text = await visited.answers();
      await visited.close();
      // the addresses that were asked for are the browser's own words
      expect(asked.length).toBeGreaterThan(5);
      return text;
    };
    const heard = await trail("lp1");
    expect(marksOf(mine).filter((mark) => !heard.includes(mark))).toEqual([]);
    expect(marks.filter((mark) => heard.includes(mark))).toEqual([]);
    // the search finds what it looks for where it may stand
    const own = await trail("lp2");
    expect(marks.filter((mark) => !own.includes(mark))).toEqual([]);
  });
});
