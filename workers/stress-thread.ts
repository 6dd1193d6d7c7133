// The thread that stress scenarios are computed in: books by their path, scenarios as texts, answers as canonical JSON with its hash. Started by
// stress-engine.ts only.
import { readFile } from "node:fs/promises";
import { answerQuestions } from "@evergreen-fund/agent-kit/thread.ts";
import { sha256Hex } from "@evergreen-fund/finance/dealing/sha256.ts";
import {
  canonicalJson,
  type Json,
  type ResolvedScenario,
  readScenarioBody,
} from "@evergreen-fund/finance/scenarios/index.ts";
import { FundBook } from "@evergreen-fund/finance/stress/book.ts";
import { concludeStress } from "@evergreen-fund/finance/stress/conclude.ts";
import { StressOutcome } from "@evergreen-fund/finance/stress/outcome.ts";
import { SHARD_SIZE, ShardValues, shardsOf, valueShard } from "@evergreen-fund/finance/stress/shards.ts";
import { morningReport } from "@evergreen-fund/reports";
import type {
  ReportFiles,
  ReportQuestion,
  ShardPlace,
  StressAnswer,
  Stressed,
  StressQuestion,
} from "./stress-engine.ts";

/** The book in hand: a run asks for the same one again and again. */
let held: { path: string; book: FundBook } | undefined;

async function bookAt(path: string): Promise<FundBook> {
  if (held?.path === path) return held.book;
  const book = FundBook.parse(JSON.parse(await readFile(path, "utf8")));
  held = { path, book };
  return book;
}

const texted = (value: unknown): Stressed => {
  const body = canonicalJson(value as Json);
  return { body, hash: sha256Hex(body) };
};

const shardAt = (book: FundBook, scenario: ResolvedScenario, { place, assets }: ShardPlace): ShardValues => {
  const shard = shardsOf(book, assets)[place];
  if (shard === undefined) throw new TypeError("no such shard");
  return valueShard(book, scenario, shard);
};

async function reportOf({ run, outcomes }: ReportQuestion): Promise<ReportFiles> {
  const { markdown, svgs, pdf } = await morningReport(
    run,
    outcomes.map(({ body, ...row }) => ({
      ...row,
      outcome: body === null ? null : StressOutcome.parse(JSON.parse(body)),
    })),
  );
  const text = new TextEncoder();
  return [
    { name: "morning.md", content: text.encode(markdown) },
    { name: "morning.pdf", content: pdf },
    ...svgs.map(({ name, svg }) => ({ name, content: text.encode(svg) })),
  ];
}

answerQuestions(async (question: StressQuestion): Promise<StressAnswer> => {
  if (question.ask === "report") return reportOf(question);
  const book = await bookAt(question.book);
  if (question.ask === "about") {
    const { shardAssets } = question;
    return { asOf: book.asOf, shards: shardsOf(book, shardAssets).length, shardAssets };
  }
  const scenario = readScenarioBody(question.scenario.body, question.scenario.title);
  switch (question.ask) {
    case "shard":
      return texted(shardAt(book, scenario, question.shard));
    case "conclude":
      return texted(
        concludeStress(
          book,
          scenario,
          question.shards.map((text) => ShardValues.parse(JSON.parse(text))),
        ),
      );
    case "whole": {
      // by way of the texts, as the shards of a run go
      const shards = shardsOf(book).map(
        (_, place) => texted(shardAt(book, scenario, { place, assets: SHARD_SIZE })).body,
      );
      return texted(
        concludeStress(
          book,
          scenario,
          shards.map((text) => ShardValues.parse(JSON.parse(text))),
        ),
      );
    }
  }
});
