// Lists as people see them: the version in use, how old it is, and in words whether anybody can be cleared on it.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { z } from "zod";
import { isoTime } from "../output.ts";
import type { Session } from "../session.ts";

/** Where the publishers offer their lists (their own documentation, November 2026). Never fetched unless a person sets the address. */
export const PUBLIC_LISTS: Readonly<Record<string, { title: string; format: string; address: string }>> = {
  "ofac-sdn": {
    title: "OFAC Specially Designated Nationals",
    format: "ofac-csv",
    address: ["SDN.CSV", "ALT.CSV", "SDN_COMMENTS.CSV"]
      .map((file) => `https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/${file}`)
      .join(" "),
  },
  "ofac-consolidated": {
    title: "OFAC consolidated non-SDN list",
    format: "ofac-csv",
    address: ["CONS_PRIM.CSV", "CONS_ALT.CSV", "CONS_COMMENTS.CSV"]
      .map((file) => `https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/${file}`)
      .join(" "),
  },
  un: {
    title: "UN Security Council consolidated list",
    format: "un-xml",
    address: "https://scsanctions.un.org/resources/xml/en/consolidated.xml",
  },
  uk: {
    title: "UK consolidated list of financial sanctions targets",
    format: "uk-csv",
    address: "https://ofsistorage.blob.core.windows.net/publishlive/2022format/ConList.csv",
  },
};

const ListRow = z.object({
  list_id: z.string(),
  source: z.string(),
  title: z.string(),
  format: z.string(),
  address: z.string().nullable(),
  active: z.boolean(),
  max_age_hours: z.number(),
});
const VersionRow = z.object({
  version_id: z.string(),
  list_id: z.string(),
  ordinal: z.number().nullable(),
  published_on: z.string().nullable(),
  sha256: z.string(),
  rows: z.number(),
  added: z.number(),
  changed: z.number(),
  removed: z.number(),
  status: z.string(),
  reason: z.string().nullable(),
  fetched_at: z.string(),
  recorded_at: z.string(),
});
type VersionRow = z.infer<typeof VersionRow>;

export interface ListView {
  source: string;
  title: string;
  format: string;
  address: string | null;
  active: boolean;
  maxAgeHours: number;
  version: number | null;
  publishedOn: string | null;
  fetchedAt: string | null;
  ageHours: number | null;
  rows: number | null;
  sha256: string | null;
  /** In words; whoever reads it knows whether somebody can be cleared. */
  state: string;
  usable: boolean;
  versions: {
    versionId: string;
    version: number | null;
    status: string;
    reason: string | null;
    rows: number;
    added: number;
    changed: number;
    removed: number;
    recordedAt: string | null;
  }[];
}

/** @param source absent: all, in the order of their names. */
export async function listViews(session: Session, source?: string): Promise<ListView[]> {
  const lists = await session.read(
    "watchlists",
    "list_id,source,title,format,address,active,max_age_hours",
    (query) => (source === undefined ? query : query.eq("source", source)).order("source"),
    ListRow,
  );
  const versions =
    lists.length === 0
      ? []
      : await session.read(
          "watchlist_versions",
          "version_id,list_id,ordinal,published_on,sha256,rows,added,changed,removed,status,reason,fetched_at,recorded_at",
          (query) =>
            query
              .in(
                "list_id",
                lists.map(({ list_id }) => list_id),
              )
              .order("recorded_at", { ascending: false }),
          VersionRow,
        );
  return lists.map((list) =>
    viewOf(
      list,
      versions.filter(({ list_id }) => list_id === list.list_id),
      Date.now(),
    ),
  );
}

/** Errors: EG404. */
export async function findList(session: Session, source: string): Promise<ListView> {
  const [found] = await listViews(session, source);
  if (found === undefined) throw new EvergreenError("EG404", "No list of that name; `lists show` names them.");
  return found;
}

function viewOf(list: z.infer<typeof ListRow>, versions: readonly VersionRow[], now: number): ListView {
  const current = versions.find(({ status }) => status === "current");
  const ageHours = current === undefined ? null : Math.floor((now - Date.parse(current.fetched_at)) / 3_600_000);
  const old = current !== undefined && now - Date.parse(current.fetched_at) > list.max_age_hours * 3_600_000;
  const waiting = versions.find(({ status }) => status === "held");
  const usable = list.active && current !== undefined && !old;
  return {
    source: list.source,
    title: list.title,
    format: list.format,
    address: list.address,
    active: list.active,
    maxAgeHours: list.max_age_hours,
    version: current?.ordinal ?? null,
    publishedOn: current?.published_on ?? null,
    fetchedAt: isoTime(current?.fetched_at),
    ageHours,
    rows: current?.rows ?? null,
    sha256: current?.sha256 ?? null,
    state: [
      !list.active
        ? "off"
        : current === undefined
          ? "never fetched: nobody is cleared"
          : old
            ? "too old: nobody is cleared"
            : "in use",
      ...(waiting === undefined ? [] : ["a shrunken version waits for two people"]),
    ].join("; "),
    usable,
    versions: versions.map((one) => ({
      versionId: one.version_id,
      version: one.ordinal,
      status: one.status,
      reason: one.reason,
      rows: one.rows,
      added: one.added,
      changed: one.changed,
      removed: one.removed,
      recordedAt: isoTime(one.recorded_at),
    })),
  };
}
