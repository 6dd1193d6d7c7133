// Operations, the auditor and a decision, in a real browser on a real stack. The decision comes last: it moves the demo on.
import { readConfig } from "@evergreen-fund/config";
import { Desk, Morning, Trail } from "@evergreen-fund/domain/pages.ts";
import { ProposalPage } from "@evergreen-fund/domain/proposal-page.ts";
import { OPS, PM_ONE } from "@evergreen-fund/prisma/tests/arrange.ts";
import { claimInKind } from "@evergreen-fund/prisma/tests/postings.ts";
import { rolledBack } from "@evergreen-fund/prisma/tests/rolled-back.ts";
import { adminUrl } from "@evergreen-fund/stack/addresses.ts";
import { describe, expect, inject, it } from "vitest";
import { nextStep } from "../src/ops/next-step.ts";
import { apiOf, DESKTOP, PHONE, signIn, type Visit, visit } from "./visit.ts";

const read = async (person: string, fn: string, args: object = {}): Promise<unknown> => {
  const { data, error } = await (await apiOf(person)).rpc(fn, args);
  if (error !== null) throw error;
  return data;
};

/** Nobody else was asked, nothing was said, nothing stands in the way. */
async function faultless(visited: Visit): Promise<void> {
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  expect(visited.asked.filter((address) => !address.startsWith(inject("stack").url))).toEqual([]);
}

