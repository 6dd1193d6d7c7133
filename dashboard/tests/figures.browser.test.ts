// Every figure of the pages explained on the demo fund: each kind answers, comes again from its own inputs, and an investor is told of nobody else's. And the panel in a real browser.
import { DealingPage, Exposure } from "@evergreen-fund/domain/cockpit.ts";
import { Explained, FIGURES, type FigureKind } from "@evergreen-fund/domain/figures.ts";
import { Home, Morning } from "@evergreen-fund/domain/pages.ts";
import { OwnRecord } from "@evergreen-fund/domain/pages-lp.ts";
import { agrees, computedAgain } from "@evergreen-fund/finance/computed-again.ts";
import { MEASURES, netPerformance, PerformanceBooks } from "@evergreen-fund/finance/returns/net-performance.ts";
import { describe, expect, it } from "vitest";
import { money } from "../src/words/format.ts";
import { call, faultless } from "./faultless.ts";
import { apiOf, DESKTOP, PHONE, signIn, visit } from "./visit.ts";

interface Asked {
  figure: FigureKind;
  id: string;
  part?: string;
  /** As a page shows it. */
  shown?: string | undefined;
}

/** The figures of the staff's pages. */
async function staffFigures(): Promise<Asked[]> {
  const morning = Morning.parse(await call("pm1", "fn_read_morning"));
  const exposure = Exposure.parse(await call("pm1", "fn_read_exposure"));
  const page = DealingPage.parse(await call("pm1", "fn_read_dealing_page"));
  const { fund_id } = morning.fund;
  const strike = morning.nav?.strike_id ?? "";
  const api = await apiOf("pm1");
  const prices = async (of: "strike" | "dealt") => {
    const rows = api.from("class_navs").select("share_class_id,strike_id,nav_per_unit::text");
    const found =
      of === "strike"
        ? rows.eq("strike_id", strike)
        : rows.not("dealing_price_sub", "is", null).order("created_at", { ascending: false }).limit(4);
    return (await found).data as unknown as { share_class_id: string; strike_id: string; nav_per_unit: string }[];
  };
  const [classes, dealt] = [await prices("strike"), await prices("dealt")];
  expect(classes.length).toBeGreaterThan(1);
  expect(page.day?.strike).not.toBeNull();
  return [
    { figure: "nav", id: strike, shown: morning.nav?.nav },
    { figure: "nav", id: page.day?.strike?.strike_id ?? "", shown: page.book?.nav },
    { figure: "nav_change", id: fund_id, shown: morning.change?.amount },
    ...classes.map(
      (row): Asked => ({ figure: "nav_per_unit", id: strike, part: row.share_class_id, shown: row.nav_per_unit }),
    ),
    ...dealt.flatMap((row): Asked[] =>
      ["subscription", "redemption"].map((side) => ({
        figure: "dealing_price",
        id: row.strike_id,
        part: `${row.share_class_id}/${side}`,
      })),
    ),
    ...(morning.ladder?.rungs ?? []).flatMap(({ bucket }): Asked[] => [
      { figure: "ladder_gap", id: fund_id, part: bucket },
    ]),
    ...morning.limits.map(
      (limit): Asked => ({ figure: "ladder_cover", id: fund_id, part: limit.horizon, shown: limit.cover ?? undefined }),
    ),
    ...exposure.sleeves.flatMap(({ sleeve }): Asked[] => [
      { figure: "weight", id: fund_id, part: sleeve },
      { figure: "drift", id: fund_id, part: sleeve },
    ]),
    ...exposure.cuts.map(
      (row): Asked => ({ figure: "exposure", id: fund_id, part: `${row.cut}:${row.name}`, shown: row.value }),
    ),
  ];
}

