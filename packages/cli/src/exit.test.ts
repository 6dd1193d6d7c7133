// Every way to fail has one exit code and one sentence.
import { ERRORS, type ErrorCode, EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { apiError, endingOf } from "./exit.ts";

const URL = "http://127.0.0.1:24320";

describe("answers of the API", () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])("%s keeps its code and sentence", (code) => {
    const error = apiError({ code, message: "A sentence." }, 400, URL);
    expect([error.code, error.message]).toEqual([code, "A sentence."]);
    expect(endingOf(error)).toEqual({ exit: ERRORS[code].exit, sentence: `A sentence. (${code})` });
  });

  it.each([
    ["42501", 403, 4],
    ["PGRST301", 401, 4],
    ["", 401, 4],
    ["57014", 504, 5],
    ["PGRST205", 404, 5],
    ["PGRST202", 404, 5],
    ["", 0, 5],
    ["", 502, 5],
    ["", 413, 2],
    ["", 414, 2],
    ["", 431, 2],
    ["22P02", 400, 2],
    ["XX000", 500, 1],
  ])("code %s with status %d ends with %d", (code, status, exit) => {
    expect(endingOf(apiError({ code, message: "relation secret_table, row (1, 2)" }, status, URL)).exit).toBe(exit);
  });

  it("says where nobody answers and what to do", () => {
    expect(apiError({ message: "TypeError: fetch failed" }, 0, URL).message).toBe(
      `Nothing answers at ${URL}; start it with \`npm start\`.`,
    );
  });

  it("passes on no words of the server but those written for people", () => {
    const sentence = endingOf(
      apiError({ code: "23505", message: "Key (email)=(lp@x) already exists", details: "row" }, 409, URL),
    ).sentence;
    expect(sentence).toBe("The API refused the call (23505). (EG500)");
  });
});

describe("other failures", () => {
  it("maps the parser: help is fine, the rest is usage", () => {
    expect(endingOf(new CommanderError(0, "commander.helpDisplayed", "(outputHelp)"))).toEqual({
      exit: 0,
      sentence: "",
    });
    expect(endingOf(new CommanderError(1, "commander.unknownOption", "error: unknown option '--x'"))).toEqual({
      exit: 2,
      sentence: "Unknown option '--x'.",
    });
    expect(endingOf(new CommanderError(1, "commander.help", "(outputHelp)"))).toEqual({
      exit: 2,
      sentence: "Name a command; --help lists them.",
    });
  });
  it("is 1 with one line for anything unforeseen", () => {
    expect(endingOf(new Error("boom\n    at x.ts:1"))).toEqual({ exit: 1, sentence: "Unforeseen failure: boom" });
    expect(endingOf("text")).toEqual({ exit: 1, sentence: "Unforeseen failure: text" });
    expect(endingOf(new EvergreenError("EG503", "Not there.")).exit).toBe(5);
  });
});