describe.each([
  ["desktop", DESKTOP, "light"],
  ["phone", PHONE, "dark"],
] as const)("on a %s", (name, size, theme) => {
  it("the desk shows what waits, by due time, with the next step", async () => {
    const visited = await visit(size, theme);
    await signIn(visited, "ops1");
    await visited.page.getByRole("heading", { name: "Desk", exact: true }).waitFor();
    const table = visited.page.getByRole("table", { name: /^What waits/ });
    await table.waitFor();
    const { work, runs } = Desk.parse(await read("ops1", "fn_read_desk"));
    expect(work.length).toBeGreaterThan(2);
    expect(await table.locator("tbody tr").count()).toBe(work.length);
    expect(await table.locator("tbody tr td:last-child").allTextContents()).toEqual(work.map(nextStep));
    expect(await visited.page.getByRole("table", { name: "The newest runs" }).locator("tbody tr").count()).toBe(
      runs.length,
    );
    await visited.picture(`desk-${name}-${theme}`);
    expect(await visited.page.evaluate("document.documentElement.scrollWidth")).toBe(size.width);
    await faultless(visited);
    await visited.close();
  });

  it("the auditor sees the chains, the newest entries and the timeline of one entity", async () => {
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "audit1");
    await page.getByText("The sealer keeps up").waitFor({ timeout: 60_000 });
    const { chains } = Trail.parse(await read("audit1", "fn_read_trail"));
    const heads = await page
      .getByRole("table", { name: "The head of each chain" })
      .locator("tbody tr td:last-child")
      .allTextContents();
    expect(heads).toEqual(chains.map(({ head }) => head));
    const { waiting } = Morning.parse(await read("pm1", "fn_read_morning"));
    const id = waiting[0]?.proposal_id ?? "";
    await page.getByLabel(/^Entity/).fill(id);
    await page.getByRole("button", { name: "Show its timeline" }).click();
    const timeline = page.getByRole("table", { name: `Audit entries of ${id}, the newest first` });
    await timeline.waitFor();
    const { entries } = Trail.parse(await read("audit1", "fn_read_trail", { entity_id: id }));
    expect(await timeline.locator("tbody tr").count()).toBe(entries.length);
    expect(page.url()).toContain(`entity=${id}`);
    await visited.picture(`audit-${name}-${theme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(size.width);
    await faultless(visited);
    await visited.close();
  });
});

describe("a rebalancing", () => {
  it("is decided with the keyboard alone, by somebody who did not ask for it, from before and after", async () => {
    const asking = await apiOf("pm1");
    const { error } = await asking.rpc("fn_request_rebalance", { fund: "DEMO", reason: "Browser suite (synthetic)" });
    expect(error).toBeNull();
    const proposed = async (): Promise<string> => {
      for (;;) {
        const { data } = await asking
          .from("proposals")
          .select("proposal_id")
          .eq("kind", "rebalancing")
          .eq("status", "pending")
          .limit(1);
        const id = (data as { proposal_id: string }[] | null)?.[0]?.proposal_id;
        if (id !== undefined) return id;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    };
    const id = await proposed();
    const maker = await visit(PHONE);
    await signIn(maker, "pm1");
    await maker.page.goto(`/pm/proposals/${id}`);
    await maker.page.getByText("You asked for it: somebody else decides.").waitFor();
    expect(await maker.page.getByRole("button", { name: /^Approve/ }).count()).toBe(0);
    await maker.picture("proposal-of-mine-phone");
    await maker.close();

    const visited = await visit(DESKTOP);
    const { page } = visited;
    await signIn(visited, "pm2");
    await page
      .getByRole("table", { name: "Proposals that are open" })
      .getByRole("link", { name: "Rebalancing" })
      // another one may be open too
      .and(page.locator(`[href="/pm/proposals/${id}"]`))
      .focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Before and after" }).waitFor();
    const { data } = await asking.from("proposals").select("body").eq("proposal_id", id).single();
    const { trades, before } = (data as { body: { trades: unknown[]; before: { sleeves: unknown[] } } }).body;
    expect(await page.getByRole("table", { name: "What would be bought and sold" }).locator("tbody tr").count()).toBe(
      trades.length,
    );
    expect(
      await page
        .getByRole("table", { name: /^Weight of each sleeve/ })
        .locator("tbody tr")
        .count(),
    ).toBe(before.sleeves.length);
    await page.getByRole("table", { name: "What the rooms found" }).waitFor();
    await visited.picture("proposal-desktop");
    await faultless(visited);
    await page.keyboard.press("a");
    await page.getByRole("button", { name: "Yes, approve" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    await page.keyboard.press("a");
    await page.keyboard.press("Enter");
    await page
      .locator("[data-figure=status]")
      .filter({ hasText: /approved|applied/ })
      .waitFor();
    const { data: decided } = await asking.from("approvals").select("decision").eq("proposal_id", id);
    expect(decided).toEqual([{ decision: "approved" }]);
    await visited.close();
  });
});

describe.each([
  ["desktop", DESKTOP, "dark"],
  ["phone", PHONE, "light"],
] as const)("on a %s, a proposal", (name, size, theme) => {
  it("of another kind says what is asked, why, and what it changes, in words", async () => {
    const asking = await apiOf("ops1");
    const { data: fund } = await asking.from("funds").select("fund_id").eq("code", "DEMO").single();
    const { fund_id } = fund as { fund_id: string };
    const proposalOf = async (kind: string): Promise<string | undefined> => {
      const { data } = await asking
        .from("proposals")
        .select("proposal_id")
        .eq("fund_id", fund_id)
        .eq("kind", kind)
        .limit(1);
      return (data as { proposal_id: string }[] | null)?.[0]?.proposal_id;
    };
    const { data: shares } = await asking
      .from("share_classes")
      .select("share_class_id")
      .eq("fund_id", fund_id)
      .limit(1);
    const [{ share_class_id }] = shares as [{ share_class_id: string }];
    // asked for, and decided by nobody: the demo goes on as it was
    const request_id = "browser-suite/proposals";
    const lmt = {
      fund: "DEMO",
      tool: "suspension",
      trigger: { reason: "two thirds of the assets cannot be valued", asked_on: "2026-10-01", nav: "1000000.00" },
      notice: "Dealing in the fund changes until further notice (synthetic draft).",
    };
    const paid = {
      fund: "DEMO",
      kind: "distribution",
      body: { share_class_id, ex_date: "2026-10-01", per_unit: "1.5" },
    };
    await asking.rpc("fn_propose_lmt", { ...lmt, request_id: `${request_id}/lmt` });
    await asking.rpc("fn_propose_posting", { ...paid, request_id: `${request_id}/distribution` });
    // an operation on the chain is a proposal once Compliance Sentinel has looked at it; no chain is needed for that
    const { data: class_ } = await asking
      .from("share_classes")
      .select("code")
      .eq("share_class_id", share_class_id)
      .single();
    const { code } = class_ as { code: string };
    const chained = { fund: "DEMO", share_class: code, kind: "deploy", body: {} };
    await asking.rpc("fn_request_token_action", { ...chained, request_id: `${request_id}/token` });
    const rows = async (table: string, column: string, equals: Record<string, string>): Promise<string> => {
      const { data } = await asking
        .from(table)
        .select(column)
        .match({ fund_id, ...equals })
        .order(column)
        .limit(1);
      const [row] = data as unknown as Record<string, string>[];
      if (row === undefined) throw new Error(`The demo has no row of ${table} for this: ${JSON.stringify(equals)}`);
      return row[column] as string;
    };
    const posting = (kind: string, body: object) =>
      asking.rpc("fn_propose_posting", { fund: "DEMO", kind, body, request_id: `${request_id}/${kind}` });
    await posting("cancellation", {
      flow_id: await rows("fund_flows", "flow_id", { status: "locked" }),
      reason: "the investor typed a nought too many (synthetic)",
    });
    await posting("crystallisation", {
      share_class_id,
      strike_id: await rows("nav_strikes", "strike_id", { state: "final" }),
      accrued: "1200.00",
      fee: "1234.50",
      high_water: "104.25",
    });
    await expect.poll(() => proposalOf("token"), { timeout: 60_000 }).toBeDefined();
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "pm1");
    for (const [kind, asks, says] of [
      ["lmt", "Suspend subscriptions and redemptions of DEMO.", "Why: two thirds of the assets cannot be valued"],
      ["distribution", /^Pay a distribution to class \w+ of DEMO, ex Oct 1, 2026\.$/, /1\.50 [A-Z]{3} per unit/],
      ["nav", /^Strike the NAV of DEMO of /, "Figures of the fund"],
      ["token", /: class \w+ of DEMO\.$/, "What would be done on the chain"],
      ["cancellation", /^Cancel a \w+ of DEMO after the cut-off\.$/, "a nought too many"],
      ["crystallisation", /^Take the performance fee of class \w+ of DEMO\.$/, "1,234.50"],
    ] as const) {
      await page.goto(`/pm/proposals/${await proposalOf(kind)}`);
      await page.locator("[data-figure=asks]").filter({ hasText: asks }).waitFor();
      await page.locator("main").getByText(says).first().waitFor();
      expect(await page.locator("main").textContent()).not.toMatch(/[{}]|\bundefined\b|NaN/);
      expect(await page.locator("main pre").count()).toBe(0);
      await visited.picture(`proposal-${kind}-${name}-${theme}`);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(size.width);
      await faultless(visited);
    }
    await visited.close();
  });

  it("to pay in assets instead of cash says what is delivered, what stays cash, and of which order", async () => {
    // the demo has no redemption that waits to be paid: one is dealt in a transaction that is never committed, and the page is given what was answered there
    const config = readConfig({ ...process.env, ...inject("stack").environment });
    const proposed = await rolledBack(adminUrl(config), async (db) => {
      const { day, body } = await claimInKind(db);
      const asked = { fund: day.fund.code, kind: "in_kind", body };
      const { proposal_id } = await db.value<{ proposal_id: string }>(OPS, "fn_propose_posting", asked);
      return ProposalPage.parse(await db.value(PM_ONE, "fn_read_proposal", { proposal_id }));
    });
    const visited = await visit(size, theme);
    const { page } = visited;
    await page.route("**/rpc/fn_read_proposal*", (route) => route.fulfill({ json: proposed }));
    await signIn(visited, "pm1");
    await page.goto(`/pm/proposals/${proposed.proposal.proposal_id}`);
    await page.locator("[data-figure=asks]").filter({ hasText: "in assets instead of cash." }).waitFor();
    const row = page.getByRole("table", { name: /^Assets at the values of the NAV/ }).locator("tbody tr");
    const { currency = "?" } = proposed.refers.order ?? {};
    expect(await row.allInnerTexts()).toEqual([expect.stringMatching(/45\s+4,500\.00/)]);
    // 5,400 were due: 4,500 in the asset, and the rest stays cash
    const change = await page.getByRole("table", { name: "Before and after" }).locator("tbody tr").allInnerTexts();
    expect(change).toEqual([
      expect.stringMatching(new RegExp(`^Due in cash\\s+5,400\\.00 ${currency}\\s+900\\.00 ${currency}$`)),
      expect.stringMatching(new RegExp(`^Due in assets\\s+0\\.00 ${currency}\\s+4,500\\.00 ${currency}$`)),
    ]);
    await visited.picture(`proposal-in_kind-${name}-${theme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(size.width);
    await faultless(visited);
    await visited.close();
  });
});

describe("a change that somebody else makes", () => {
  it("appears by itself, long before the page would be read again", async () => {
    const visited = await visit(DESKTOP);
    const { page } = visited;
    const frames: string[] = [];
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
    await signIn(visited, "pm2");
    await page.getByText("changes appear by themselves").waitFor();
    const { waiting } = Morning.parse(await read("pm2", "fn_read_morning"));
    const nav = waiting.find(({ kind }) => kind === "nav");
    const row = page.getByRole("row").filter({ hasText: "NAV to strike" });
    await row.getByText("0 of 2").waitFor();
    const { error } = await (await apiOf("pm1")).rpc("fn_decide_proposal", {
      proposal_id: nav?.proposal_id,
      hash: nav?.hash,
      decision: "approved",
    });
    expect(error).toBeNull();
    const decided = Date.now();
    await row.getByText("1 of 2").waitFor({ timeout: 20_000 });
    process.stdout.write(`a decision appeared on another page after ${Date.now() - decided} ms\n`);
    expect(frames.some((frame) => frame.includes("postgres_changes") && frame.includes(nav?.proposal_id ?? "?"))).toBe(
      true,
    );
    expect(visited.said).toEqual([]);
    await visited.close();
  });

  it("is told as lost when the connection is, and found again by itself", async () => {
    const visited = await visit(DESKTOP);
    const { page } = visited;
    let broken = false;
    await page.routeWebSocket(/realtime/, (socket) => {
      const server = socket.connectToServer();
      // the first connection breaks as soon as it has been joined; the next ones hold
      if (broken) return;
      server.onMessage((message) => {
        socket.send(message);
        if (!broken && String(message).includes("Subscribed to PostgreSQL")) {
          broken = true;
          setTimeout(() => void socket.close({ code: 1011 }), 500);
        }
      });
    });
    await signIn(visited, "pm2");
    await page.getByText("changes are not told at the moment").waitFor({ timeout: 60_000 });
    await page.getByText("changes appear by themselves").waitFor({ timeout: 60_000 });
    await visited.close();
  });
});
