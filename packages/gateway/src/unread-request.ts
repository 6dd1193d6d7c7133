// What a caller learns whose request never became one: headers beyond the limit, bytes that are no HTTP, a request that does not end. One coded error as JSON,
// as everywhere else, instead of the bare status line of Node's HTTP server.
import type { Server } from "node:http";
import type { Socket } from "node:net";

interface Refusal {
  status: string;
  code: string;
  message: string;
}

const REFUSALS: Record<string, Refusal> = {
  HPE_HEADER_OVERFLOW: {
    status: "431 Request Header Fields Too Large",
    code: "EG413",
    message: "The address or the headers of the request are larger than 16 KB; send the arguments in the body.",
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: "413 Content Too Large",
    code: "EG413",
    message: "The request is larger than the limit.",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: "408 Request Timeout",
    code: "EG503",
    message: "The request did not end in time; try again.",
  },
};
const UNREADABLE: Refusal = {
  status: "400 Bad Request",
  code: "EG400",
  message: "The request is not well-formed HTTP.",
};

/** Answers what the server could not read with a coded error, and closes that connection. */
export function refuseUnread(server: Pick<Server, "on">): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    const { status, code, message } = REFUSALS[error.code ?? ""] ?? UNREADABLE;
    const body = JSON.stringify({ code, message, details: null, hint: null });
    socket.end(
      `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}
