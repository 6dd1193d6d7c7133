// The only door to Postgres: open it, act as somebody, call a fn_* or read. Nothing else in the project imports Prisma or pg for work.
export { claimsOf } from "./actor-context.ts";
export { type Database, type DatabaseOptions, openDatabase, type Reader } from "./database.ts";
export { toEvergreenError } from "./errors.ts";
export { RPCS, type RpcArgs, type RpcName, type RpcResult } from "./rpc.ts";