/** Those of an investor's pages. */
function investorFigures(home: Home): Asked[] {
  return [
    ...home.holdings.flatMap((row): Asked[] => [
      { figure: "worth", id: row.investor_id, part: row.share_class_id, shown: row.worth ?? undefined },
      { figure: "units", id: row.investor_id, part: row.share_class_id, shown: row.units },
      { figure: "paid_in", id: row.investor_id, part: row.share_class_id, shown: row.paid_in },
      { figure: "paid_out", id: row.investor_id, part: row.share_class_id, shown: row.paid_out },
    ]),
    ...home.orders.flatMap((row): Asked[] =>
      row.filled_units === null
        ? []
        : [
            { figure: "fill", id: row.flow_id, shown: row.filled_units },
            { figure: "fill_amount", id: row.flow_id, shown: row.net_amount ?? undefined },
          ],
    ),
    ...[...new Set(home.holdings.map(({ fund }) => fund))].flatMap((fund) =>
      MEASURES.map((part): Asked => ({ figure: "performance", id: fund, part })),
    ),
  ];
}

/** Asks for each, and says what does not hold of it. */
async function wrongOf(person: string, figures: readonly Asked[]): Promise<string[]> {
  const api = await apiOf(person);
  const wrong: string[] = [];
  for (const { shown, ...args } of figures) {
    const name = `${args.figure} ${args.part ?? args.id}`;
    const { data, error } = await api.rpc("fn_explain_figure", args);
    if (error !== null) {
      wrong.push(`${name}: ${error.code}`);
      continue;
    }
    const explained = Explained.parse(data);
    const books = PerformanceBooks.safeParse(explained.facts);
    const measured = books.success
      ? netPerformance(books.data).find(({ measure }) => measure === args.part)
      : undefined;
    // a measure that there is not stands on no page
    if (args.figure === "performance" && measured === undefined) continue;
    const value = explained.value ?? measured?.value ?? "";
    const again = computedAgain(explained, args.part);
    if (again === null || !agrees(explained, value, again)) wrong.push(`${name}: ${value} and again ${again}`);
    if (shown !== undefined && Number(shown) !== Number(value))
      wrong.push(`${name}: ${value} beside ${shown} on the page`);
    if (explained.inputs.length === 0 && !/^0(\.0*)?$/.test(value)) wrong.push(`${name}: no inputs`);
    if (explained.inputs.some((input) => input.table === "")) wrong.push(`${name}: an input without a row`);
  }
  return wrong;
}

describe("every figure of the pages", () => {
  it("is explained, and comes again from its own inputs to the cent", async () => {
    const [staff, home] = [await staffFigures(), Home.parse(await call("lp1", "fn_read_home"))];
    const own = investorFigures(home);
    expect(await wrongOf("pm1", staff)).toEqual([]);
    expect(
      await wrongOf(
        "audit1",
        own.filter(({ figure }) => figure !== "performance"),
      ),
    ).toEqual([]);
    expect(await wrongOf("lp1", own)).toEqual([]);
    // stress runs are made by the test of their page
    const tried = new Set([...staff, ...own].map(({ figure }) => figure));
    expect(
      Object.keys(FIGURES)
        .filter((kind) => !tried.has(kind as FigureKind))
        .sort(),
    ).toEqual(["stress_loss", "stress_nav_after"]);
  });

  it("is told to nobody whose it is not", async () => {
    const theirs = investorFigures(Home.parse(await call("lp2", "fn_read_home"))).filter(
      ({ figure }) => figure !== "performance",
    );
    const strangers = [
      ...theirs,
      ...(await staffFigures()).filter(({ figure }) => !/^(nav_per_unit|dealing_price)$/.test(figure)),
    ];
    const api = await apiOf("lp1");
    const codes: (string | undefined)[] = [];
    // one after the other: what is asked is who may see, not how many may ask at once
    for (const { shown: _shown, ...args } of strangers)
      codes.push((await api.rpc("fn_explain_figure", args)).error?.code);
    expect(codes.length).toBeGreaterThan(20);
    expect(new Set(codes)).toEqual(new Set(["EG404"]));
  });
});

