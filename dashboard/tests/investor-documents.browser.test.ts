// What an investor takes along: PDFs with the figures of the page, a proof that the offline verifier accepts, the own record; and nothing of anybody else in any of it.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { REPOSITORY_ROOT } from "@evergreen-fund/config";
import { Home } from "@evergreen-fund/domain/pages.ts";
import { OwnRecord } from "@evergreen-fund/domain/pages-lp.ts";
import { unzipSync } from "fflate";
import type { Locator } from "playwright-core";
import { expect, inject, it } from "vitest";
import { apiOf, DESKTOP, PHONE, signIn, type Visit, visit } from "./visit.ts";

const homeOf = async (person: string): Promise<Home> =>
  Home.parse((await (await apiOf(person)).rpc("fn_read_home")).data);

async function taken({ page }: Visit, button: Locator): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The strings a PDF shows: hexadecimal pieces between kerns, in Windows-1252. */
const textOf = (pdf: Buffer): string =>
  pdf
    .toString("latin1")
    .split("\n")
    .filter((line) => line.endsWith(" TJ"))
    .map((line) =>
      [...line.matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => Buffer.from(hex ?? "", "hex").toString("latin1")).join(""),
    )
    .join("\n");
/** A figure may go on in the next line of a column; a minus is a hyphen there. */
const bare = (text: string): string => text.replace(/\s+/g, "").replaceAll("−", "-");

it("a statement and its letters say in their PDFs what the page says, figure by figure", async () => {
  const visited = await visit(PHONE);
  const { page } = visited;
  await signIn(visited, "lp1");
  const { orders, statements } = await homeOf("lp1");
  // a dealing day of the investor with a fill
  const dealt = orders.find(({ filled_units, dealing_date }) => filled_units !== null && dealing_date !== null);
  const statement = statements.find(({ dealing_date }) => dealing_date === dealt?.dealing_date) ?? statements[0];
  await page.goto(`/lp/statements/${statement?.statement_id}`);
  await page.getByText("It foots").waitFor();
  // as when nobody has asked for it yet: the page says so, and it comes by itself
  const making = { status: 202, json: { state: "making" } };
  await page.route("**/statement.pdf", (route) => route.fulfill(making), { times: 1 });
  const [pdf] = await Promise.all([
    taken(visited, page.getByRole("button", { name: "PDF", exact: true })),
    page
      .getByText("It is being made and comes by itself.")
      .waitFor()
      .then(() => visited.picture("statement-being-made-phone")),
  ]);
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  const said = await page.getByRole("status").filter({ hasText: "SHA-256" }).textContent();
  expect(said).toContain(createHash("sha256").update(pdf).digest("hex"));
  const words = bare(textOf(pdf));
  const cells = await page.getByRole("table", { name: "Capital account" }).locator("tbody td").allTextContents();
  const facts = await page.locator(".facts dd").allTextContents();
  const foot = await page.getByText("It foots").first().textContent();
  expect(cells.length).toBeGreaterThan(5);
  for (const shown of [...cells, ...facts, foot ?? "?"]) expect(words).toContain(bare(shown));
  // a run made it and said its hash, the same however often it was asked; nobody else may see that it did
  const kept = async (person: string) => {
    const events = (await apiOf(person)).from("fund_events").select("hash:payload->>hash");
    const { data } = await events
      .eq("type", "STATEMENT_DOCUMENTS_KEPT")
      .eq("payload->>statement_id", statement?.statement_id ?? "");
    return new Set(data?.map(({ hash }) => hash)).size;
  };
  expect([await kept("lp1"), await kept("ops1"), await kept("lp2")]).toEqual([1, 1, 0]);
  // made once: the same bytes again
  expect(await taken(visited, page.getByRole("button", { name: "PDF", exact: true }))).toEqual(pdf);
  const letters = page.getByRole("button", { name: "Letter as PDF" });
  if (dealt !== undefined) {
    const letter = bare(textOf(await taken(visited, letters.first())));
    for (const shown of await page.locator("section[aria-labelledby^=letter-]").first().locator("dd").allTextContents())
      expect(letter).toContain(bare(shown));
  }
  await visited.picture("statement-with-pdf-phone");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(PHONE.width);
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  await visited.close();
});

it("the proof of an order holds in the browser, and its file holds for the command line until it is changed", async () => {
  const visited = await visit(PHONE);
  const { page } = visited;
  await signIn(visited, "lp1");
  const { orders } = await homeOf("lp1");
  const locked = orders.filter(({ locked_at, filled_units }) => locked_at !== null && filled_units !== null);
  // one that a gate cut, where there is one
  const order =
    locked.find(({ reason }) => reason === "gate") ??
    locked.find(({ direction }) => direction === "redemption") ??
    locked[0];
  await page.goto(`/lp/orders/${order?.flow_id}`);
  await page.getByText("Everything that can be checked holds.").waitFor();
  const proof = await taken(visited, page.getByRole("button", { name: "Proof file" }));
  const folder = mkdtempSync(join(tmpdir(), "evergreen-proof-"));
  const verify = async (content: string): Promise<{ ok: boolean; code: number }> => {
    const file = join(folder, "proof.json");
    writeFileSync(file, content);
    const args = [
      join(REPOSITORY_ROOT, "bin/evergreen.mjs"),
      "deal",
      "verify",
      "--proof",
      file,
      "--output-format",
      "json",
    ];
    const env = { ...process.env, ...inject("stack").environment };
    const { stdout, code } = await promisify(execFile)(process.execPath, args, { env }).then(
      (result) => ({ stdout: result.stdout, code: 0 }),
      (error: { stdout: string; code: number }) => ({ stdout: error.stdout, code: error.code }),
    );
    return { ok: (JSON.parse(stdout) as { ok: boolean }).ok, code };
  };
  expect(await verify(proof.toString("utf8"))).toEqual({ ok: true, code: 0 });
  const changed = JSON.parse(proof.toString("utf8")) as { salt: string };
  changed.salt = `${changed.salt}0`;
  expect(await verify(JSON.stringify(changed))).toMatchObject({ ok: false });
  rmSync(folder, { recursive: true });
  await visited.picture("order-proof-phone");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(PHONE.width);
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  await visited.close();
});

