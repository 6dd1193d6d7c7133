// Makes the secrets of docker-compose.yml, once: .evergreen/compose.env, readable by its owner only. Plain JavaScript, no dependencies.
//   node scripts/compose-env.mjs [--langfuse]      --langfuse: workers send their traces to the Langfuse of the profile
import { createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, ".evergreen", "compose.env");

const hex = (bytes) => randomBytes(bytes).toString("hex");
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A key of the API: a token that only names its role, valid for ten years, signed with the secret of the project. */
function apiKey(role, secret, now) {
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part({ role, iss: "evergreen", iat: now, exp: now + 10 * 365 * 86_400 })}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

/** Every variable that docker-compose.yml asks for. */
export function composeSecrets({ langfuse = false, now = Math.floor(Date.now() / 1_000) } = {}) {
  const jwtSecret = hex(32);
  const sent = langfuse
    ? {
        LANGFUSE_PUBLIC_KEY: `pk-lf-${hex(16)}`,
        LANGFUSE_SECRET_KEY: `sk-lf-${hex(16)}`,
        LANGFUSE_BASE_URL: "http://langfuse-web:3000",
      }
    : {};
  return {
    POSTGRES_PASSWORD: hex(20),
    JWT_SECRET: jwtSecret,
    ANON_KEY: apiKey("anon", jwtSecret, now),
    SERVICE_ROLE_KEY: apiKey("service_role", jwtSecret, now),
    EVERGREEN_APP_PASSWORD: hex(20),
    EVERGREEN_CODEC_KEY: hex(32),
    TEMPORAL_DB_PASSWORD: hex(20),
    S3_ACCESS_KEY: `evergreen-${hex(4)}`,
    S3_SECRET_KEY: hex(20),
    LANGFUSE_DB_PASSWORD: hex(20),
    CLICKHOUSE_PASSWORD: hex(20),
    REDIS_PASSWORD: hex(20),
    LANGFUSE_SALT: hex(16),
    LANGFUSE_ENCRYPTION_KEY: hex(32),
    LANGFUSE_NEXTAUTH_SECRET: hex(32),
    LANGFUSE_ADMIN_PASSWORD: hex(12),
    ...sent,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const shown = relative(process.cwd(), file);
  if (existsSync(file)) {
    process.stderr.write(
      `${shown} exists already: its secrets belong to the volumes of docker-compose.yml. Delete both to begin anew.\n`,
    );
    process.exit(2);
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const lines = Object.entries(composeSecrets({ langfuse: process.argv.includes("--langfuse") })).map(
    ([name, value]) => `${name}=${value}`,
  );
  writeFileSync(file, `# Made by scripts/compose-env.mjs. Keep it: the volumes depend on it.\n${lines.join("\n")}\n`, {
    mode: 0o600,
  });
  process.stdout.write(`${shown}\ndocker compose --env-file ${shown} --profile core up -d --build\n`);
}
