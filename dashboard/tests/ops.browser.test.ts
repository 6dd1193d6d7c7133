// Operations at work in a real browser on a real stack: a case with its second person, on desktop and on a phone. All values are synthetic.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { REPOSITORY_ROOT } from "@evergreen-fund/config";
import { CasePage } from "@evergreen-fund/domain/desk-pages.ts";
import { Desk } from "@evergreen-fund/domain/pages.ts";
import { Webhooks } from "@evergreen-fund/domain/webhook-pages.ts";
import { describe, expect, inject, it } from "vitest";
import { call, faultless } from "./faultless.ts";
import { lockedSubscription, newCase } from "./synthetic-rows.ts";
import { emailOf } from "./test-stack.ts";
import { apiOf, DESKTOP, PHONE, signIn, visit } from "./visit.ts";

/** A command as ops1 gives it. */
async function command(...args: string[]): Promise<void> {
  const env = { ...process.env, NODE_ENV: "production", ...inject("stack").environment };
  const program = join(REPOSITORY_ROOT, "bin/evergreen.mjs");
  await promisify(execFile)(process.execPath, [program, ...args, "--as", emailOf("ops1")], { env });
}

const REASON = "Born in another century, in another country (synthetic).";

describe("a case", () => {
  it("is claimed from the queue, decided with a reason and confirmed by a second person; no investor learns of it", async () => {
    const code = await newCase();
    const first = await visit(DESKTOP);
    await signIn(first, "ops1");
    const { page } = first;
    await page.getByRole("link", { name: "Cases" }).click();
    await page.getByLabel("Severity").selectOption("critical");
    await page.waitForURL(/severity=critical/);
    await page.getByLabel(`Choose ${code}`).check();
    await page.getByText("You would claim one case").waitFor();
    await page.getByRole("button", { name: "Claim 1" }).click();
    const row = page.getByRole("row").filter({ hasText: code });
    await row.getByText("The verdict of whoever claimed it").waitFor();
    await first.picture("cases-desktop");
    await faultless(first, DESKTOP.width);
    await row.getByRole("link", { name: code }).click();
    const table = page.getByRole("table", { name: /^What each candidate is/ });
    await table.waitFor();
    expect(await table.locator("thead th").count()).toBe(3);
    expect(await table.getByRole("row").filter({ hasText: "Compared: name" }).count()).toBe(1);
    await page.getByRole("radio", { name: /^Match/ }).check();
    expect(await page.getByRole("button", { name: "Record the verdict" }).isDisabled()).toBe(true);
    await page.getByLabel(/^Reason/).fill(REASON);
    await page.getByRole("button", { name: "Record the verdict" }).click();
    await page.getByText("Recorded. It waits for a second person.").waitFor();
    await page.getByText("You have given your verdict: another person decides now.").waitFor();
    await first.picture("case-desktop");
    await faultless(first, DESKTOP.width);
    await first.close();

    const second = await visit(PHONE, "dark");
    await signIn(second, "pm1");
    await second.page.goto(`/ops/cases/${code}`);
    await second.page.getByRole("radio", { name: /^Match/ }).check();
    await second.page.getByLabel(/^Reason/).fill(REASON);
    await second.page.getByRole("button", { name: "Record the verdict" }).click();
    await second.page.locator("[data-figure=status]").filter({ hasText: "decided" }).waitFor();
    await second.page.getByText("frozen since").waitFor();
    await second.picture("case-phone-dark");
    await faultless(second, PHONE.width);
    await second.close();
    const decided = CasePage.parse(await call("pm1", "fn_read_case", { case_code: code }));
    expect(decided.decisions.map(({ verdict, step }) => [verdict, step])).toEqual([
      ["true_match", "first"],
      ["true_match", "first"],
      ["true_match", "second"],
      ["true_match", "second"],
    ]);

    const lp = await visit(DESKTOP);
    await signIn(lp, "lp1");
    await lp.page.goto(`/ops/cases/${code}`);
    await lp.page
      .getByRole("alert")
      .filter({ hasText: /EG403|42501/ })
      .waitFor();
    const answers = await lp.answers();
    expect(answers).not.toContain(decided.case_id);
    expect(answers).not.toContain(decided.party?.code ?? "?");
    await lp.close();
  });
});

