// The dealing day in a real browser: what the engine computes there is what the run of the day recorded, and a cap that is moved moves what is paid.
import { DealingPage } from "@evergreen-fund/domain/cockpit.ts";
import { decimal } from "@evergreen-fund/finance/money.ts";
import { expect, inject, it } from "vitest";
import { money } from "../src/words/format.ts";
import { apiOf, DESKTOP, PHONE, signIn, visit } from "./visit.ts";

let api: ReturnType<typeof apiOf> | undefined;
const pageOf = async (args = {}): Promise<DealingPage> => {
  api ??= apiOf("pm1");
  return DealingPage.parse((await (await api).rpc("fn_read_dealing_page", args)).data);
};

it("asks the engine what another cap would pay, and agrees with the run of the day", async () => {
  const compared = ({ day }: DealingPage) =>
    day?.lab.find((row) => row.basis === "gross" && row.carry === "auto_pari_passu");
  // the run of the open day compares in the background
  await expect.poll(async () => compared(await pageOf()), { timeout: 60_000 }).toBeDefined();
  const found = await pageOf();
  const [run, book] = [compared(found), found.book];
  if (run === undefined || book === null) throw new Error("The open day of the demo has been compared by its run.");
  const visited = await visit(DESKTOP);
  const { page } = visited;
  await signIn(visited, "pm1");
  await page.getByRole("link", { name: "Dealing" }).click();
  const verdict = page.locator("[data-figure=verdict]");
  await verdict.waitFor();
  expect(await verdict.textContent()).toContain(money(run.paid, 2));
  // one per cent of the NAV, by the keyboard, pays exactly that
  const cap = page.getByLabel("Cap (% of NAV)");
  await cap.focus();
  await cap.fill("0.98");
  for (let step = 0; step < 2; step++) await page.keyboard.press("ArrowRight");
  await page.locator("[data-figure=cap]", { hasText: "1.00 %" }).waitFor();
  const tenth = decimal(book.nav).times("0.01").toFixed();
  const most = decimal(tenth).gt(run.paid) && run.fraction === "1" ? run.paid : tenth;
  expect(await verdict.textContent()).toContain(money(most, 2));
  await page.waitForURL(/cap=/);
  await page.getByText("The curve as a table").click();
  await page.getByRole("table", { name: /^What each cap would pay/ }).waitFor();
  await visited.picture("dealing-desktop");
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  expect(visited.asked.filter((address) => !address.startsWith(inject("stack").url))).toEqual([]);
  await visited.close();
});

it("shows a day that was dealt as it was, on a phone", async () => {
  const closed = (await pageOf()).days.filter(({ status, orders }) => status === "closed" && orders > 0);
  const pages = await Promise.all(closed.slice(0, 12).map(({ dealing_day_id }) => pageOf({ dealing_day_id })));
  const past = pages.find(({ fills }) => fills.some(({ direction }) => direction === "redemption"));
  const sold = past?.fills.filter(({ direction }) => direction === "redemption") ?? [];
  const filled = sold.reduce((sum, row) => sum.plus(row.filled_units ?? "0"), decimal("0"));
  const visited = await visit(PHONE, "dark");
  const { page } = visited;
  await signIn(visited, "pm1");
  await page.goto(`/pm/dealing?day=${past?.day?.dealing_day_id}`);
  const classes = page.getByRole("table", { name: "Classes at the terms of the fund" });
  await classes.waitFor();
  // what the engine pays out of the admitted orders is what was allocated
  const paid = await classes.locator("tbody tr td:nth-child(4)").allTextContents();
  expect(paid.reduce((sum, text) => sum.plus(text.replaceAll(",", "")), decimal("0")).toFixed(4)).toBe(
    filled.toFixed(4),
  );
  await visited.picture("dealing-phone-dark");
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  await visited.close();
});
