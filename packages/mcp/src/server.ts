// One server of the Model Context Protocol for one caller, over HTTP or over the standard streams of a process.
import { platformVersion } from "@evergreen-fund/config/version.ts";
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  McpServer,
  originValidationResponse,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { NOTICE } from "./answer.ts";
import type { Caller } from "./door.ts";
import { registerResources } from "./resources.ts";
import { registerTools } from "./tools.ts";

const instructionsOf = (role: string): string =>
  [
    `Evergreen: operations of evergreen funds. You act as ${role}, under that person's own row-level security.`,
    NOTICE,
    "Amounts are decimal text with their currency beside them; never round them on the way.",
    "Nothing here changes a fund: tools whose name begins with request_ ask for something that people decide about.",
  ].join(" ");

export function serverFor(caller: Caller): McpServer {
  const server = new McpServer(
    { name: "evergreen", title: "Evergreen", version: platformVersion() },
    { instructions: instructionsOf(caller.catalogue.caller) },
  );
  registerTools(server, caller);
  registerResources(server, caller);
  return server;
}

/**
 * The refusal of a request that reached this server under a name that is not its own: a page of elsewhere whose name was made to point here
 * (DNS rebinding) says so in Host or Origin. A program sends no Origin. `addresses`: under which this server is reached, beside loopback.
 */
export function foreignRequest(request: Request, addresses: readonly string[]): Response | undefined {
  const names = [...localhostAllowedHostnames(), ...addresses.map((address) => new URL(address).hostname)];
  return originValidationResponse(request, names) ?? hostHeaderValidationResponse(request, names);
}

/** Answers one request over streamable HTTP. Nothing is kept between two requests: each comes with its own token. */
export async function answerHttp(request: Request, caller: Caller): Promise<Response> {
  const handler = createMcpHandler(() => serverFor(caller), { legacy: "stateless", maxSubscriptions: 0 });
  return handler.fetch(request);
}

/** Serves on standard input and output until the input ends. */
export function serveStreams(caller: Caller): { close(): Promise<void> } {
  return serveStdio(() => serverFor(caller));
}
