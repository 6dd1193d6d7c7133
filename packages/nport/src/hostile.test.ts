// Files meant to harm, and files broken by accident: refused whole, with a code, a line and a reason, and without reading on.

import { describe, expect, it } from "vitest";
import { readFiling } from "./read-filing.ts";
import { syntheticXml } from "./synthetic-filing.ts";
import { changed, read, refusal } from "./test-documents.ts";

const document = syntheticXml({
  seed: 3,
  holdings: 4,
  derivatives: 1,
  liquidityClasses: true,
  mix: { bond: 1, equity: 1 },
});
const head = document.slice(0, document.indexOf("<totAssets>"));

const withDoctype = (doctype: string): string => changed(document, "<edgarSubmission", `${doctype}\n<edgarSubmission`);
const BILLION_LAUGHS = `<!DOCTYPE lolz [<!ENTITY a "ha">${Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at} "${`&${at ? `l${at - 1}` : "a"};`.repeat(10)}">`).join("")}]>`;

// what · the file · code · words of the reason
const refused: [string, () => string | Uint8Array, "EG400" | "EG413", RegExp][] = [
  ["nothing", () => "", "EG400", /empty/],
  ["white space", () => "  \n ", "EG400", /root element/],
  ["text that is not XML", () => `not xml${"\n".repeat(99)}`, "EG400", /^line 1: .*not XML/],
  ["text behind empty lines", () => `${" \n".repeat(20_000)}not xml\n\n`, "EG400", /^line 20001: .*not XML/],
  ["JSON", () => '{"netAssets": 1}', "EG400", /^line 1: .*not XML/],
  ["a gzip file", () => Buffer.from([0x1f, 0x8b, 8, 0, 1]), "EG400", /gzip/],
  ["a zip archive", () => Buffer.from("PK\u0003\u0004rest"), "EG400", /zip/],
  [
    "billion laughs",
    () => withDoctype(BILLION_LAUGHS).replace("<regCity>", "<regCity>&l8;"),
    "EG400",
    /^line 3: a DOCTYPE/,
  ],
  [
    "an external entity",
    () => withDoctype('<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/hostname">]>').replace("<regCity>", "<regCity>&x;"),
    "EG400",
    /DOCTYPE/,
  ],
  [
    "an external DTD",
    () => withDoctype('<!DOCTYPE edgarSubmission SYSTEM "http://127.0.0.1:9/x.dtd">'),
    "EG400",
    /DOCTYPE/,
  ],
  [
    "a parameter entity",
    () => withDoctype('<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>'),
    "EG400",
    /DOCTYPE/,
  ],
  ["an empty DOCTYPE", () => withDoctype("<!DOCTYPE edgarSubmission>"), "EG400", /DOCTYPE/],
  ["an entity nobody declared", () => changed(document, "<regCity>", "<regCity>&boom;"), "EG400", /undefined entity/],
  ["the web page of a filing", () => "<!DOCTYPE html>\n<html></html>", "EG400", /^line 1: .*web page/],
  ["a full submission text", () => "<SEC-DOCUMENT>0001.txt : 20230130\n", "EG400", /full submission/],
  ["another root", () => document.replaceAll("edgarSubmission", "edgarReport"), "EG400", /root is "edgarReport"/],
  [
    "another namespace",
    () => document.replaceAll("gov/edgar/nport", "gov/edgar/ncen"),
    "EG400",
    /namespace "http:\/\/www\.sec\.gov\/edgar\/ncen"/,
  ],
  ["no namespace", () => document.replace('xmlns="http://www.sec.gov/edgar/nport" ', ""), "EG400", /namespace ""/],
  [
    "another submission type",
    () => changed(document, ">NPORT-P<", ">N-CEN<"),
    "EG400",
    /^line 5: the submission type "N-CEN"/,
  ],
  [
    "the form before its header",
    () => document.replace(/<headerData>.*<\/headerData>/s, ""),
    "EG400",
    /<formData> comes before/,
  ],
  [
    "two net assets",
    () => document.replace(/(<netAssets>[^<]*<\/netAssets>)/, "$1\n$1"),
    "EG400",
    /^line \d+: a second <netAssets> in fundInfo; the first is on line \d+/,
  ],
  ["two values of a holding", () => document.replace(/(<valUSD>[^<]*<\/valUSD>)/, "$1$1"), "EG400", /second <valUSD>/],
  ["two flows of a month", () => document.replace(/(<mon1Flow[^>]*>)/, "$1$1"), "EG400", /second <mon1Flow>/],
  ["two headers", () => document.replace(/(<headerData>.*<\/headerData>)/s, "$1$1"), "EG400", /second <headerData>/],
  ["two Parts A", () => document.replace(/(<genInfo>.*<\/genInfo>)/s, "$1$1"), "EG400", /second <genInfo>/],
  ["two Parts B", () => document.replace(/(<fundInfo>.*<\/fundInfo>)/s, "$1$1"), "EG400", /second <fundInfo>/],
  [
    "two schedules",
    () => document.replace("</invstOrSecs>", "</invstOrSecs><invstOrSecs></invstOrSecs>"),
    "EG400",
    /second <invstOrSecs>/,
  ],
  [
    "two derivatives in one",
    () => document.replace(/<derivativeInfo>/, '<derivativeInfo><futrDeriv derivCat="FUT"/>'),
    "EG400",
    /two derivatives/,
  ],
  ["a repeated attribute", () => changed(document, 'sales="', 'sales="1" sales="'), "EG400", /duplicate attribute/],
  [
    "a category twice",
    () =>
      changed(
        document,
        "<assetCat>DBT</assetCat>",
        '<assetCat>DBT</assetCat><assetConditional assetCat="OTHER" desc="x"/>',
      ),
    "EG400",
    /both assetCat and/,
  ],
  [
    "a currency twice",
    () => changed(document, "<valUSD>", '<currencyConditional curCd="EUR" exchangeRt="1"/><valUSD>'),
    "EG400",
    /both curCd and/,
  ],
  ["a wrong end tag", () => changed(document, "</totAssets>", "</totLiabs>"), "EG400", /^line \d+: not well-formed/],
  ["a second root", () => `${document}<edgarSubmission/>`, "EG400", /^line \d+: /],
  ["text after the root", () => `${document}tail`, "EG400", /outside of root/],
  ["UTF-16 with a byte order mark", () => Buffer.from(`\ufeff${document}`, "utf16le"), "EG400", /UTF-16/],
  ["UTF-16 without one", () => Buffer.from(document, "utf16le"), "EG400", /UTF-16/],
  ["UTF-16, big end first", () => Buffer.from(`\ufeff${document}`, "utf16le").swap16(), "EG400", /UTF-16/],
  [
    "another declared encoding",
    () => changed(document, 'encoding="UTF-8"', 'encoding="ISO-8859-1"'),
    "EG400",
    /encoding "ISO-8859-1"/,
  ],
  ["XML 1.1", () => changed(document, 'version="1.0"', 'version="1.1"'), "EG400", /version/],
  [
    "bytes that are not UTF-8",
    () => Buffer.concat([Buffer.from(head), Buffer.from([0xc3, 0x28]), Buffer.from(document.slice(head.length))]),
    "EG400",
    /UTF-8/,
  ],
  ["an overlong NUL", () => Buffer.concat([Buffer.from(head), Buffer.from([0xc0, 0x80])]), "EG400", /UTF-8/],
  [
    "half a character at the end",
    () => Buffer.concat([Buffer.from(document), Buffer.from([0xe2, 0x82])]),
    "EG400",
    /UTF-8/,
  ],
  ["a NUL byte", () => changed(document, "<regCity>", "<regCity>\u0000"), "EG400", /disallowed character/],
  ["a NUL byte first", () => `\u0000${document}`, "EG400", /^line 1: /],
  ["a NUL by reference", () => changed(document, "<regCity>", "<regCity>&#0;"), "EG400", /^line \d+: /],
  ["a control by reference", () => changed(document, "<name>", "<name>&#x1b;[2J"), "EG400", /^line \d+: /],
  [
    "a C1 control in a name",
    () => changed(document, "<name>", "<name>\u0085x\u009b31m"),
    "EG400",
    /name holds control characters/,
  ],
  [
    "text that is written backwards",
    () => changed(document, "<name>", "<name>\u202etxt"),
    "EG400",
    /control characters/,
  ],
  [
    "too many attributes",
    () =>
      changed(document, "<fundInfo>", `<fundInfo ${Array.from({ length: 65 }, (_, at) => `a${at}="1"`).join(" ")}>`),
    "EG413",
    /more than 64 attributes/,
  ],
  ["a million elements inside each other", () => `${head}${"<a>".repeat(1_000_000)}`, "EG413", /deeper than 64/],
  ["a huge text", () => changed(document, "<name>", `<name>${"x".repeat(10_000_000)}`), "EG413", /longer than 65536/],
  [
    "a text of many pieces",
    () => changed(document, "<name>", `<name>${"x<!---->".repeat(70_000)}`),
    "EG413",
    /longer than 65536/,
  ],
  [
    "a huge attribute",
    () => changed(document, 'sales="', `sales="${"9".repeat(70_000)}`),
    "EG413",
    /longer than 65536/,
  ],
  [
    "a text longer than a field",
    () => changed(document, "<name>", `<name>${"x".repeat(20_000)}`),
    "EG400",
    /longer than 10000/,
  ],
];

