// Evidence packs that auditors ask for in the browser: one at a time, made beside the gateway under the auditor's own token, kept for a day, and known
// to a gateway that starts anew.
import { randomUUID } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import type { EvidenceShelf } from "./evidence-shelf.ts";

const Asked = z.strictObject({
  fund: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/),
  from: z.iso.date(),
  to: z.iso.date(),
});
export type Asked = z.infer<typeof Asked>;

export interface MadePack {
  path: string;
  name: string;
  /** Of its manifest: what a verifier is told. */
  sha256: string;
  /** Of the file. */
  fileSha256: string;
  bytes: number;
  rows: number;
  dealingDates: number;
}

export interface EvidenceMaker {
  /** `say` is told what is being written. Errors: the refusal in one sentence. */
  make(asked: Asked, token: string, say: (line: string) => void): Promise<MadePack>;
  remove(path: string): Promise<void>;
  /** Where jobs outlive the process; absent: they do not. */
  shelf?: EvidenceShelf;
}

interface About extends Asked {
  id: string;
  askedAt: string;
}
export type EvidenceJob =
  | (About & { state: "making"; said: string; path?: undefined })
  | (About & { state: "failed"; problem: string; path?: undefined })
  | (About & { state: "ready" } & MadePack);

export const KEPT_MS = 24 * 60 * 60_000;

/** Errors: EG400. */
export function readAsked(given: unknown): Asked {
  const asked = Asked.safeParse(given);
  if (asked.success && asked.data.from <= asked.data.to) return asked.data;
  throw new EvergreenError("EG400", "A pack is of a fund, from a day to a day that is not before it.");
}

export function evidenceJobs(maker: EvidenceMaker, keptMs = KEPT_MS) {
  const { shelf } = maker;
  const jobs = new Map<string, EvidenceJob>((shelf?.found() ?? []).map((job) => [job.id, job]));
  const set = (job: EvidenceJob): void => {
    jobs.set(job.id, job);
    try {
      shelf?.keep(job);
    } catch {
      // the disk is full or not there: it lives as long as this process
    }
  };
  const forget = (): void => {
    for (const job of jobs.values()) {
      if (job.state === "making" || Date.parse(job.askedAt) > Date.now() - keptMs) continue;
      jobs.delete(job.id);
      shelf?.forget(job.id);
      if (job.path !== undefined) void maker.remove(job.path).catch(() => undefined);
    }
  };
  return {
    /** The id of the pack, or undefined while another one is being made. */
    ask(asked: Asked, token: string): string | undefined {
      forget();
      if ([...jobs.values()].some(({ state }) => state === "making")) return undefined;
      const about = { ...asked, id: randomUUID(), askedAt: new Date().toISOString() };
      set({ ...about, state: "making", said: "It begins." });
      maker
        .make(asked, token, (said) => jobs.set(about.id, { ...about, state: "making", said }))
        .then(
          (made) => set({ ...about, state: "ready", ...made }),
          (error: unknown) =>
            set({
              ...about,
              state: "failed",
              problem: error instanceof EvergreenError ? error.message : "It could not be made: try again.",
            }),
        );
      return about.id;
    },
    find(id: string): EvidenceJob | undefined {
      forget();
      return jobs.get(id);
    },
  };
}
