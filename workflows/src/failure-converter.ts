// Error messages and stacks are payloads too: this converter moves them where the codec encrypts them.
import { DefaultFailureConverter } from "@temporalio/common";

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
