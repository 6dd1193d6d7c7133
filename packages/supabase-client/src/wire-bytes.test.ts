// The bytes of the protocol, compared with those of the driver's own writer, for texts of any length and alphabet.
import fc from "fast-check";
import { serialize } from "pg-protocol";
import { describe, expect, it } from "vitest";
import { WireBytes } from "./wire-bytes.ts";

const text = fc.string({ unit: "binary", maxLength: 3_000 }).map((value) => value.replaceAll("\0", ""));
const name = fc.string({ unit: "grapheme-ascii", maxLength: 40 });
const value = fc.oneof(fc.constant(null), text);

describe("WireBytes", () => {
  it("writes what the driver writes, however long", () => {
    fc.assert(
      fc.property(
        name,
        text,
        fc.array(value, { maxLength: 12 }),
        fc.boolean(),
        (statement, sql, values, describing) => {
          const ours = new WireBytes()
            .forget(statement)
            .prepare(statement, sql)
            .run(statement, values, describing)
            .sync();
          const theirs = Buffer.concat([
            serialize.close({ type: "S", name: statement }),
            serialize.parse({ name: statement, text: sql }),
            serialize.bind({ statement, values }),
            ...(describing ? [serialize.describe({ type: "P", name: "" })] : []),
            serialize.execute({}),
            serialize.sync(),
          ]);
          expect(ours.equals(theirs)).toBe(true);
        },
      ),
    );
  });

  it("keeps what it wrote when it grows", () => {
    const long = "é".repeat(5_000);
    const bytes = new WireBytes().run("a", ["first", long, null], false).sync();
    expect(bytes.includes("first")).toBe(true);
    expect(bytes.toString("utf8").split("é")).toHaveLength(5_001);
  });
});
