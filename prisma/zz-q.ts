import pg from "pg";
import { readConfig } from "@evergreen-fund/config";
import { adminUrl } from "@evergreen-fund/stack";
const c = new pg.Client({ connectionString: adminUrl(readConfig(process.env)) }); await c.connect();
for (const q of process.argv.slice(2)) console.log((await c.query(q)).rows);
await c.end();