describe.each([
  ["desktop", DESKTOP, "light"],
  ["phone", PHONE, "dark"],
] as const)("the panel of a figure on a %s", (name, size, theme) => {
  it("opens from the NAV with the keyboard, leads to an input that is a figure itself, and closes where it began", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "pm1");
    const nav = page.locator("[data-figure=nav]").getByRole("button");
    await nav.focus();
    await page.keyboard.press("Enter");
    await page.locator("[data-figure=again]").getByText("the same").waitFor();
    const { nav: struck } = Morning.parse(await call("pm1", "fn_read_morning"));
    expect(await page.locator("[data-figure=explained]").textContent()).toContain(money(struck?.nav ?? "", 2));
    await visited.picture(`figure-nav-${name}-${theme}`);
    await faultless(visited, size.width);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.evaluate("document.activeElement.closest('[data-figure]')?.dataset.figure")).toBe("nav");
    await page.locator("[data-figure=change]").getByRole("button").click();
    const panel = page.getByRole("dialog");
    await panel.getByText("the same").waitFor();
    await panel.getByRole("button", { name: /^NAV of/ }).click();
    await panel.getByRole("heading", { name: /^Net asset value of/ }).waitFor();
    await panel.getByRole("button", { name: "Back" }).click();
    await panel.getByRole("heading", { name: "Change of the net asset value" }).waitFor();
    await visited.close();
  });

  it("tells an investor how the own worth, fill and return are made", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "lp1");
    await page.getByRole("table", { name: /^Measures/ }).waitFor();
    const panel = page.getByRole("dialog");
    for (const figure of [
      page.getByRole("table", { name: "Holdings" }).locator("td button").first(),
      page
        .getByRole("table", { name: /^Measures/ })
        .locator("td button")
        .first(),
      page.locator("article.order button.explain").first(),
    ]) {
      await figure.click();
      await panel.locator("[data-figure=again]").getByText("the same").waitFor();
      if ((await panel.getByRole("heading", { level: 2 }).textContent())?.startsWith("Return"))
        await visited.picture(`figure-return-${name}-${theme}`);
      await page.keyboard.press("Escape");
      await panel.waitFor({ state: "detached" });
    }
    await faultless(visited, size.width);
    await visited.close();
  });
});

