// `mcp`: the platform for programs that speak the Model Context Protocol, on standard input and output under the own sign-in.
import { finished } from "node:stream/promises";
import { ApiCatalogue } from "@evergreen-fund/domain/api-catalogue.ts";
import type { Door } from "@evergreen-fund/mcp";
import { z } from "zod";
import type { Command } from "../command.ts";
import type { Session } from "../session.ts";

const doorOf = (session: Session): Door => ({
  call: (fn, args) => session.call(fn, args, z.unknown()),
  rows: (relation, { columns, equals, limit, offset }) =>
    session.read(
      relation,
      columns,
      (query) =>
        Object.entries(equals)
          .reduce((narrowed, [column, value]) => narrowed.eq(column, value), query)
          .range(offset, offset + limit - 1),
      z.unknown(),
      limit,
    ),
});

export const mcpCommands: readonly Command[] = [
  {
    path: "mcp",
    summary:
      "Serves the Model Context Protocol on standard input and output: reads and requests as you, until the input ends",
    examples: ["mcp", "mcp --as pm1@demo.evergreen.example"],
    role: "pm_role",
    run: async (context) => {
      const session = await context.session("pm_role");
      const catalogue = await session.call("fn_describe_api", {}, ApiCatalogue);
      const { serveStreams } = await import("@evergreen-fund/mcp");
      const serving = serveStreams({ door: doorOf(session), catalogue });
      // an input that breaks off is an input that has ended
      await finished(process.stdin, { writable: false }).catch(() => undefined);
      await serving.close();
      return { json: {}, printed: true };
    },
  },
];
