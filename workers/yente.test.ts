// Against a loopback server that speaks the documented API of yente (GET /catalog) and serves its files: not yente itself. All entities are synthetic.
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchList } from "./list-sources.ts";

const ENTITIES = [
  {
    id: "NK-1",
    schema: "Person",
    caption: "Synthetic Person",
    target: true,
    last_seen: "2026-11-15T00:00:00",
    properties: { name: ["Synthetic Person"], birthDate: ["1970-05-12"], nationality: ["ru"] },
  },
  { id: "NK-2", schema: "Address", caption: "Synthetic Street 1", target: false, properties: {} },
]
  .map((one) => `${JSON.stringify(one)}\n`)
  .join("");
const sha1 = createHash("sha1").update(ENTITIES).digest("hex");

const seen: string[] = [];
let server: Server;
let base = "";
let catalog: unknown;
beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(`${request.headers.authorization ?? "nobody"} ${request.url}`);
    if (request.url === "/catalog") response.end(typeof catalog === "string" ? catalog : JSON.stringify(catalog));
    else if (request.url?.endsWith(".json") === true) response.end(ENTITIES);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const fetched = (address: string) =>
  fetchList({ source: "synthetic", format: "yente", address }, "/nowhere", new AbortController().signal);
const dataset = (change: object = {}) => ({
  name: "sanctions",
  title: "Synthetic",
  version: "20261120063105-abc",
  index_version: "20261120063105-abc",
  index_current: true,
  load: true,
  children: [],
  entities_url: `${base}/entities.ftm.json`,
  resources: [
    { name: "entities.ftm.json", url: `${base}/entities.ftm.json`, mime_type: "application/json+ftm", checksum: sha1 },
  ],
  ...change,
});
const datasets = (...all: unknown[]) => ({
  datasets: all,
  updated_at: "2026-11-20T06:31:05",
  current: ["sanctions"],
  outdated: [],
});

describe("yente (a loopback server that speaks its API)", () => {
  it("gives the entities of a dataset with the day of their version, their hash and when the catalogue named them", async () => {
    catalog = datasets({ name: "other", entities_url: null }, dataset());
    const before = Date.now();
    const list = await fetched(`${base} sanctions`);
    expect(list).toMatchObject({
      sha256: createHash("sha256").update(ENTITIES).digest("hex"),
      publishedOn: "2026-11-20",
    });
    expect(list.entries).toHaveLength(1);
    expect(JSON.stringify(list.entries)).toContain("NK-1");
    expect(Date.parse(list.fetchedAt)).toBeGreaterThanOrEqual(before);
    expect(seen).toEqual(["nobody /catalog", "nobody /entities.ftm.json"]);
  });

  it("reads the smaller file of targets where there is one, by an address that may be relative, signed in as at the server", async () => {
    const resources = [
      { name: "entities.ftm.json", url: "/entities.ftm.json" },
      { name: "targets.nested.json", url: "/targets.nested.json" },
    ];
    catalog = datasets(dataset({ resources, version: "static" }));
    seen.length = 0;
    const list = await fetched(`${base.replace("//", "//reader:word@")}/ sanctions`);
    // no day in the version: that of the entities
    expect(list.publishedOn).toBe("2026-11-15");
    const basic = `Basic ${Buffer.from("reader:word").toString("base64")}`;
    expect(seen).toEqual([`${basic} /catalog`, `${basic} /targets.nested.json`]);
  });

  it("does not sign in elsewhere", async () => {
    const elsewhere = base.replace("127.0.0.1", "localhost");
    catalog = datasets(dataset({ resources: [], entities_url: `${elsewhere}/entities.ftm.json` }));
    seen.length = 0;
    await fetched(`${base.replace("//", "//reader:word@")} sanctions`);
    expect(seen[1]).toBe("nobody /entities.ftm.json");
  });

  it.each([
    ["no such dataset", () => datasets({ name: "other" }), "EG404"],
    ["a dataset without entities", () => datasets(dataset({ resources: [], entities_url: null })), "EG400"],
    [
      "entities on yente's own disk",
      () => datasets(dataset({ resources: [], entities_url: "file:///etc/passwd" })),
      "EG400",
    ],
    [
      "entities of another version",
      () =>
        datasets(
          dataset({ resources: [{ name: "entities.ftm.json", url: "/entities.ftm.json", checksum: "0".repeat(40) }] }),
        ),
      "EG503",
    ],
    ["entities that are gone", () => datasets(dataset({ resources: [], entities_url: "/gone" })), "EG404"],
    ["a catalogue that is none", () => "<html>", "EG400"],
    ["a catalogue without datasets", () => ({ detail: "no" }), "EG400"],
  ])("%s is an error, never an empty list", async (_what, given, code) => {
    catalog = given();
    await expect(fetched(`${base} sanctions`)).rejects.toMatchObject({ code });
  });

  it("needs a server and a dataset, and a server that answers", async () => {
    for (const address of [base, "sanctions", `${base} a b`, `${base} ../x`, "ftp://x sanctions"])
      await expect(fetched(address)).rejects.toMatchObject({ code: "EG400" });
    await expect(fetched("http://127.0.0.1:9 sanctions")).rejects.toMatchObject({ code: "EG503" });
  });
});
