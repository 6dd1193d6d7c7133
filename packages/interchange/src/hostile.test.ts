// Files meant to harm, and files broken by accident: refused whole, with a code and a reason, and without being unpacked or expanded.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { FileSource } from "./file-bytes.ts";
import { DEFAULT_LIMITS, type FileLimits } from "./limits.ts";
import { readOrders, readStatement } from "./read-file.ts";
import {
  balance,
  bytesOf,
  camt,
  camtEntry,
  inline,
  number,
  refusal,
  setr,
  setrOrder,
  workbook,
  workbookParts,
  zipOf,
} from "./test-files.ts";

const statement = camt("08", balance("OPBD", "1.00") + camtEntry("08", { amount: "5.00" }));
const order = setr("010", setrOrder("S-1", '<AmtOrUnits><GrssAmt Ccy="EUR">5.00</GrssAmt></AmtOrUnits>'));
const withDoctype = (doctype: string): string => statement.replace("<Document", `${doctype}\n<Document`);
const LAUGHS = `<!DOCTYPE lolz [<!ENTITY a "ha">${Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at} "${`&${at ? `l${at - 1}` : "a"};`.repeat(10)}">`).join("")}]>`;
const HEAD = ["Investor", "Side", "Amount"].map(inline).join("");
const ROW = inline("LP-1") + inline("buy") + number("5");
const parts = workbookParts([{ name: "Orders", rows: [HEAD, ROW] }]);
const replaced = (name: string, data: string) =>
  zipOf(parts.map((part) => (part.name === name ? { ...part, data } : part)));
const SHEET = "xl/worksheets/sheet1.xml";

// what · the file · code · words of the reason
const refused: [string, () => Uint8Array | string, "EG400" | "EG413", RegExp][] = [
  ["nothing", () => "", "EG400", /empty/],
  ["billion laughs", () => withDoctype(LAUGHS).replace("SYN-1</MsgId>", "&l8;</MsgId>"), "EG400", /^line 2: a DOCTYPE/],
  [
    "an external entity",
    () =>
      withDoctype('<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/hostname">]>').replace("SYN-1</MsgId>", "&x;</MsgId>"),
    "EG400",
    /DOCTYPE/,
  ],
  ["an external DTD", () => withDoctype('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'), "EG400", /DOCTYPE/],
  [
    "a parameter entity",
    () => withDoctype('<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>'),
    "EG400",
    /DOCTYPE/,
  ],
  [
    "an entity nobody declared",
    () => statement.replace("SYN-1</MsgId>", "&boom;</MsgId>"),
    "EG400",
    /undefined entity/,
  ],
  ["a web page", () => "<!DOCTYPE html>\n<html></html>", "EG400", /DOCTYPE/],
  ["XML that is cut off", () => statement.slice(0, -40), "EG400", /cut off/],
  ["a wrong end tag", () => statement.replace("</Ntry>", "</Entry>"), "EG400", /not well-formed/],
  ["a second root", () => `${statement}<Document/>`, "EG400", /not well-formed/],
  ["another encoding", () => statement.replace("UTF-8", "ISO-8859-1"), "EG400", /encoding "ISO-8859-1" is not UTF-8/],
  [
    "bytes that are not UTF-8",
    () => Buffer.concat([bytesOf(statement.slice(0, 200)), Buffer.from([0xc3, 0x28]), bytesOf(statement.slice(200))]),
    "EG400",
    /not valid UTF-8/,
  ],
  [
    "a million elements inside each other",
    () => statement.replace("<Ntry>", `<Ntry>${"<a>".repeat(1_000_000)}`),
    "EG413",
    /deeper than 64/,
  ],
  ["a huge text", () => statement.replace("SVC-1", "x".repeat(1_000_000)), "EG413", /longer than 32768/],
  ["a text of many pieces", () => statement.replace("SVC-1", "x<!---->".repeat(40_000)), "EG413", /longer than 32768/],
  [
    "many attributes",
    () => statement.replace("<Ntry>", `<Ntry ${Array.from({ length: 65 }, (_, at) => `a${at}="1"`).join(" ")}>`),
    "EG413",
    /more than 64 attributes/,
  ],
  [
    "an entry of very many elements",
    () => statement.replace("<Ntry>", `<Ntry>${"<a/>".repeat(200_001)}`),
    "EG413",
    /more than 200000 elements/,
  ],
  ["an old workbook", () => Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]), "EG400", /old Excel workbook/],
  ["gzip", () => Buffer.from([0x1f, 0x8b, 8, 0, 1]), "EG400", /gzip/],
  ["a PDF", () => "%PDF-1.7", "EG400", /PDF/],
  ["an empty archive", () => zipOf([]), "EG400", /empty zip/],
  ["an archive that is no workbook", () => zipOf([{ name: "a.txt", data: "a" }]), "EG400", /has no "xl\/workbook.xml"/],
  ["a workbook that is cut off", () => workbook([HEAD, ROW]).subarray(0, 900), "EG400", /damaged/],
  ["a workbook with a flipped byte", () => flipped(workbook([HEAD, ROW])), "EG400", /damaged/],
  ["a part twice", () => zipOf([...parts, { name: SHEET.toUpperCase(), data: "x" }]), "EG400", /twice/],
  [
    "an encrypted part",
    () => zipOf(parts.map((part) => ({ ...part, claims: { encrypted: true } }))),
    "EG400",
    /encrypted/,
  ],
  ["a wrong checksum", () => zipOf(parts.map((part) => ({ ...part, claims: { crc: 1 } }))), "EG400", /checksum/],
  [
    "a part that is longer than it claims",
    () => zipOf(parts.map((part) => (part.name === SHEET ? { ...part, claims: { size: 10 } } : part))),
    "EG400",
    /damaged/,
  ],
  [
    "a bomb that says what it is",
    () => replaced(SHEET, " ".repeat(300 * 1024 * 1024)),
    "EG413",
    /unpacks to more than 268435456/,
  ],
  ["a path out of the archive", () => zipOf([...parts, { name: "../../outside", data: "x" }]), "EG400", /damaged/],
  ["a DOCTYPE in a sheet", () => replaced(SHEET, `${LAUGHS}<worksheet/>`), "EG400", /DOCTYPE/],
  ["a sheet that is not XML", () => replaced(SHEET, "cells"), "EG400", /not well-formed/],
  ["a column beyond the limit", () => workbook([HEAD, '<c r="ZZZ2"><v>1</v></c>']), "EG413", /more than 200 columns/],
  [
    "several sheets and none named",
    () =>
      zipOf(
        workbookParts([
          { name: "One", rows: [HEAD] },
          { name: "Two", rows: [HEAD] },
        ]),
      ),
    "EG400",
    /several sheets: "One", "Two"/,
  ],
  ["only empty sheets", () => zipOf(workbookParts([{ name: "One", rows: [] }])), "EG400", /No visible sheet/],
  [
    "only hidden sheets",
    () => zipOf(workbookParts([{ name: "One", rows: [HEAD, ROW], hidden: true }])),
    "EG400",
    /No visible sheet/,
  ],
  ["a CSV row without an end", () => `Investor,Side,Amount\n"${"x".repeat(400_000)}`, "EG413", /longer than 262144/],
  ["a long CSV cell", () => `Investor,Side,Amount\n${"x".repeat(40_000)},buy,1`, "EG413", /longer than 32768/],
  [
    "a thousand columns",
    () => `${Array.from({ length: 1000 }, (_, at) => `c${at}`).join(",")}\n`,
    "EG413",
    /more than 200 columns/,
  ],
];

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(SHEET) + SHEET.length + 12;
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

