// The verifier's own SHA-256: the vectors of FIPS 180-4, and the same as Node's for texts and bytes of every length around a block.
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { fromHex, hex, sha256 } from "./sha256.ts";

it.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
])("hashes %j", (text, expected) => expect(hex(sha256(text))).toBe(expected));

it("is the same as Node's, whatever the length and the parts", () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, n) => (n * 37 + length * 11) % 256);
    expect(hex(sha256(bytes.subarray(0, length >> 1), "é€😀", bytes.subarray(length >> 1)))).toBe(
      createHash("sha256")
        .update(bytes.subarray(0, length >> 1))
        .update("é€😀")
        .update(bytes.subarray(length >> 1))
        .digest("hex"),
    );
  }
});

it("reads hexadecimal digits", () => {
  expect([...fromHex("00ff7f")]).toEqual([0, 255, 127]);
  expect(hex(fromHex("0a0B"))).toBe("0a0b");
});
