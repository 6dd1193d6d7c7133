// The form's rules for what is missing, "N/A", unknown, amended; dates, codes, numbers.
import { describe, expect, it } from "vitest";
import type { Holding } from "./filing-holding.ts";
import { reportedMonths } from "./read-filing.ts";
import { syntheticXml } from "./synthetic-filing.ts";
import { changed, read, refusal } from "./test-documents.ts";

const document = syntheticXml({ seed: 7, holdings: 3, mix: { bond: 1 } });
const first = async (from: string, to: string): Promise<Holding> => {
  const { holdings } = await read(changed(document, from, to));
  if (!holdings[0]) throw new Error("no holding");
  return holdings[0];
};
const place = (pattern: RegExp): string => pattern.exec(document)?.[0] ?? "";

describe("missing and N/A", () => {
  // element in the document · how it is replaced · field · value read (undefined: no key)
  const rows: [string, string, keyof Holding, unknown][] = [
    [place(/<lei>[^/]*<\/lei>/), "<lei>N/A</lei>", "lei", null],
    [place(/<lei>[^/]*<\/lei>/), "", "lei", undefined],
    [place(/<lei>[^/]*<\/lei>/), "<lei/>", "lei", undefined],
    [place(/<cusip>\w*<\/cusip>/), "<cusip> N/A </cusip>", "cusip", null],
    [place(/<balance>\d*<\/balance>/), "<balance>N/A</balance>", "balance", null],
    [place(/<valUSD>[\d.]*<\/valUSD>/), "<valUSD>N/A</valUSD>", "valUSD", null],
    [place(/<valUSD>[\d.]*<\/valUSD>/), "<valUSD>-.5</valUSD>", "valUSD", "-.5"],
    [place(/<pctVal>[\d.]*<\/pctVal>/), "<pctVal>N/A</pctVal>", "pctVal", null],
    ["<curCd>USD</curCd>\n        <valUSD>", "<curCd>N/A</curCd>\n        <valUSD>", "curCd", null],
    ["<payoffProfile>Long</payoffProfile>", "<payoffProfile>N/A</payoffProfile>", "payoffProfile", null],
    ["<fairValLevel>2</fairValLevel>", "<fairValLevel>N/A</fairValLevel>", "fairValLevel", null],
    ["<fairValLevel>2</fairValLevel>", "", "fairValLevel", undefined],
    ["<invCountry>US</invCountry>", "<invCountry>N/A</invCountry>", "invCountry", null],
    ["<fairValLevel>", "<fundCat>N/A</fundCat><fairValLevel>", "liquidity", null],
    ["<isRestrictedSec>N</isRestrictedSec>", "<isRestrictedSec>Y</isRestrictedSec>", "isRestrictedSec", true],
    [
      place(/<isin value="\w*"\/>/),
      '<isin value="N/A"/>',
      "identifiers",
      [{ scheme: "other", value: "SYN-0001", description: "Internal" }],
    ],
  ];
  it.each(rows)("%s → %s reads %s as %j", async (from, to, field, expected) => {
    const holding = await first(from, to);
    expect(holding[field]).toEqual(expected);
    expect(field in holding).toBe(expected !== undefined);
  });

  it("keeps N/A flows apart from absent ones", async () => {
    const filing = await read(
      changed(changed(document, place(/sales="[\d.]*"/), 'sales="N/A"'), place(/redemption="[\d.]*" /), ""),
    );
    expect(filing.flows[0]).toEqual({
      month: "2025-10-01",
      sales: null,
      reinvestment: expect.stringMatching(/^\d+\.\d\d$/),
    });
    const without = await read(document.replace(/<mon\dFlow[^>]*>/g, ""));
    expect(without.flows).toEqual([{ month: "2025-10-01" }, { month: "2025-11-01" }, { month: "2025-12-01" }]);
  });

  it.each(["totAssets", "totLiabs", "netAssets", "regName", "regCik", "repPdDate", "submissionType"])(
    "refuses a filing without <%s>",
    async (name) => {
      const element = new RegExp(`<${name}>[^<]*</${name}>`);
      const missing = await refusal(read(document.replace(element, "")));
      expect(missing).toMatchObject({
        code: "EG400",
        message: expect.stringMatching(new RegExp(`^line \\d+: .*${name} is missing\\.$`)),
      });
      const none = await refusal(read(document.replace(element, `<${name}>N/A</${name}>`)));
      expect(none.message).toMatch(/^line \d+: .*(is N\/A|not one of)/);
    },
  );

  it.each([
    ["headerData", /<headerData>.*<\/headerData>/s],
    ["genInfo", /<genInfo>.*<\/genInfo>/s],
    ["fundInfo", /<fundInfo>.*<\/fundInfo>/s],
  ])("refuses a filing without <%s>", async (name, section) => {
    expect((await refusal(read(document.replace(section, "")))).message).toContain(name);
  });

  it("refuses a holding without a name or a value, with its line", async () => {
    const line = document.slice(0, document.indexOf("<invstOrSec>")).split("\n").length;
    for (const [name, word] of [
      ["name", "name"],
      ["valUSD", "valUSD"],
    ] as const) {
      const broken = document.replace(new RegExp(`(<invstOrSec>.*?)<${name}>[^<]*</${name}>`, "s"), "$1");
      expect((await refusal(read(broken))).message).toBe(`line ${line}: a holding has no ${word}.`);
    }
  });
});

