// Against a loopback server that speaks the documented API of Infisical (universal auth, raw secrets): not Infisical itself. The SDK is the real one.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chainKeyFromInfisical } from "./chain-key.ts";
import { readConfig } from "./config.ts";
import { openInfisical } from "./infisical.ts";

const seen: string[] = [];
let server: Server;
let siteUrl = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = (status: number, body: unknown) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      };
      seen.push(`${request.method} ${url.pathname}`);
      if (url.pathname === "/api/v1/auth/universal-auth/login") {
        const { clientSecret } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { clientSecret: string };
        if (clientSecret !== "right") return answer(401, { statusCode: 401, message: `no: ${clientSecret}` });
        return answer(200, { accessToken: "token", expiresIn: 60, accessTokenMaxTTL: 60, tokenType: "Bearer" });
      }
      if (request.headers.authorization !== "Bearer token") return answer(401, { statusCode: 401, message: "no" });
      if (url.pathname === "/api/v3/secrets/raw" && url.searchParams.get("workspaceId") === "project") {
        const folder = url.searchParams.get("secretPath");
        const secrets =
          folder === "/evergreen" && url.searchParams.get("environment") === "prod"
            ? ["PERSONAL_INDEX_KEY", "CHAIN_KEY"].map((secretKey, at) => ({
                id: String(at),
                secretKey,
                secretValue: ["ab", "cd"][at]?.repeat(32),
                version: 1,
                type: "shared",
              }))
            : [];
        return answer(200, { secrets, imports: [] });
      }
      return answer(404, { statusCode: 404, message: "not found" });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  siteUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const SET = { INFISICAL_CLIENT_ID: "id", INFISICAL_CLIENT_SECRET: "right", INFISICAL_PROJECT_ID: "project" };
const opened = (more: Record<string, string> = {}, path?: string) => {
  const { infisical } = readConfig({ ...SET, INFISICAL_SITE_URL: siteUrl, ...more });
  if (infisical === null) throw new Error("It is not configured.");
  return openInfisical(infisical, path);
};

describe("Infisical (a loopback server that speaks its API)", () => {
  it("gives a secret by name, signed in as the machine identity", async () => {
    expect(await opened().get("PERSONAL_INDEX_KEY")).toBe("ab".repeat(32));
    expect(await opened().get("ANOTHER")).toBeUndefined();
    expect(await opened({}, "/elsewhere").list()).toEqual(new Map());
    expect(seen.slice(0, 2)).toEqual(["POST /api/v1/auth/universal-auth/login", "GET /api/v3/secrets/raw"]);
  });

  it("that refuses or is away is EG503, and no secret stands in the error", async () => {
    const wrong: Record<string, string>[] = [
      { INFISICAL_CLIENT_SECRET: "wrong-secret" },
      { INFISICAL_SITE_URL: "http://127.0.0.1:9" },
    ];
    for (const more of wrong) {
      const error = await opened(more)
        .list()
        .then(
          () => undefined,
          (e: unknown) => e as Error & { code: string },
        );
      expect(error?.code).toBe("EG503");
      expect(`${error?.message} ${error?.stack} ${String(error?.cause)}`).not.toContain("wrong-secret");
    }
  });

  it("is configured as a whole or not at all", () => {
    expect(readConfig({}).infisical).toBeNull();
    for (const name of Object.keys(SET)) expect(() => readConfig({ ...SET, [name]: "" })).toThrow(/INFISICAL_/);
  });

  it("holds the key of a chain; where it has none, or is not configured, that is said without it", async () => {
    const chain = (more: Record<string, string> = {}) =>
      readConfig({ ...SET, INFISICAL_SITE_URL: siteUrl, CHAIN_URL: "local", CHAIN_KEYS: "infisical", ...more });
    expect(chain().chain?.keys).toBe("infisical");
    expect(await chainKeyFromInfisical(chain())).toBe("cd".repeat(32));
    await expect(chainKeyFromInfisical(chain({ INFISICAL_PATH: "/elsewhere" }))).rejects.toMatchObject({
      code: "EG503",
      message: "Infisical has no CHAIN_KEY at /elsewhere.",
    });
    await expect(chainKeyFromInfisical({ infisical: null })).rejects.toMatchObject({ code: "EG400" });
  });
});
