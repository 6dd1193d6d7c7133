// What every client and worker of Temporal shares: the encrypting data converter and the connection from the environment.
import { fileURLToPath } from "node:url";
import type { DataConverter } from "@temporalio/common";
import { AesGcmCodec } from "./codec.ts";

const failureConverterPath = fileURLToPath(new URL("../../../workflows/src/failure-converter.ts", import.meta.url));

/** Encrypts payloads, and error messages and stack traces with them (`encodeCommonAttributes`). */
export const dataConverter = (key: Buffer): DataConverter => ({
  payloadCodecs: [new AesGcmCodec(key)],
  failureConverterPath,
});
