// The addresses of files, each under the caller's own token: documents that are made for whoever may see their rows, evidence packs for auditors, tables as
// Parquet, and files that operations hand over to be read.
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Context, Env, Hono } from "hono";
import { bearerIn } from "./access-token.ts";
import { type Asker, answerOf, type Documents, type Made, sha256 } from "./documents.ts";
import { type EvidenceMaker, evidenceJobs, readAsked } from "./evidence-jobs.ts";
import { answerUpload, READER_ROLES } from "./file-reader.ts";
import { tableFile } from "./table-file.ts";

export interface FileDoor {
  /** Absent: they are not made here. */
  documents: Documents | undefined;
  evidence: EvidenceMaker | undefined;
  /** The role of a token that is valid now. */
  roleOf(token: string): Promise<string | undefined>;
  /** The API under the caller's own token. */
  asApi(context: Context, path: string, init?: RequestInit): Promise<Response>;
  refuse(context: Context, status: 401 | 403 | 404 | 429, code: string, message: string): Response;
}

const EVIDENCE_ROLES: readonly string[] = ["audit_role"];

export function mountFiles<Around extends Env>(app: Hono<Around>, door: FileDoor): void {
  const { documents, refuse } = door;

  /** The caller's token when it is good and of one of the roles; else the refusal. */
  async function tokenOf(context: Context, roles?: readonly string[], whose = ""): Promise<string | Response> {
    const token = bearerIn(context.req.header("authorization"));
    const role = token === undefined ? undefined : await door.roleOf(token);
    if (token === undefined || role === undefined)
      return refuse(context, 401, "EG401", "The session is not valid or has ended: sign in again.");
    return roles === undefined || roles.includes(role) ? token : refuse(context, 403, "EG403", whose);
  }

  async function answerDocument(
    context: Context,
    find: (documents: Documents, asker: Asker) => Promise<Made | null>,
  ): Promise<Response> {
    if (documents === undefined) return refuse(context, 404, "EG404", "Documents are not made here.");
    const token = await tokenOf(context);
    if (token instanceof Response) return token;
    const found = await find(documents, {
      read: (path) => door.asApi(context, path),
      call: async (fn, args) =>
        answerOf(await door.asApi(context, `/rest/v1/rpc/${fn}`, { method: "POST", body: JSON.stringify(args) })),
    });
    if (found === null)
      return context.json({ state: "making", message: "It is being made: ask again in a moment." }, 202, {
        "retry-after": "1",
      });
    const { name, type, content } = found;
    return new Response(content, {
      headers: {
        "content-type": type,
        "content-disposition": `attachment; filename="${name}"`,
        "x-content-sha256": sha256(content),
      },
    });
  }

  app.get("/documents/statements/:id/statement.pdf", (context) =>
    answerDocument(context, (kept, asker) => kept.statement(asker, context.req.param("id"))),
  );
  app.get("/documents/statements/:id/letters/:order", (context) =>
    answerDocument(context, (kept, asker) =>
      kept.letter(asker, context.req.param("id"), context.req.param("order").replace(/\.pdf$/, "")),
    ),
  );
  app.get("/documents/own-data/:subject", (context) =>
    answerDocument(context, (kept, { call }) => kept.ownData(call, context.req.param("subject").replace(/\.zip$/, ""))),
  );

  const jobs = door.evidence === undefined ? undefined : evidenceJobs(door.evidence);
  const forAuditors = async (
    context: Context,
    answer: (token: string, evidence: NonNullable<typeof jobs>) => Promise<Response>,
  ): Promise<Response> => {
    if (jobs === undefined) return refuse(context, 404, "EG404", "Evidence packs are not made here.");
    const token = await tokenOf(context, EVIDENCE_ROLES, "Evidence packs are for auditors.");
    return token instanceof Response ? token : answer(token, jobs);
  };

  app.post("/documents/evidence", (context) =>
    forAuditors(context, async (token, packs) => {
      const id = packs.ask(readAsked(await context.req.json().catch(() => null)), token);
      if (id === undefined)
        return refuse(context, 429, "EG428", "A pack is being made already: wait until it is done.");
      return context.json({ id }, 202);
    }),
  );
  app.get("/documents/evidence/:id", (context) =>
    forAuditors(context, async (_token, packs) => {
      const job = packs.find(context.req.param("id"));
      if (job === undefined)
        throw new EvergreenError("EG404", "No pack is kept under that id any more: ask for it again.");
      const { path: _path, ...shown } = job;
      return context.json(shown);
    }),
  );
  app.get("/documents/evidence/:id/pack.zip", (context) =>
    forAuditors(context, async (_token, packs) => {
      const job = packs.find(context.req.param("id"));
      if (job?.state !== "ready") throw new EvergreenError("EG404", "No such pack is ready: ask for it again.");
      return new Response(Readable.toWeb(createReadStream(job.path)) as ReadableStream, {
        headers: {
          "content-type": "application/zip",
          "content-length": String(job.bytes),
          "content-disposition": `attachment; filename="${job.name}"`,
          "x-content-sha256": job.fileSha256,
        },
      });
    }),
  );

  // files that a person takes in are read here, and written by a function of the database under the person's own role
  app.post("/files/read", async (context) => {
    const token = await tokenOf(context, READER_ROLES, "Operations take files in.");
    return token instanceof Response ? token : answerUpload(context);
  });
  // what a page shows as Parquet, which no browser writes
  app.post("/files/parquet", async (context) => {
    const token = await tokenOf(context);
    if (token instanceof Response) return token;
    const content = await tableFile(await context.req.json().catch(() => null));
    return new Response(content, { headers: { "content-type": "application/vnd.apache.parquet" } });
  });
}
