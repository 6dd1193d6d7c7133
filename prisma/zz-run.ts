import { freshCluster, freshDatabase } from "/tmp/d5/packages/testing/src/postgres.ts";
import { seedDemo } from "/tmp/d5/prisma/seed.ts";
import pg from "pg";
const cluster = await freshCluster();
const db = await freshDatabase(cluster.adminUrl);
const t0 = performance.now();
try {
  const seed = await seedDemo({ databaseUrl: db.adminUrl, onProgress: (p) => console.log(Math.round(performance.now()-t0), p.phase, p.done, p.total, p.step) });
  if (seed.outcome === "ready") console.log(await seed.history);
} catch (e) { console.log("FAILED", e, (e as any).cause); }
const c = new pg.Client({ connectionString: db.adminUrl }); await c.connect();
const q = async (s: string) => console.log((await c.query(s)).rows);
await q("select status, count(*) from dealing_days group by 1");
await q("select nav_date, version, state, nav, blockers from (select s.*, (select string_agg(label||':'||blocked_by, '; ') from nav_inputs i where i.strike_id=s.strike_id and blocked_by is not null) as blockers from nav_strikes s) x order by nav_date desc limit 3");
await q("select * from evergreen.broken_invariants(null)");
await q("select account, sum(amount) from cash_balances group by 1");
await q("select type, mode, count(*) from event_outbox group by 1,2");
console.log("node cpu s", process.cpuUsage());
await q("explain analyze select * from evergreen.broken_invariants(null)");
import { readFileSync, readdirSync } from "node:fs";
let pgcpu=0; for (const d of readdirSync("/proc")) { if(!/^\d+$/.test(d)) continue; try { const st=readFileSync(`/proc/${d}/stat`,"utf8"); const cmd=readFileSync(`/proc/${d}/cmdline`,"utf8"); if (d===String(cluster.pid)) { const f=st.slice(st.lastIndexOf(")")+2).split(" "); pgcpu=(+f[11]+ +f[12] + +f[13]+ +f[14])/100; } } catch {} }
console.log("postgres cpu (with ended children) s", pgcpu);
await c.end(); await cluster.stop(); process.exit(0);
