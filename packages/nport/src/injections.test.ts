// Two hundred texts that want something, as the names in a filing: every figure, bucket, sleeve and warning is what it is with words of no meaning.

import { INJECTIONS, neutral } from "@evergreen-fund/testing/hostile/injections.ts";
import { HOSTILE_TEXTS } from "@evergreen-fund/testing/hostile/values.ts";
import { expect, it } from "vitest";
import { syntheticXml } from "./synthetic-filing.ts";
import { read } from "./test-documents.ts";
import { toFundImport } from "./to-fund-import.ts";

const document = syntheticXml({ seed: 3, holdings: 3, derivatives: 1, liquidityClasses: true });
const inXml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;")
    .replaceAll("\n", "&#10;");
const named = (text: string): string =>
  document
    .replaceAll(/<(name|title|issueTitle)>[^<]*<\/\1>/g, (_, tag: string) => `<${tag}>${inXml(text)}</${tag}>`)
    .replaceAll(/<regName>[^<]*</g, `<regName>${inXml(text)}<`);

/** What a filing comes to, without its words. */
async function figures(text: string): Promise<string> {
  const filing = await read(named(text));
  const imported = toFundImport(filing, { code: "SYN", synthetic: true } as never);
  return JSON.stringify({ filing, imported }, (key, value) =>
    // a holding without an identifier is known by the hash of its name
    /^(name|title|issuer|key|sha256|file_sha256|bytes|text)$/.test(key) && typeof value !== "object" ? "WORDS" : value,
  );
}

it("changes no figure with any of the two hundred", async () => {
  const calm = await figures(neutral(60));
  expect(calm).toContain("WORDS");
  for (const text of INJECTIONS) expect(await figures(text), text).toBe(calm);
});

it("takes hostile texts as words, or refuses the file with a code", async () => {
  const calm = await figures(neutral(60));
  let taken = 0;
  for (const { kind, text } of HOSTILE_TEXTS) {
    const outcome = await figures(text).catch((error: { code?: string }) => error.code);
    if (outcome === calm) taken += 1;
    else expect(outcome, kind).toBe("EG400");
  }
  expect(taken).toBeGreaterThan(10);
});
