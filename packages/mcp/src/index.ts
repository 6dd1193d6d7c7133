// The platform for programs that speak the Model Context Protocol: reads and requests under the caller's own token.
export type { Caller, Door, RowQuery } from "./door.ts";
export { answerHttp, foreignRequest, serverFor, serveStreams } from "./server.ts";
