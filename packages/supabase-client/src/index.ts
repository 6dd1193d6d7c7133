// The only door to Postgres: open it, act as somebody, call a fn_* or read. Nothing else in the project imports Prisma or pg for work.
export { claimsOf } from "./actor-context.ts";
export { type ArchiveReader, type DueRows, openArchiveReader } from "./archive-reader.ts";
export { type Database, type DatabaseOptions, openDatabase, type Reader } from "./database.ts";
export {
  type Checksum,
  type DeltaReader,
  type DeltaReaderOptions,
  keepDeltaReaders,
  type MirroredColumn,
  type MirroredTable,
  openDeltaReader,
  type Position,
} from "./delta-reader.ts";
export { toEvergreenError } from "./errors.ts";
export { type EvidenceQuestion, type EvidenceReader, openEvidenceReader, type ReadTable } from "./evidence-reader.ts";
export { RPCS, type RpcArgs, type RpcName, type RpcResult } from "./rpc.ts";
export type { TokenRegister, TokenWork } from "./token-rpc.ts";