const asBytes = (file: Uint8Array | string): Uint8Array => (typeof file === "string" ? bytesOf(file) : file);

describe("refused whole", { timeout: 60_000 }, () => {
  it.each(refused)("%s", async (_what, file, code, reason) => {
    const bytes = asBytes(file());
    for (const read of [readOrders, readStatement]) {
      const error = await refusal(read(bytes));
      if (read === readStatement) expect(error.message).toMatch(reason);
      expect(["EG400", "EG413"]).toContain(error.code);
      expect(error.message.length).toBeLessThan(500);
      expect(error.message).not.toMatch(/[\p{Cc}]/u);
      if (read === readStatement) expect(error.code).toBe(code);
    }
  });

  it.each([
    ["bytes", { bytes: 100 }, bytesOf(order), /larger than 100 bytes/],
    [
      "rows of a table",
      { rows: 2 },
      bytesOf("Investor,Side,Amount\na,buy,1\nb,buy,1\nc,buy,1\n"),
      /line 4: the file has more than 2 rows/,
    ],
    ["orders of a message", { rows: 0 }, bytesOf(order), /more than 0 orders/],
    ["elements of a document", { elements: 10 }, bytesOf(order), /more than 10 elements/],
    ["parts of a workbook", { parts: 3 }, workbook([HEAD, ROW]), /more than 3 parts/],
    ["bytes of a workbook unpacked", { unpacked: 500 }, workbook([HEAD, ROW]), /more than 500 bytes/],
  ] as [string, Partial<FileLimits>, Uint8Array, RegExp][])(
    "beyond a limit: %s",
    async (_what, limits, bytes, words) => {
      const error = await refusal(readOrders(bytes, { limits }));
      expect(error).toMatchObject({ code: "EG413", message: expect.stringMatching(words) });
    },
  );

  it("an endless stream is left at the limit", async () => {
    let given = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          given += 65_536;
          yield Buffer.alloc(65_536, "x");
        }
      })(),
    );
    expect(await refusal(readOrders(endless))).toMatchObject({ code: "EG413" });
    expect(given).toBeLessThan(DEFAULT_LIMITS.bytes + 10 * 65_536);
  });

  it("no file, and a folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "interchange-"));
    const cases: [FileSource, string, RegExp][] = [
      [join(folder, "absent.csv"), "EG404", /no such file/],
      [folder, "EG400", /a folder/],
    ];
    for (const [source, code, words] of cases)
      expect(await refusal(readOrders(source))).toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it("random bytes never end in anything but a refusal", async () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed;
    };
    for (const head of [[], [0x50, 0x4b, 3, 4], [0x3c], [0xef, 0xbb, 0xbf, 0x3c], [0xff, 0xfe]])
      for (let run = 0; run < 60; run++) {
        const bytes = Buffer.from([...head, ...Array.from({ length: 10 + (run % 50) * 7 }, () => random() % 256)]);
        expect(["EG400", "EG413"]).toContain((await refusal(readOrders(bytes))).code);
      }
  });

  it("a workbook changed at any byte is read alike or refused, never half", async () => {
    const whole = workbook([HEAD, ROW]);
    const good = JSON.stringify((await readOrders(whole)).rows);
    for (let at = 0; at < whole.length; at += 3) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      const outcome = await readOrders(changed).then(
        (file) => JSON.stringify(file.rows),
        (error: { code?: string }) => error.code ?? String(error),
      );
      expect([good, "EG400", "EG413"], `byte ${at}`).toContain(outcome);
    }
  });
});

describe("huge but honest", { timeout: 60_000 }, () => {
  it("50,000 orders as CSV and as a message", async () => {
    const rows = Array.from({ length: 50_000 }, (_, at) => `R${at},LP-${at},buy,${at + 1}.25`);
    const file = await readOrders(bytesOf(`reference,investor,side,amount\r\n${rows.join("\r\n")}\r\n`));
    expect(file.rows).toHaveLength(50_000);
    expect(file.rows.at(-1)).toMatchObject({ line: 50_001, value: { amount: "50000.25", reference: "R49999" } });
    const message = await readOrders(
      bytesOf(
        setr(
          "010",
          rows
            .map((_row, at) =>
              setrOrder(`R${at}`, `<AmtOrUnits><GrssAmt Ccy="EUR">${at + 1}.25</GrssAmt></AmtOrUnits>`),
            )
            .join("\n"),
        ),
      ),
    );
    expect(message.rows.map((row) => row.value?.amount)).toEqual(file.rows.map((row) => row.value?.amount));
  });
});