describe.each([
  ["desktop", DESKTOP, "dark"],
  ["phone", PHONE, "light"],
] as const)("the palette on a %s", (name, size, theme) => {
  it("leads with the keyboard to a page and to an order by the beginning of its id", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "pm1");
    await page.getByRole("heading", { name: "Net asset value" }).waitFor();
    await page.keyboard.press("Control+k");
    const box = page.getByRole("combobox", { name: /^Go to a page/ });
    await box.waitFor();
    await page.keyboard.type("recon");
    await page.getByRole("option", { name: /^Reconciliation/ }).waitFor();
    await visited.picture(`palette-${name}-${theme}`);
    await faultless(visited, size.width);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ops/reconciliation");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const { data } = await (await apiOf("pm1")).from("fund_flows").select("flow_id").limit(1).single();
    const flow = String(data?.flow_id);
    await page.keyboard.press("Control+k");
    await page.keyboard.type(flow.slice(0, 13));
    await page.getByRole("option", { name: /order/i }).first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/audit/timeline?of=${flow}`);
    await visited.close();
  });
});

it("finds an investor the own orders, and nothing of anybody else", async () => {
  const [mine, theirs] = await Promise.all(
    ["lp1", "lp2"].map(async (who) => Home.parse(await call(who, "fn_read_home"))),
  );
  const found = async (query: string) => (await call("lp1", "fn_find_places", { query })) as { kind: string }[];
  expect((await found(mine?.orders[0]?.flow_id ?? "")).map(({ kind }) => kind)).toEqual(["order"]);
  expect(await found(theirs?.orders[0]?.flow_id ?? "")).toEqual([]);
  expect(await found(theirs?.holdings[0]?.investor ?? "")).toEqual([]);
});

describe.each([
  ["pm1", "/pm", DESKTOP, "light", /^What moved the NAV/],
  ["lp1", "/lp", PHONE, "dark", "Holdings"],
] as const)("hidden amounts, as %s", (person, home, size, theme, table) => {
  it("stand nowhere on the page, not in a title and not in what is copied, until they are shown again", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, person);
    const rows = page.getByRole("table", { name: table });
    await rows.waitFor();
    const amounts = (await rows.locator("td.figure").allInnerTexts()).filter((text) => /\d{4}|,\d{3}/.test(text));
    expect(amounts.length).toBeGreaterThan(1);
    await page.getByRole("button", { name: "Hide amounts" }).click();
    await page.getByRole("button", { name: "Show amounts" }).waitFor();
    // it holds in this tab, also after it is loaded again
    await page.reload();
    await rows.waitFor();
    if (person === "pm1") await page.locator(".recharts-surface").nth(1).waitFor();
    const heard = async () =>
      `${await page.title()} ${await page.content()} ${await page.evaluate("getSelection().selectAllChildren(document.body), getSelection().toString()")}`;
    const all = await heard();
    expect(amounts.filter((amount) => all.includes(amount))).toEqual([]);
    expect(all).toContain("•••");
    // nor beside an axis
    const ticks = await page.locator(".recharts-cartesian-axis-tick-value").allTextContents();
    expect(ticks.filter((tick) => /\d[KMB]$/.test(tick))).toEqual([]);
    await page.locator("main button.explain").first().click();
    await page.getByRole("dialog").getByRole("table", { name: "Inputs" }).waitFor();
    const opened = await heard();
    expect(amounts.filter((amount) => opened.includes(amount))).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await visited.picture(`hidden-${person}-${theme}`);
    await faultless(visited, size.width);
    await page.getByRole("button", { name: "Show amounts" }).click();
    await rows
      .getByText(amounts[0] ?? "")
      .first()
      .waitFor();
    expect(new URL(page.url()).pathname).toBe(home);
    await visited.close();
  });
});

describe.each([
  ["desktop", DESKTOP, "dark"],
  ["phone", PHONE, "light"],
] as const)("the NAV on a %s", (name, size, theme) => {
  it("stands as steps of its change and over the range of the address, with the table and file of just that", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "pm1");
    const { history } = Morning.parse(await call("pm1", "fn_read_morning"));
    await page.goto("/pm?range=1y");
    await page.getByRole("radio", { name: "1 year" }).waitFor();
    expect(await page.getByRole("radio", { name: "1 year" }).isChecked()).toBe(true);
    await page.getByText("The same as a table").click();
    const rows = page.getByRole("table", { name: "NAV at each strike" }).locator("tbody tr");
    const year = history.filter(
      ({ date }) => date >= `${Number(history.at(-1)?.date.slice(0, 4)) - 1}${history.at(-1)?.date.slice(4)}`,
    );
    expect(await rows.count()).toBe(year.length);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV of NAV at each strike" }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString("utf8").trimEnd().split("\r\n").slice(1);
    expect(lines).toEqual([...year].reverse().map(({ date, state, nav }) => `${date},${state},${nav}`));
    await page.getByRole("radio", { name: "All" }).check();
    await page.waitForURL("**/pm?range=all");
    expect(await rows.count()).toBe(history.length);
    await page.getByRole("figure", { name: /^From one NAV to the next/ }).waitFor();
    await visited.picture(`nav-steps-${name}-${theme}`);
    await faultless(visited, size.width);
    await visited.close();
  });
});

it("says of each investor whether there is anything to take along, and what exactly is recorded", async () => {
  const visited = await visit(PHONE);
  const { page } = visited;
  const { investors } = OwnRecord.parse(await call("lp1", "fn_read_record"));
  await signIn(visited, "lp1");
  await page.goto("/lp/record");
  await page.getByText(/^Recorded is each call that hands out/).waitFor();
  for (const { investor, has_personal_data } of investors)
    await (has_personal_data
      ? page.getByRole("button", { name: `ZIP of ${investor}` })
      : page.getByText(`No personal data is kept of ${investor}.`)
    ).waitFor();
  await visited.close();
});