describe("a file of orders", () => {
  it("is mapped, tried, applied and taken back; the next file with these columns is mapped as this one was", async () => {
    const one = await lockedSubscription();
    const stem = `SYN-${randomUUID().slice(0, 8)}`;
    // headers that no list of names knows, and one row that nobody can place
    const csv = (reference: string) =>
      [
        "Zeile;Wer;Was;Wie viel;Geld;Welche",
        ...[one.investor.code, "NOBODY"].map((who, n) =>
          [
            `${reference}-${n}`,
            who,
            "subscription",
            Number(one.amount).toFixed(2),
            one.currency,
            one.share_class.code,
          ].join(";"),
        ),
      ].join("\n");
    const choose = (reference: string) =>
      page.getByLabel("File", { exact: true }).setInputFiles({
        name: `${reference}.csv`,
        mimeType: "text/csv",
        buffer: Buffer.from(csv(reference)),
      });

    const visited = await visit(DESKTOP);
    const { page } = visited;
    await signIn(visited, "ops1");
    await page.goto("/ops/imports");
    await choose(stem);
    await page.getByRole("button", { name: "Read it", exact: true }).click();
    const mapping = page.getByRole("table", { name: "Which column is which field" });
    await mapping.waitFor();
    for (const [header, field] of [
      ["Zeile", "reference"],
      ["Wer", "investor"],
      ["Was", "direction"],
      ["Wie viel", "amount"],
      ["Geld", "currency"],
      ["Welche", "share_class"],
    ] as const)
      await page.getByLabel(`${header} is`).selectOption(field);
    await visited.picture("import-mapping-desktop");
    await page.getByRole("button", { name: "Read it with this mapping" }).click();
    await page.getByRole("button", { name: "Try 2 rows" }).click();
    const diff = page.getByRole("table", { name: /^The file against the book/ });
    await diff.getByText("No investor with that code.").waitFor();
    expect(await diff.locator("tbody tr").count()).toBe(2);
    await page.getByText("1 would be placed as orders, 1 refused").waitFor();
    await visited.picture("import-diff-desktop");
    await faultless(visited, DESKTOP.width);
    const { data: before } = await (await apiOf("ops1"))
      .from("import_batches")
      .select("import_id")
      .eq("file_name", `${stem}.csv`);
    expect(before).toEqual([]);
    await page.getByLabel(/^Take in the rows that are right/).check();
    await page.getByRole("button", { name: "Apply: take in 1 rows" }).click();
    await page.getByRole("link", { name: "Open the import" }).click();
    await page.getByRole("table", { name: /^What each row became/ }).waitFor();
    await page.getByLabel("Outcome").selectOption("refused");
    await page.waitForURL(/outcome=refused/);
    await page.getByText("Take the import back").click();
    await page.getByLabel(/^Reason/).fill("The wrong file (synthetic).");
    await page.getByRole("button", { name: "Take back 1 rows" }).click();
    await page.locator("[data-figure=status]").filter({ hasText: "undone" }).waitFor();
    await visited.picture("import-undone-desktop");
    await faultless(visited, DESKTOP.width);

    await page.goto("/ops/imports");
    await choose(`${stem}-2`);
    await page.getByRole("button", { name: "Read it", exact: true }).click();
    await page.getByText("Mapped as you mapped a file with these columns last time.").waitFor();
    await page.getByRole("button", { name: "Try 2 rows" }).waitFor();
    await visited.close();
  });

  it("is read for operations alone", async () => {
    const { data } = await (await apiOf("lp1")).auth.getSession();
    const form = new FormData();
    form.set("kind", "orders");
    form.set("file", new File(["Investor"], "synthetic.csv"));
    const ask = (headers: Record<string, string>) =>
      fetch(new URL("/files/read", inject("stack").url), { method: "POST", headers, body: form });
    // who is refused before the file was read may find the connection closed while it is still writing, and asks again
    const answered = (headers: Record<string, string>, status: number) =>
      expect.poll(async () => (await ask(headers)).status, { timeout: 10_000 }).toBe(status);
    await answered({ authorization: `Bearer ${data.session?.access_token}` }, 403);
    await answered({}, 401);
  });
});

