// Rows out of the messages of a COPY, however the bytes are cut.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyFrames } from "./copy-frames.ts";

const message = (kind: string, content: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(kind, "latin1"), length, content]);
};

/** Gives the bytes cut into pieces of these lengths, in turn, and puts together what comes out. */
function taken(bytes: Buffer, lengths: readonly number[]): { data: Buffer; rest: Buffer | undefined } {
  const take = copyFrames();
  const parts: Buffer[] = [];
  let rest: Buffer | undefined;
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const end = at + (lengths[n % lengths.length] ?? 1);
    const chunk = Buffer.from(bytes.subarray(at, end));
    at = end;
    if (rest !== undefined) {
      rest = Buffer.concat([rest, chunk]); // the driver's from here on
      continue;
    }
    const out = take(chunk);
    parts.push(Buffer.from(out.data));
    rest = out.rest;
  }
  return { data: Buffer.concat(parts), rest };
}

const rows = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });

describe("the bytes of a copy", () => {
  it("are the contents of its messages, and what ends it goes on whole", () => {
    fc.assert(
      fc.property(rows, lengths, fc.constantFrom("c", "E", "Z"), (contents, cuts, end) => {
        const beside = message("N", Buffer.from("a notice between two rows"));
        const copied = contents.flatMap((content) => [message("d", content), beside]);
        const after = Buffer.concat([message(end, Buffer.from("end")), message("C", Buffer.from("COPY 1\0"))]);
        const out = taken(Buffer.concat([message("H", Buffer.alloc(3)), ...copied, after]), cuts);
        expect(out.data).toEqual(Buffer.concat(contents));
        expect(out.rest).toEqual(after);
      }),
      { numRuns: 2_000 },
    );
  });

  it("need not be aligned with rows", () => {
    const out = taken(Buffer.concat([message("d", Buffer.from("one row in")), message("d", Buffer.from(" two"))]), [7]);
    expect(out).toEqual({ data: Buffer.from("one row in two"), rest: undefined });
  });
});