it("the outlook of a redemption has its chart, its table and its assumptions, and the address holds what was chosen", async () => {
  const visited = await visit(PHONE, "dark");
  const { page } = visited;
  await signIn(visited, "lp1");
  await page.goto("/lp/redeem");
  await page.getByRole("table", { name: "The next dates" }).waitFor();
  await page.getByRole("textbox", { name: "Units" }).fill("100");
  await page.getByRole("button", { name: "Show the outlook" }).click();
  await page.waitForURL(/units=/);
  await page.getByRole("figure", { name: "Share of 100.0000 units" }).waitFor();
  const [holding] = (await homeOf("lp1")).holdings;
  const api = await apiOf("lp1");
  const { data } = await api.rpc("fn_read_windows", { share_class_id: holding?.share_class_id });
  const { windows } = data as { windows: { date: string }[] };
  expect(await page.getByRole("table", { name: "The next dates" }).locator("tbody tr").count()).toBe(windows.length);
  expect(await page.getByText(/paths drawn from the \d+ past dealing dates/).count()).toBe(1);
  await page.reload();
  await page.getByRole("figure", { name: "Share of 100.0000 units" }).waitFor();
  await visited.picture("redeem-phone-dark");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(PHONE.width);
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  await visited.close();
});

it("the own record says who did what, as the database tells it", async () => {
  const visited = await visit(DESKTOP);
  const { page } = visited;
  await signIn(visited, "lp1");
  await page.getByRole("link", { name: "My record" }).click();
  await page.getByRole("heading", { name: "Who looked" }).waitFor();
  const record = OwnRecord.parse((await (await apiOf("lp1")).rpc("fn_read_record")).data);
  expect(record.changes.length).toBeGreaterThan(0);
  expect(
    await page
      .getByRole("table", { name: /^Changes of/ })
      .locator("tbody tr")
      .count(),
  ).toBe(record.changes.length);
  await visited.picture("record-desktop");
  expect(await visited.barriers()).toEqual([]);
  expect(visited.said).toEqual([]);
  await visited.close();
});

it("nothing of another investor is in any page, socket, file or refusal that an investor is sent", async () => {
  const theirs = await homeOf("lp2");
  const marks = [
    ...theirs.holdings.flatMap(({ investor_id, investor, units, worth }) => [
      investor_id,
      investor,
      units,
      worth ?? units,
    ]),
    ...theirs.orders.map(({ flow_id }) => flow_id),
    ...theirs.statements.flatMap(({ statement_id, hash }) => [statement_id, hash]),
  ];
  expect(marks.length).toBeGreaterThan(10);
  const walk = async (person: string): Promise<string> => {
    const visited = await visit(DESKTOP);
    const { page } = visited;
    await signIn(visited, person);
    const mine = await homeOf(person);
    const files: Buffer[] = [];
    await page.getByRole("table", { name: "Holdings" }).waitFor();
    const workbook = unzipSync(await taken(visited, page.getByRole("button", { name: "XLSX of Holdings" })));
    for (const part of Object.values(workbook)) files.push(Buffer.from(part));
    files.push(await taken(visited, page.getByRole("button", { name: "CSV of Capital account statements" })));
    for (const path of ["/lp/record", "/lp/redeem", `/lp/orders/${mine.orders.at(-1)?.flow_id}`]) {
      await page.goto(path);
      await page
        .getByText(/^As of /)
        .first()
        .waitFor();
      await page.waitForLoadState("networkidle");
    }
    for (const { statement_id } of mine.statements.slice(0, 2)) {
      await page.goto(`/lp/statements/${statement_id}`);
      await page.getByText("It foots").waitFor();
      files.push(await taken(visited, page.getByRole("button", { name: "PDF", exact: true })));
    }
    // what is not theirs, asked for by its address, and by the token alone
    const token = (await (await apiOf(person)).auth.getSession()).data.session?.access_token;
    const refusals: string[] = [];
    for (const { statement_id } of theirs.statements.slice(0, 2)) {
      await page.goto(`/lp/statements/${statement_id}`);
      await page.getByText(person === "lp1" ? "There is no such statement that you may see." : "It foots").waitFor();
      const answer = await fetch(`${inject("stack").url}/documents/statements/${statement_id}/statement.pdf`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(answer.status).toBe(person === "lp1" ? 404 : 200);
      refusals.push(textOf(Buffer.from(await answer.clone().arrayBuffer())), await answer.text());
    }
    await page.goto(`/lp/orders/${theirs.orders[0]?.flow_id}`);
    await page
      .getByText(/^As of /)
      .first()
      .waitFor();
    const unsigned = await fetch(
      `${inject("stack").url}/documents/statements/${theirs.statements[0]?.statement_id}/statement.pdf`,
    );
    expect(unsigned.status).toBe(401);
    const heard = [
      await visited.answers(),
      ...refusals,
      ...files.map((file) => `${file.toString("utf8")}${textOf(file)}`),
    ];
    await visited.close();
    return heard.join("\n");
  };
  const heard = await walk("lp1");
  expect(marks.filter((mark) => heard.includes(mark))).toEqual([]);
  // the search finds its marks where they may stand
  const own = await walk("lp2");
  expect(marks.filter((mark) => !own.includes(mark))).toEqual([]);
});
