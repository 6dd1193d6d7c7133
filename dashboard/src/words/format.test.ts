// Figures are written digit by digit from the strings they came as.
import { expect, it } from "vitest";
import { direction, money, percent, signed, units } from "./format.ts";

it("writes amounts that no floating-point number holds", () => {
  expect(money("9007199254740993.0100", 2)).toBe("9,007,199,254,740,993.01");
  expect(money("123456789012345678901234567890.1234", 4)).toBe("123,456,789,012,345,678,901,234,567,890.1234");
  expect(units("693.260600000000000000", 4)).toBe("693.2606");
});

it("rounds half away from zero, as Intl does by default, and writes a minus sign", () => {
  expect(money("-0.125", 2)).toBe("−0.13");
  expect(signed("9384225.1700", 2)).toBe("+9,384,225.17");
  expect(signed("0", 2)).toBe("0.00");
  expect(percent("-0.016512")).toBe("−1.65 %");
});

it("knows up from down from level", () => {
  expect(["1", "-0.0001", "0.0000", "-0", "0"].map(direction)).toEqual(["up", "down", "level", "level", "level"]);
});
