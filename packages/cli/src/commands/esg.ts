// `esg import|show`: what providers say of a fund's assets, how much of the fund is rated, and the score by value.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { esgCoverage } from "@evergreen-fund/finance";
import { z } from "zod";
import { type Command, FUND, type Options, REQUEST_ID, text } from "../command.ts";
import { type Context, requestIdOf } from "../context.ts";
import { AS_OF, dateOf, needed } from "../dealing-options.ts";
import { MAP, mappingOf } from "../files/mapping-option.ts";
import { facts, percent, plain, table } from "../output.ts";
import { markMetrics, type Rating, ratingsOf } from "../reads/esg.ts";
import { findFund } from "../reads/funds.ts";

const SCALE = /^(-?\d{1,9}(?:\.\d{1,18})?)\.\.(-?\d{1,9}(?:\.\d{1,18})?)$/;

function scaleOf(options: Options): { low: string; high: string } {
  const [, low, high] = SCALE.exec(text(options, "scale") ?? "") ?? [];
  if (low === undefined || high === undefined)
    throw new EvergreenError("EG400", "--scale is the low and the high end, such as 0..100.");
  return { low, high };
}

const Recorded = z.object({
  rated: z.number(),
  recorded: z.number(),
  assets: z.array(z.object({ asset: z.string(), asset_id: z.string() })),
});

type Scores = Omit<import("@evergreen-fund/analytics").EsgFile, "loadedAt">;

/** Puts every metric into the analytical file of this machine; the name of the new snapshot, or why there is none. */
async function intoAnalytics(
  context: Context,
  scores: Scores,
): Promise<{ snapshot: string | null; reason: string | null }> {
  const [{ readConfig }, { amend, writeEsgScores }] = await Promise.all([
    import("@evergreen-fund/config/config.ts"),
    import("@evergreen-fund/analytics"),
  ]);
  const { home } = readConfig(context.environment);
  try {
    const { manifest } = await amend(home, (file) =>
      writeEsgScores(file, { ...scores, loadedAt: new Date().toISOString() }),
    );
    return { snapshot: manifest.name, reason: null };
  } catch (error) {
    if (error instanceof EvergreenError && error.code === "EG428") return { snapshot: null, reason: error.message };
    throw error;
  }
}

const importing: Command = {
  path: "esg import",
  summary:
    "Takes a provider's ESG scores in from CSV or XLSX, each file once: ratings for marks, every metric for analysis",
  arguments: [
    {
      name: "<file>",
      about: "columns asset (key, id or identifier), score and, if given, environment, social, governance",
    },
  ],
  options: [
    FUND,
    { flags: "--provider <name>", about: "who rates", required: true },
    AS_OF,
    { flags: "--scale <low..high>", about: "ends of the provider's scale, such as 0..100", required: true },
    MAP,
    REQUEST_ID,
  ],
  examples: ['esg import ratings.csv --fund EVG --provider "Provider" --date 2026-09-30 --scale 0..100'],
  role: "ops_role",
  run: async (context, [path = ""], options) => {
    const [asOf, scale] = [needed(dateOf(options, "date"), "date"), scaleOf(options)];
    const provider = text(options, "provider") ?? "";
    await context.mustExist(path);
    const mapping = await mappingOf(text(options, "map"), "esg");
    const { readEsg } = await import("@evergreen-fund/interchange");
    const file = await context.progress("Reading the file", () => readEsg(path, { mapping }));
    const session = await context.session("ops_role");
    const fund = await findFund(session, text(options, "fund") ?? "");
    const answer = await session.call(
      "fn_record_esg",
      {
        fund: fund.code,
        provider,
        as_of: asOf,
        scale,
        ratings: file.rows.map(({ asset, scores }) => ({ asset, score: scores.total })),
        file_hash: file.sha256,
        request_id: requestIdOf(text(options, "requestId")),
      },
      Recorded,
    );
    const ids = new Map(answer.assets.map((one) => [one.asset, one.asset_id]));
    const rows = file.rows.flatMap(({ asset, scores }) =>
      Object.entries(scores).map(([metric, score]) => ({ assetId: ids.get(asset) ?? "", metric, score })),
    );
    const analytics = await context.progress("Writing the analytical file", () =>
      intoAnalytics(context, { provider, asOf, scale, fileHash: file.sha256, rows }),
    );
    return {
      json: {
        fund: fund.code,
        provider,
        asOf,
        scale,
        rated: answer.rated,
        recorded: answer.recorded,
        fileSha256: file.sha256,
        analytics,
      },
      text: [
        facts([
          ["Rated", String(answer.rated)],
          ["New", String(answer.recorded)],
          [
            "Analytical file",
            analytics.snapshot ?? `unchanged: ${analytics.reason ?? ""} Import the file again afterwards.`,
          ],
        ]),
        "New marks carry the score from now on; marks stay as they were recorded.",
      ].join("\n"),
    };
  },
};