describe.each([
  ["desktop", DESKTOP, "light"],
  ["phone", PHONE, "dark"],
] as const)("webhooks on a %s", (name, size, theme) => {
  it("a receiver that stopped is work of the desk, with the step that is safe, until somebody takes it", async () => {
    const url = `https://127.0.0.1:9/${name}-${randomUUID().slice(0, 8)}`;
    // it lies inside a network: the workers send nothing there, and stop
    await command("webhooks", "add", url, "--types", "NAV_STRUCK,STATEMENTS_READY", "--fund", "DEMO");
    const visited = await visit(size, theme);
    const { page } = visited;
    await signIn(visited, "ops1");
    await page.goto("/ops/webhooks");
    const told = page.getByRole("table", { name: "Who is told of what" });
    await told.getByRole("link", { name: url }).click();
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByText("A test is on its way").waitFor();
    // by itself, as the platform tells it
    const row = told.getByRole("row").filter({ hasText: url });
    await row.getByText("Stopped: its address cannot be used").waitFor({ timeout: 60_000 });
    const sent = page.getByRole("table", { name: /^The newest deliveries/ });
    await sent
      .getByRole("row")
      .filter({ hasText: "WEBHOOK_TESTED" })
      .getByText("Waits until the receiver is resumed")
      .waitFor();
    // each attempt for itself, as the API answers it
    await sent.getByRole("link", { name: /each attempt of WEBHOOK_TESTED/ }).click();
    const tried = page.getByRole("table", { name: /^Each attempt/ });
    await tried.getByText("not sent: its address cannot be used").waitFor();
    const { deliveries } = Webhooks.parse(await call("ops1", "fn_read_webhooks"));
    const { tries = [] } = deliveries.find((one) => new URL(page.url()).search.includes(one.delivery_id)) ?? {};
    expect(tries).toMatchObject([{ outcome: "refused", status: null, code: "EG400" }]);
    expect(await tried.locator("tbody tr").count()).toBe(1);
    expect(await tried.locator("tbody tr").textContent()).toContain("EG400");
    await visited.picture(`webhooks-${name}-${theme}`);
    await faultless(visited, size.width);
    const { endpoints } = Webhooks.parse(await call("ops1", "fn_read_webhooks"));
    expect(await told.locator("tbody tr").count()).toBe(endpoints.length);
    const { stopped_at } = endpoints.find((one) => one.url === url) ?? {};
    const work = Desk.parse(await call("ops1", "fn_read_desk")).work.find(({ reason }) => reason === url);
    expect(work).toMatchObject({ kind: "webhook", what: "refused", fund: "DEMO", since: stopped_at });
    await page.goto("/ops");
    const waits = page
      .getByRole("table", { name: /^What waits/ })
      .getByRole("row")
      .filter({ hasText: url });
    expect(await waits.textContent()).toMatch(
      /^Webhook that is stopped.*DEMO.*within a day: .*resume it under Webhooks$/,
    );
    // asked twice, and what was asked is done
    await waits.getByRole("link", { name: /^Webhook that is stopped/ }).click();
    await page.getByRole("button", { name: "Begin from now" }).click();
    await page.getByRole("button", { name: "Yes, begin from now" }).click();
    await row.getByText("Active", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Yes, remove it" }).click();
    await row.waitFor({ state: "detached" });
    await visited.close();
  });
});
