// Schedules and failures acted on in a real browser: the worker carries out what was asked on a real Temporal. All values are synthetic.
import { Schedules } from "@evergreen-fund/domain/desk-pages.ts";
import { describe, expect, it } from "vitest";
import { call, faultless } from "./faultless.ts";
import { DESKTOP, PHONE, signIn, visit } from "./visit.ts";

/** What nobody else of the suite looks at: nothing of a journey waits for its clock. */
const CLOCK = "platform/calendar";
const HEARD = { timeout: 45_000, interval: 500 };

const told = async () => {
  const { schedules } = Schedules.parse(await call("ops1", "fn_read_schedules"));
  return schedules.find(({ schedule_id }) => schedule_id === CLOCK);
};

describe.each([
  ["desktop", DESKTOP, "light"],
  ["phone", PHONE, "dark"],
] as const)("on a %s", (name, size, theme) => {
  it("operations pause a clock, it stands still in Temporal, and they resume it", async () => {
    await expect.poll(told, HEARD).toBeDefined();
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "ops1");
    await page.goto("/ops/schedules");
    const clocks = page.getByRole("table", { name: "When each fires, by its own zone" });
    const row = clocks.getByRole("row").filter({ hasText: CLOCK });
    for (const [action, note] of [
      ["Pause", "The calendar is moved (synthetic)"],
      ["Resume", "The calendar is right again (synthetic)"],
    ] as const) {
      await row.getByRole("button", { name: `Act on ${CLOCK}` }).click();
      await page.waitForURL(/clock=/);
      await page.getByLabel("Why").fill(note);
      if (action === "Pause") await visited.picture(`schedules-form-${name}-${theme}`);
      await page.getByRole("button", { name: `${action} ${CLOCK}` }).click();
      await row.getByText(action === "Pause" ? /^Done: It fires no more/ : /^Done: It fires again/).waitFor(HEARD);
      await expect.poll(async () => (await told())?.paused, HEARD).toBe(action === "Pause");
    }
    const notes = page.getByRole("table", { name: /^What people asked of the clocks/ });
    await notes.getByText("The calendar is right again (synthetic)").first().waitFor();
    await row.getByRole("button").click();
    await page
      .getByRole("form", { name: /^What to do with/ })
      .getByRole("combobox")
      .selectOption("backfill");
    await page.getByLabel("First day").fill("2026-11-30");
    await page.getByLabel("Last day").fill("2026-11-01");
    await page.getByText(/the first not after the last/).waitFor();
    expect(await page.getByRole("button", { name: `Backfill ${CLOCK}` }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Leave it" }).click();
    await visited.picture(`schedules-${name}-${theme}`);
    await faultless(visited, size.width);
    await visited.close();
  });
});

it("a portfolio manager sees the clocks and acts on none", async () => {
  const visited = await visit(DESKTOP);
  const { page } = visited;
  await signIn(visited, "pm1");
  await page.goto("/ops/schedules");
  await page.getByRole("table", { name: "When each fires, by its own zone" }).waitFor();
  expect(await page.getByRole("button", { name: /^Act on/ }).count()).toBe(0);
  await expect(
    call("pm1", "fn_ask_schedule", { schedule_id: CLOCK, action: "pause", note: "no" }),
  ).rejects.toMatchObject({ code: "42501" });
  await faultless(visited, DESKTOP.width);
  await visited.close();
});
