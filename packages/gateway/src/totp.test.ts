// Codes of an authenticator against the vectors of RFC 6238 (appendix B, SHA-1), the window of one step, and what an authenticator reads.
import { expect, it } from "vitest";
import { qrSvg } from "./qr.ts";
import { base32, codeOf, keyUri, newSecret, stepAt, stepOfCode } from "./totp.ts";

const SEED = Buffer.from("12345678901234567890");
const VECTORS: readonly (readonly [number, string])[] = [
  [59, "94287082"],
  [1111111109, "07081804"],
  [1111111111, "14050471"],
  [1234567890, "89005924"],
  [2000000000, "69279037"],
  [20000000000, "65353130"],
];

it("are those of RFC 6238", () => {
  expect(VECTORS.map(([seconds]) => codeOf(SEED, stepAt(seconds * 1_000), 8))).toEqual(VECTORS.map(([, code]) => code));
  expect(codeOf(SEED, stepAt(59_000))).toBe("287082");
});

it("count in their own step and the one before and after it, and nothing else is a code", () => {
  const secret = newSecret();
  const now = 1_800_000_015_000;
  const step = stepAt(now);
  const codes = [-2, -1, 0, 1, 2].map((away) => codeOf(secret, step + away));
  // by chance two of five codes may be equal: then this secret says nothing
  if (new Set(codes).size === 5)
    expect(codes.map((code) => stepOfCode(secret, code, now))).toEqual([
      undefined,
      step - 1,
      step,
      step + 1,
      undefined,
    ]);
  const [, , code = ""] = codes;
  expect(
    ["", "12345", `${code}0`, ` ${code}`, "１２３４５６", "abcdef"].map((text) => stepOfCode(secret, text, now)),
  ).toEqual(Array(6).fill(undefined));
});

it("are made from a key that an authenticator reads as text and as a picture", () => {
  // RFC 4648, section 10, without padding
  expect(["", "f", "fo", "foo", "foob", "fooba", "foobar"].map((text) => base32(Buffer.from(text)))).toEqual([
    "",
    "MY",
    "MZXQ",
    "MZXW6",
    "MZXW6YQ",
    "MZXW6YTB",
    "MZXW6YTBOI",
  ]);
  const uri = keyUri("Evergreen Fund", "pm1@demo.evergreen.example", SEED);
  expect(uri).toBe(
    "otpauth://totp/Evergreen%20Fund:pm1%40demo.evergreen.example?algorithm=SHA1&digits=6&issuer=Evergreen%20Fund&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
  );
  const svg = qrSvg(uri);
  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+"><path [^<>]+\/><path [^<>]+\/><\/svg>$/,
  );
  expect(qrSvg(`${uri}0`)).not.toBe(svg);
});
