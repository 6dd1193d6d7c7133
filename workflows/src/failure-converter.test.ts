// Where the words of a failure travel: in what the codec encrypts, never beside it; and that they come back.
import { ApplicationFailure, defaultPayloadConverter } from "@temporalio/common";
import { expect, it } from "vitest";
import { failureConverter } from "./failure-converter.ts";

const thrown = ApplicationFailure.create({
  message: "canary-message",
  type: "EG424",
  nonRetryable: true,
  cause: new Error("canary-cause"),
});

it("puts message and stack of a failure and of its cause where the codec encrypts them, and leaves the code in clear", () => {
  const failure = failureConverter.errorToFailure(thrown, defaultPayloadConverter);
  for (const { message, stackTrace } of [failure, failure.cause!]) {
    expect(message).toBe("Encoded failure");
    expect(stackTrace).toBe("");
  }
  // payloads are bytes: what is left as text is what Temporal would store in clear
  expect(JSON.stringify(failure, (_key, value) => (value instanceof Uint8Array ? "" : value))).not.toContain("canary");
  expect(failure.applicationFailureInfo).toMatchObject({ type: "EG424", nonRetryable: true });
});

it("brings them back", () => {
  const failure = failureConverter.errorToFailure(thrown, defaultPayloadConverter);
  const error = failureConverter.failureToError(failure, defaultPayloadConverter) as ApplicationFailure;
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ message: "canary-message", type: "EG424", nonRetryable: true });
  expect(error.cause?.message).toBe("canary-cause");
});