describe("refused whole", { timeout: 60_000 }, () => {
  it.each(refused)("%s", async (_what, file, code, reason) => {
    const error = await refusal(read(file()));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(reason);
    expect(error.message).toMatch(/^line \d+: /);
    expect(error.message.length).toBeLessThan(500);
  });

  it("limits that the caller sets: bytes, holdings, elements of a section", async () => {
    const size = Buffer.byteLength(document);
    expect(await refusal(read(document, { limits: { bytes: size - 1 } }))).toMatchObject({ code: "EG413" });
    expect(await read(document, { limits: { bytes: size, holdings: 4 } })).toMatchObject({ holdingCount: 4 });
    const error = await refusal(read(document, { limits: { holdings: 3 } }));
    const fourth = document.split("<invstOrSec>").slice(0, 4).join("<invstOrSec>").split("\n").length;
    expect(error).toMatchObject({ code: "EG413", message: `line ${fourth}: there are more than 3 holdings.` });
    expect(await refusal(read(document, { limits: { elements: 20 } }))).toMatchObject({
      code: "EG413",
      message: expect.stringContaining("20 elements"),
    });
  });

  it("counts elements per section, so that many small holdings are no problem", async () => {
    const elements = (document.match(/<\w/g) ?? []).length;
    expect(elements).toBeGreaterThan(120);
    expect(await read(document, { limits: { elements: 70 } })).toMatchObject({ holdingCount: 4 });
  });

  it("counts the components of a basket instead of holding them", async () => {
    const component = "<component><othIndName>x</othIndName><othIndValue>1</othIndValue></component>";
    const basket = `<components>${component.repeat(60_000)}</components>`;
    const { holdings } = await read(
      document.replace(/<components>.*?<\/components>/s, () => basket),
      { limits: { elements: 1000 } },
    );
    expect(holdings[3]?.derivative?.reference?.nested?.reference?.components).toBe(60_000);
  });
});

