// The morning report: what it says, that every plot has its table, and that the same run gives the same bytes whatever the clock says.
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { changeShareWords } from "./figures.ts";
import { markdownOf } from "./markdown.ts";
import { morningDocument, morningReport, scenarioDocument } from "./morning-report.ts";
import { measuresOf } from "./run.ts";
import { OUTCOMES, outcomeOf, RUN } from "./test-run.ts";

const sha = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
/** The strings a PDF shows: hexadecimal pieces between kerns. */
const textOf = (pdf: Uint8Array): string =>
  Buffer.from(pdf)
    .toString("latin1")
    .split("\n")
    .filter((line) => line.endsWith(" TJ"))
    .map((line) =>
      [...line.matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => Buffer.from(hex ?? "", "hex").toString("latin1")).join(""),
    )
    .join("\n");

describe("the morning report", () => {
  it("says the loss, the worst bucket, what is borne and what could not be computed", async () => {
    const { markdown, svgs, pdf } = await morningReport(RUN, OUTCOMES);
    // 1000 − 200 = 800; 200 / 1000 = 20 %
    expect(markdown).toContain("| crisis | 1,000.00 | 800.00 | 200.00 | 20.00 % | 30d | 0.80 × | 30d | 12.00 % | 3 |");
    expect(markdown).toContain(
      "The largest loss at the end of a scenario is 200.00 USD (20.00 % of NAV) under crisis; 3 of 3 scenarios",
    );
    expect(markdown).toContain("| no\\_series | failed | The series UST 30Y is missing. (EG404) |");
    expect(markdown).toContain("UST 10Y 0.0412 of 2026-11-18 (2 d)");
    expect(markdown).toContain("at least 20");
    expect(svgs.map(({ name }) => name)).toEqual(
      ["nav", "cover", "survival", "path"].map((id) => `stress-7d0f4c5e-${id}.svg`),
    );
    for (const { name, svg } of svgs) {
      expect(markdown).toContain(`(${name})`);
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    }
    const words = textOf(pdf);
    for (const said of ["crisis", "200.00", "20.00 %", "UST 30Y is missing", "Convexity of 1 asset is not known."])
      expect(words).toContain(said);
  });

  it("has a table after every plot", () => {
    const { blocks } = morningDocument(RUN, OUTCOMES);
    const plots = blocks.flatMap((block, at) => (block.kind === "plot" ? [at] : []));
    expect(plots).toHaveLength(4);
    for (const at of plots) expect(blocks[at + 1]?.kind).toBe("table");
  });

  it("is the same bytes at another time, in another order of rows", async () => {
    const first = await morningReport(RUN, OUTCOMES);
    await pause(1100);
    const again = await morningReport(RUN, [...OUTCOMES].reverse());
    expect(sha(again.pdf)).toBe(sha(first.pdf));
    expect(again.markdown).toBe(first.markdown);
    expect(again.svgs).toEqual(first.svgs);
    const other = await morningReport({ ...RUN, endedAt: "2026-11-20T21:00:42.000Z" }, OUTCOMES);
    expect(sha(other.pdf)).not.toBe(sha(first.pdf));
  });

  it("names no year but those of the run", async () => {
    const { pdf } = await morningReport(RUN, OUTCOMES);
    const dates = [
      ...Buffer.from(pdf)
        .toString("latin1")
        .matchAll(/\(D:(\d{14})Z?\)/g),
    ].map(([, at]) => at);
    expect(new Set(dates)).toEqual(new Set(["20261120210041"]));
  });

  it("stands when nothing was computed", async () => {
    const { markdown } = await morningReport(RUN, OUTCOMES.slice(3));
    expect(markdown).toContain("No scenario has been computed.");
  });

  it("lists ten assets per scenario and counts the others; one scenario has them all", () => {
    const asset = outcomeOf("x", "40.00").byAsset[0]!;
    const many = outcomeOf("many", "40.00", {
      byAsset: Array.from({ length: 12 }, (_, n) => ({
        ...asset,
        assetId: `asset-${n}`,
        name: `Asset ${n} (synthetic)`,
        navAfter: `${200 - n}.00`,
      })),
    });
    const row = { ...OUTCOMES[0]!, outcome: many };
    const short = markdownOf(morningDocument(RUN, [row])).markdown;
    // the largest losses first: 11 loses 11
    expect(short.indexOf("Asset 11 ")).toBeLessThan(short.indexOf("Asset 10 "));
    expect(short).not.toContain("Asset 1 (synthetic)");
    expect(short).toContain("2 more assets lose less");
    expect(markdownOf(scenarioDocument(RUN, row)).markdown).toContain("Asset 1 (synthetic)");
  });
});

describe("measures", () => {
  it("take the least cover where something is due", () => {
    expect(measuresOf(outcomeOf("x", "40.00"))).toMatchObject({
      lossShare: "0.04",
      worst: { bucket: "30d", ratio: "0.8" },
      breaches: ["30d"],
    });
    expect(measuresOf(outcomeOf("x", "40.00", { rcr: [] })).worst).toBeNull();
    expect(measuresOf(outcomeOf("x", "40.00", { navBefore: "0.00" })).lossShare).toBeNull();
  });
});

it("says a change over thirds in percent", () => {
  // 2 of 3 is −33.333… %, which no decimal text holds
  expect(changeShareWords("3.00", "2.00")).toBe("-33.33 %");
  expect(changeShareWords("0.00", "2.00")).toBe("–");
});
