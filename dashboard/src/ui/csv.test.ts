// The file of a table: quoting, and no text that a spreadsheet would run.
import { expect, it } from "vitest";
import { csvOf } from "./csv.ts";

it("quotes what needs it and keeps figures as they are", () => {
  expect(csvOf(["name", "amount"], [['a "b", c', "-1234.50"]])).toBe('name,amount\r\n"a ""b"", c",-1234.50\r\n');
});

it.each(["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])("does not let %j become a formula", (text) => {
  expect(csvOf(["x"], [[text]]).replaceAll('"', "")).toBe(`x\r\n'${text}\r\n`);
});
