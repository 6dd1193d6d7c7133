// The bytes of the protocol, read back by a reader that follows the documentation of the formats. Postgres itself reads them in database-values.database.test.ts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireBytes } from "./wire-bytes.ts";

/** Takes messages apart: what kind each is, and what its length says belongs to it. */
function messagesOf(bytes: Buffer): { kind: string; body: Buffer }[] {
  const found: { kind: string; body: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readInt32BE(at + 1);
    expect(length).toBeGreaterThanOrEqual(4);
    found.push({ kind: String.fromCharCode(bytes[at]!), body: bytes.subarray(at + 5, at + 1 + length) });
    at += 1 + length;
    expect(at).toBeLessThanOrEqual(bytes.length);
  }
  return found;
}

/** A Bind: portal, statement, formats of the values, values, formats of the columns. */
function bindOf(body: Buffer): { portal: string; statement: string; values: (string | null)[] } {
  let at = 0;
  const text = (): string => {
    const end = body.indexOf(0, at);
    const found = body.toString("utf8", at, end);
    at = end + 1;
    return found;
  };
  const [portal, statement] = [text(), text()];
  expect(body.readInt16BE(at)).toBe(0); // all as text
  const values: (string | null)[] = [];
  const count = body.readUInt16BE(at + 2);
  at += 4;
  for (let turn = 0; turn < count; turn += 1) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length === -1 ? null : body.toString("utf8", at, at + length));
    at += Math.max(0, length);
  }
  expect(body.readInt16BE(at)).toBe(0);
  expect(body.length).toBe(at + 2);
  return { portal, statement, values };
}

const text = fc.string({ unit: "binary", maxLength: 300 }).map((value) => value.replaceAll("\0", ""));
const name = fc.string({ unit: "grapheme-ascii", maxLength: 40 });

describe("WireBytes", () => {
  it("says each message whole, for texts of any length and alphabet", () => {
    fc.assert(
      fc.property(
        name,
        text,
        fc.array(fc.option(text), { maxLength: 12 }),
        fc.boolean(),
        (id, sql, values, describe) => {
          const sent = messagesOf(new WireBytes().forget(id).prepare(id, sql).run(id, values, describe).sync());
          expect(sent.map(({ kind }) => kind).join("")).toBe(describe ? "CPBDES" : "CPBES");
          const body = (kind: string): Buffer => sent.find((message) => message.kind === kind)!.body;
          expect(body("C").toString()).toBe(`S${id}\0`);
          expect(body("P").toString()).toBe(`${id}\0${sql}\0\0\0`);
          expect(bindOf(body("B"))).toEqual({ portal: "", statement: id, values });
          if (describe) expect(body("D").toString()).toBe("P\0");
          expect(body("E").equals(Buffer.alloc(5))).toBe(true); // no portal name, no limit of rows
          expect(body("S").length).toBe(0);
        },
      ),
    );
  });

  it("keeps what it wrote when it grows, as often as it does", () => {
    const values = ["first", "é".repeat(5_000), "漢".repeat(50_000), null, "last"];
    const bind = messagesOf(new WireBytes().run("a", values, false).sync())[0]!;
    expect(bindOf(bind.body)).toEqual({ portal: "", statement: "a", values });
  });

  it("ends several statements with one sync, which makes them one transaction", () => {
    const bytes = new WireBytes().run("a", ["1"], false).run("b", [], false).sync();
    expect(
      messagesOf(bytes)
        .map(({ kind }) => kind)
        .join(""),
    ).toBe("BEBES");
  });
});
