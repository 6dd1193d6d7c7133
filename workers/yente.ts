// A dataset of a yente server as a list: its catalogue says which version there is and where the entities lie; they are read whole and matched here,
// so that no name of a party leaves the platform and a check can be repeated on the version it names.
import { createHash } from "node:crypto";
import { EvergreenError } from "@evergreen-fund/domain";
import { z } from "zod";
import type { Bytes } from "./list-sources.ts";

const Resource = z.object({ name: z.string().nullish(), url: z.string().nullish(), checksum: z.string().nullish() });
const Dataset = z.object({
  name: z.string(),
  version: z.string().nullish(),
  entities_url: z.string().nullish(),
  resources: z.array(Resource).nullish(),
});
const Catalog = z.object({ datasets: z.array(z.unknown()) });
/** What OpenSanctions calls the files of entities, one to a line, the smaller one first. */
const FILES = ["targets.nested.json", "entities.ftm.json"];

const wrong = (words: string): never => {
  throw new EvergreenError("EG400", words);
};

/** @returns the entities as lines of FollowTheMoney and the day of their version. Errors: EG400, EG404 no such dataset, EG503, and those of `download`. */
export async function ofYente(
  parts: readonly string[],
  download: (url: string) => Promise<Bytes>,
): Promise<{ day: string | null; file: Bytes }> {
  const [server = "", dataset = ""] = parts;
  if (parts.length !== 2 || !/^https?:\/\//.test(server) || !/^\w{1,120}$/.test(dataset))
    wrong("A list of yente has as its address the URL of the server and the name of a dataset.");
  const base = new URL(server.endsWith("/") ? server : `${server}/`);
  const answer = await download(new URL("catalog", base).href);
  const found = catalogued(answer.bytes, dataset);
  const url = entitiesOf(found);
  // what the server names may lie elsewhere, and whoever signs in at the server does so only there
  const address = new URL(url, new URL(base.pathname, base.origin));
  if (address.origin === base.origin) {
    address.username = base.username;
    address.password = base.password;
  }
  const file = await download(address.href);
  const told = found.resources?.find((one) => one.url === url)?.checksum;
  // forty hexadecimal digits are the SHA-1 of the file; one that has another is of another version than the catalogue, or damaged
  if (
    told != null &&
    /^[0-9a-f]{40}$/i.test(told) &&
    told.toLowerCase() !== createHash("sha1").update(file.bytes).digest("hex")
  )
    throw new EvergreenError(
      "EG503",
      "The entities are not those of yente's catalogue (another checksum); they are fetched again.",
    );
  // since when this is the list: the moment at which the catalogue was asked
  return { day: dayOf(found.version), file: { ...file, at: answer.at } };
}

function catalogued(bytes: Uint8Array, name: string): z.output<typeof Dataset> {
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    wrong("yente's catalogue is no JSON.");
  }
  const catalog = Catalog.safeParse(given);
  if (!catalog.success) return wrong("yente's catalogue has no list of datasets.");
  const found = catalog.data.datasets
    .map((one) => Dataset.safeParse(one))
    .find((one) => one.success && one.data.name === name);
  if (found?.data === undefined)
    throw new EvergreenError("EG404", "yente's catalogue has no dataset of that name; look at its /catalog.");
  return found.data;
}

/** Where the entities lie: a file that the dataset lists, or what yente itself reads them from. */
function entitiesOf({ entities_url, resources }: z.output<typeof Dataset>): string {
  const urls = FILES.flatMap((name) => resources?.find((one) => one.name === name)?.url ?? []);
  const url = urls[0] ?? entities_url;
  if (url == null)
    return wrong("The dataset of yente names no entities; name one that has targets.nested.json or entities.ftm.json.");
  // a path on yente's own disk is none that can be fetched
  if (/^[a-z][a-z0-9+.-]*:/i.test(url) && !/^https?:/i.test(url))
    return wrong("The entities of the dataset lie on yente's own disk; serve them by HTTP in its manifest.");
  return url;
}

/** `20261120063105-abc` → 2026-11-20; a version that is no time has no day. */
function dayOf(version: string | null | undefined): string | null {
  const [, year, month, day] = /^(20\d\d)-?([01]\d)-?([0-3]\d)/.exec(version ?? "") ?? [];
  return day === undefined ? null : `${year}-${month}-${day}`;
}