const show: Command = {
  path: "esg show",
  summary:
    "How much of a fund each provider rates, the score by value on its scale and normalised, and what the newest marks carry",
  options: [FUND],
  examples: ["esg show --fund EVG", "esg show --fund EVG --output-format json"],
  role: "pm_role",
  run: async (context, _args, options) => {
    const session = await context.session("pm_role");
    const fund = await findFund(session, text(options, "fund") ?? "");
    const [metrics, ratings] = [await markMetrics(session, fund.fund_id), await ratingsOf(session, fund.fund_id)];
    const scales = new Map<string, Rating[]>();
    for (const one of ratings) {
      const key = `${one.provider}/${one.scale_low}/${one.scale_high}`;
      scales.set(key, [...(scales.get(key) ?? []), one]);
    }
    const providers = [...scales.values()].map((own) => {
      const [first] = own as [Rating];
      const scale = { low: first.scale_low, high: first.scale_high };
      const scores = new Map(own.map((one) => [one.asset_id, one.score]));
      const holdings = metrics.map((one) => ({
        asset: one.external_key,
        value: one.nav,
        score: scores.get(one.asset_id) ?? null,
      }));
      const days = own.map((one) => one.as_of).sort();
      return {
        provider: first.provider,
        scale,
        oldest: days[0],
        newest: days.at(-1),
        ...esgCoverage({ holdings, scale }),
      };
    });
    const assets = metrics.map((one) => ({
      asset: one.external_key,
      markedOn: one.as_of,
      esgScore: one.esg_score,
      esgReason: one.esg_reason,
      leverage: one.leverage,
      leverageReason: one.leverage_reason,
    }));
    return {
      json: { fund: fund.code, providers, assets },
      text: [
        table(
          providers,
          [
            { header: "Provider", value: (one) => one.provider },
            { header: "Scale", value: (one) => `${plainScale(one.scale.low)} to ${plainScale(one.scale.high)}` },
            { header: "Score", value: (one) => one.score ?? "none", figure: true },
            { header: "Normalised", value: (one) => percent(one.normalised), figure: true },
            { header: "Covered", value: (one) => percent(one.coverageByValue), figure: true },
            { header: "Rated", value: (one) => `${one.rated} of ${one.counted}`, figure: true },
          ],
          "No provider has rated an asset of the fund.",
        ),
        table(assets, [
          { header: "Asset", value: (one) => one.asset },
          { header: "Marked", value: (one) => one.markedOn ?? "" },
          {
            header: "ESG on the mark",
            value: (one) => (one.esgScore === null ? plain(one.esgReason ?? "") : plainScale(one.esgScore)),
          },
          {
            header: "Leverage",
            value: (one) => (one.leverage === null ? plain(one.leverageReason ?? "") : percent(one.leverage)),
          },
        ]),
      ].join("\n\n"),
    };
  },
};

const plainScale = (value: string): string => (value.includes(".") ? value.replace(/\.?0+$/, "") : value);

export const esgCommands: readonly Command[] = [importing, show];
