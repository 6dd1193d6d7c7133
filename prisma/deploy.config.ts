// For `npx prisma migrate deploy --config prisma/deploy.config.ts`: where the schema and the migrations are. `npm run migrate` does without.
import { defineConfig, env } from "prisma/config";

export default defineConfig({
  schema: "schema.prisma",
  migrations: { path: "migrations" },
  datasource: { url: env("DIRECT_URL") },
});