describe("files without an end", { timeout: 60_000 }, () => {
  const endless: [string, string, string][] = [
    ["text", "<regCity>", "x"],
    ["white space", "", " \n"],
    ["an attribute", '<regCity a="', "y"],
    ["a name", "<", "n"],
    ["an end tag's name", "<regCity></", "n"],
    ["an attribute's name", "<regCity ", "n"],
    ["a comment", "<!--", "c"],
    ["character data", "<regCity><![CDATA[", "c"],
    ["an instruction", "<?pi ", "i"],
    ["an entity's name", "<regCity>&", "e"],
    ["character references", "<regCity>", "&#65;"],
    ["space in a tag", "<regCity ", " "],
    ["attributes", "<regCity ", 'A="1" '],
    ["open tags", "", "<a>"],
    ["elements of a section", "", "<a/>"],
    ["elements nobody knows", "</genInfo>", "<extra><a/></extra>"],
    ["holdings", "</genInfo></formData>", "<x/>"],
  ];
  it.each(endless)("%s: refused or cut off at the limit, not kept", async (_what, start, repeated) => {
    let given = 0;
    const block = Buffer.from(repeated.repeat(Math.ceil(16_384 / repeated.length)));
    async function* file(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${document.slice(0, document.indexOf("<regCity>"))}${start}`);
      for (;;) {
        given += block.length;
        yield block;
      }
    }
    const error = await refusal(readFiling(file(), { limits: { bytes: 4_000_000, elements: 10_000 } }));
    expect(["EG400", "EG413"]).toContain(error.code);
    expect(given).toBeLessThan(4_100_000);
  });

  it("an endless DOCTYPE", async () => {
    let given = 0;
    async function* file(): AsyncGenerator<string> {
      yield "<!DOCTYPE x [";
      for (;;) {
        given += 1000;
        yield "<!ENTITY a 'b'>".repeat(67);
      }
    }
    expect(await refusal(readFiling(file()))).toMatchObject({ code: "EG413" });
    expect(given).toBeLessThan(200_000);
  });
});