describe("numbers, days, codes", () => {
  it.each(["1e5", "NaN", "INF", "1,000.00", "0x1", "USD 5", "9".repeat(25)])(
    "refuses the number %s with line and field, without the figure",
    async (raw) => {
      const broken = changed(document, place(/<netAssets>[\d.]*<\/netAssets>/), `<netAssets>${raw}</netAssets>`);
      const line = broken.slice(0, broken.indexOf("<netAssets>")).split("\n").length;
      const error = await refusal(read(broken));
      expect(error.code).toBe("EG400");
      expect(error.message).toMatch(new RegExp(`^line ${line}: fundInfo/netAssets is not a plain decimal`));
      expect(error.message).not.toContain(raw);
    },
  );

  it("reads minus zero as zero and says so", async () => {
    const filing = await read(changed(document, 'netRealizedGain="0.00"', 'netRealizedGain="-0.00"'));
    expect(filing.returns?.other[0]?.netRealizedGain).toBe("-0.00");
    expect(filing.warnings).toEqual([
      {
        code: "negative_zero",
        message: "fundInfo/returnInfo/othMon1/@netRealizedGain is minus zero; read as zero.",
        count: 1,
        line: expect.any(Number),
      },
    ]);
  });

  it.each([
    ["2025-06-30", "2025-06-30"],
    ["2025-6-3", "2025-06-03"],
    ["2024-02-29", "2024-02-29"],
    ["2025-06-30Z", "2025-06-30"],
    ["2025-06-30-05:00", "2025-06-30"],
  ])("reads the day %s as %s", async (raw, day) => {
    expect(
      (await read(changed(document, "<repPdDate>2025-12-31</repPdDate>", `<repPdDate>${raw}</repPdDate>`))).period
        .reportDate,
    ).toBe(day);
  });
  it.each([
    "2025-02-29",
    "2025-13-01",
    "2025-00-10",
    "31/12/2025",
    "20251231",
    "0000-01-01",
    "1979-12-31",
    "2501-01-01",
    "yesterday",
  ])("refuses the day %s", async (raw) => {
    expect(
      (await refusal(read(changed(document, "<repPdDate>2025-12-31</repPdDate>", `<repPdDate>${raw}</repPdDate>`))))
        .message,
    ).toMatch(/^line \d+: genInfo\/repPdDate is not/);
  });
  it.each([
    ["2025-12-31", ["2025-10-01", "2025-11-01", "2025-12-01"]],
    ["2025-02-28", ["2024-12-01", "2025-01-01", "2025-02-01"]],
    ["2024-01-31", ["2023-11-01", "2023-12-01", "2024-01-01"]],
  ])("counts the months back from %s", (day, months) => {
    expect(reportedMonths(day)).toEqual(months);
  });

  it("takes a short mark for a withheld delta, and nothing longer", async () => {
    const option = syntheticXml({ holdings: 1, derivatives: 1 });
    expect((await read(changed(option, "<delta>XXXX", "<delta>NA"))).holdings[0]?.derivative?.delta).toBe("withheld");
    expect((await read(changed(option, "<delta>XXXX", "<delta>-.25"))).holdings[0]?.derivative?.delta).toBe("-.25");
    expect((await refusal(read(changed(option, "<delta>XXXX", "<delta>secret")))).message).toMatch(/delta is neither/);
  });
  it("fills a CIK up to ten digits and refuses what is none", async () => {
    const cik = (text: string): string =>
      changed(document, "<regCik>9999999999", `<regCik>${text}`).replace("<cik>9999999999", `<cik>${text}`);
    expect(await read(cik("311101"))).toMatchObject({ registrant: { cik: "0000311101" }, warnings: [] });
    for (const wrong of ["CIK1", "12345678901"])
      expect((await refusal(read(cik(wrong)))).message).toMatch(/regCik is not/);
  });
  it("keeps codes the form does not list, and says so once with a count", async () => {
    const filing = await read(document.replaceAll("<assetCat>DBT</assetCat>", "<assetCat>NEW</assetCat>"));
    expect(filing.holdings.map((holding) => holding.assetCat)).toEqual(["NEW", "NEW", "NEW"]);
    expect(filing.warnings).toMatchObject([{ code: "unknown_code", count: 3, line: expect.any(Number) }]);
  });
  it("refuses an answer that is neither Y nor N", async () => {
    expect(
      (await refusal(read(changed(document, "<isDefault>N</isDefault>", "<isDefault>maybe</isDefault>")))).message,
    ).toMatch(/^line \d+: .*isDefault is neither Y nor N/);
  });
});

