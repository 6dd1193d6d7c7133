// Hands a file to the gateway, which reads it to rows and keeps nothing of it.
import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { type Mapping, Upload } from "./file-shapes.ts";

const Refused = z.object({ message: z.string() });
/** A file of many rows takes longer than a page. */
const READ_WITHIN_MS = 60_000;

/** Throws an Error whose message a person can act on. */
export async function readUpload(
  supabase: SupabaseClient,
  file: File,
  kind: Upload["kind"],
  mapping: Mapping | undefined,
): Promise<Upload> {
  const { data } = await supabase.auth.getSession();
  const form = new FormData();
  form.set("file", file);
  form.set("kind", kind);
  if (mapping !== undefined) form.set("mapping", JSON.stringify(mapping));
  let answer: Response;
  try {
    answer = await fetch("/files/read", {
      method: "POST",
      headers: { authorization: `Bearer ${data.session?.access_token ?? ""}` },
      body: form,
      signal: AbortSignal.timeout(READ_WITHIN_MS),
    });
  } catch (cause) {
    throw new Error("The server does not answer: nothing was changed. Try again.", { cause });
  }
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(Refused.safeParse(body).data?.message ?? "The file could not be read.");
  return Upload.parse(body);
}
