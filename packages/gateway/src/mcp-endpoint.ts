// /mcp: the Model Context Protocol over HTTP, under the bearer token that comes with each request.
import { ApiCatalogue } from "@evergreen-fund/domain/api-catalogue.ts";
import { answerHttp, type Door, foreignRequest } from "@evergreen-fund/mcp";
import type { Context, Env, Hono } from "hono";
import { bearerIn } from "./access-token.ts";
import { answerOf } from "./documents.ts";

export interface McpParts<E extends Env> {
  /** Under which this gateway and its API are reached. */
  addresses: readonly string[];
  /** The role of a token that is valid now. */
  roleOf(token: string): Promise<string | undefined>;
  /** The API under the caller's own token. */
  asApi(context: Context<E>, path: string, init?: RequestInit): Promise<Response>;
  refuse(context: Context<E>, status: 401, code: string, message: string): Response;
}

export function mountMcp<E extends Env>(app: Hono<E>, { addresses, roleOf, asApi, refuse }: McpParts<E>): void {
  // what a role may call changes by a migration only, and a migration restarts the gateway
  const catalogues = new Map<string, ApiCatalogue>();
  app.all("/mcp", async (context) => {
    const foreign = foreignRequest(context.req.raw, addresses);
    if (foreign !== undefined) return foreign;
    const token = bearerIn(context.req.header("authorization"));
    const role = token === undefined ? undefined : await roleOf(token);
    if (role === undefined) {
      context.header("www-authenticate", 'Bearer realm="evergreen"');
      return refuse(context, 401, "EG401", "The session is not valid or has ended: sign in again.");
    }
    const door: Door = {
      call: async (fn, args) =>
        answerOf(await asApi(context, `/rest/v1/rpc/${fn}`, { method: "POST", body: JSON.stringify(args) })),
      rows: async (relation, { columns, equals, limit, offset }) => {
        const query = new URLSearchParams({ select: columns, limit: String(limit), offset: String(offset) });
        for (const [column, value] of Object.entries(equals)) query.set(column, `eq.${value}`);
        return answerOf(await asApi(context, `/rest/v1/${relation}?${query}`));
      },
    };
    const catalogue = catalogues.get(role) ?? ApiCatalogue.parse(await door.call("fn_describe_api", {}));
    catalogues.set(role, catalogue);
    return answerHttp(context.req.raw, { door, catalogue });
  });
}