describe("unknown parts", () => {
  it("lists elements, attributes and stray text with path, first line and count", async () => {
    const strange = document
      .replace("<genInfo>", '<genInfo shade="green">\n<mood>calm</mood>')
      .replaceAll("<assetCat>", "<shade>blue</shade><assetCat>")
      .replace("<formData>", "<formData><extra><deep/></extra>stray")
      .replace("<curMetric>", "<curMetric>loose")
      .replace("<edgarSubmission xmlns=", '<edgarSubmission version="2" xmlns=');
    const lineOf = (mark: string): number => strange.slice(0, strange.indexOf(mark)).split("\n").length;
    const { unknown, holdings } = await read(strange);
    expect(holdings).toHaveLength(3);
    expect(new Map(unknown.map((part) => [part.path, [part.line, part.count]]))).toEqual(
      new Map([
        ["edgarSubmission/@version", [lineOf("<edgarSubmission"), 1]],
        ["edgarSubmission/formData/extra", [lineOf("<extra>"), 1]],
        ["edgarSubmission/formData/#text", [lineOf("<genInfo"), 1]],
        ["genInfo/@shade", [lineOf("<genInfo"), 1]],
        ["genInfo/mood", [lineOf("<mood>"), 1]],
        ["fundInfo/curMetrics/curMetric/#text", [lineOf("<curMetric>"), 1]],
        ["invstOrSec/shade", [lineOf("<shade>"), 3]],
      ]),
    );
  });

  it("lists what stands inside or on a plain field", async () => {
    const filing = await read(document.replace(/<netAssets>([^<]*)/, '<netAssets basis="gaap">$1<note/>'));
    expect(filing.totals.netAssets).toMatch(/^\d+\.\d+$/);
    expect(filing.unknown.map((part) => part.path)).toEqual(["fundInfo/netAssets/@basis", "fundInfo/netAssets/note"]);
  });

  it("never takes a foreign namespace for the form's own", async () => {
    const filing = await read(
      changed(document, "<fundInfo>", '<fundInfo><x:netAssets xmlns:x="urn:other">1</x:netAssets>'),
    );
    expect(filing.unknown.map((part) => part.path)).toEqual(["fundInfo/{urn:other}netAssets"]);
    expect(filing.totals.netAssets).not.toBe("1");
  });

  it("bounds the list and counts what is beyond it", async () => {
    const many = Array.from({ length: 500 }, (_, at) => `<odd${at}/>`).join("");
    const filing = await read(changed(document, "<fundInfo>", `<fundInfo>${many}`));
    expect(filing.unknown).toHaveLength(200);
    expect(filing.warnings).toEqual([{ code: "not_listed", message: expect.any(String), count: 300 }]);
  });

  it("is not fooled by names that every object has", async () => {
    const odd = "<constructor>1</constructor><__proto__>2</__proto__><toString/>";
    const filing = await read(
      changed(changed(document, "<fundInfo>", `<fundInfo>${odd}`), "<assetCat>DBT", "<assetCat>constructor"),
    );
    expect(filing.unknown.map((part) => part.path)).toEqual([
      "fundInfo/constructor",
      "fundInfo/__proto__",
      "fundInfo/toString",
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("who files", () => {
  it.each([
    ["NPORT-P", []],
    ["NPORT-P/A", ["amendment"]],
    ["NPORT-NP", ["not_public"]],
    ["NPORT-NP/A", ["amendment", "not_public"]],
  ] as const)("reads %s with the remarks %j", async (submissionType, codes) => {
    const filing = await read(syntheticXml({ holdings: 1, submissionType }));
    expect(filing.submissionType).toBe(submissionType);
    expect(filing.warnings.map((warning) => warning.code)).toEqual(codes);
  });
  it("remarks a header that names another registrant or series", async () => {
    const filing = await read(
      changed(changed(document, "<cik>9999999999", "<cik>0000000007"), "<seriesId>S999999999", "<seriesId>S000000007"),
    );
    expect(filing.warnings.map((warning) => warning.code)).toEqual(["cik_differs", "series_differs"]);
    expect(filing.registrant.cik).toBe("9999999999");
    expect(filing.series.id).toBe("S999999999");
  });
  it("keeps no address, telephone, signer or access code", async () => {
    const text = JSON.stringify(await read(document));
    for (const word of ["Synthetic Street", "000-000-0000", "Synthetic Signer", "Treasurer", "XXXXXXXX"]) {
      expect(document).toContain(word);
      expect(text).not.toContain(word);
    }
  });
});
