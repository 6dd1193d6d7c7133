import { openDatabase } from "@evergreen-fund/supabase-client";
const db = openDatabase({ url: process.env.DATABASE_URL! });
const pm1 = { role: "pm_role", userId: "00000000-0000-4000-8000-000000000001" } as const;
const pm2 = { role: "pm_role", userId: "00000000-0000-4000-8000-000000000002" } as const;
const sl = (id: string, target: string) => ({ id, target, band: { relative: "0.2" } });
const assets = [["A", "bonds", "400000.00"], ["B", "bonds", "300000.00"], ["C", "equity", "250000.00"], ["K", "cash", "50000.00"]].map(([k, s, v]) => ({
  key: k, name: `Asset ${k}`, type: s === "cash" ? "cash" : "debt", sleeve: s, issuer: `I${k}`, market_value: v, liquid: true, bucket: s === "cash" ? "1d" : "7d", target_pct: "0.1" }));
const t0 = Date.now();
const fund = await db.rpc(pm1, "fn_import_fund", { fund: { code: "TRY" + process.argv[2], name: "Try", currency: "USD", as_of: "2026-01-31", net_assets: "1000000.00", assets,
  ladder: [{ side: "asset", bucket: "1d", capacity: "50000" }, { side: "asset", bucket: "7d", capacity: "950000" }, { side: "liability", bucket: "30d", capacity: "100000", stress_delta: "50000" }],
  mandate: { label: "t", cash: { target: "0.02" }, sleeves: [sl("bonds", "0.50"), sl("equity", "0.48")] } } });
console.log(fund);
const asked = await db.rpc(pm1, "fn_request_rebalance", { fund: fund.code });
console.log(asked, Date.now() - t0);
let p: any = null;
for (let i = 0; i < 100 && (p === null || p.status === "checking"); i++) {
  await new Promise((r) => setTimeout(r, 50));
  p = await db.read(pm1, (tx) => tx.proposals.findFirst({ where: { event_id: asked.event_id }, include: { checks: true } }));
}
console.log(Date.now() - t0, JSON.stringify(p, (_k, v) => (typeof v === "bigint" ? String(v) : v), 1)?.slice(0, 3000));
if (p) {
  console.log(await db.rpc(pm1, "fn_decide_proposal", { proposal_id: p.proposal_id, hash: p.hash, decision: "approved" }).catch((e) => e.code + e.message));
  console.log(await db.rpc(pm2, "fn_decide_proposal", { proposal_id: p.proposal_id, hash: p.hash, decision: "approved" }));
  for (let i = 0; i < 100; i++) { await new Promise((r) => setTimeout(r, 50)); const w = await db.read(pm1, (tx) => tx.workflow_runs.findFirst({ where: { event_id: asked.event_id } })); if (w?.ended_at) { console.log(w); break; } }
}
await new Promise((r) => setTimeout(r, 3000));
console.log(await db.read(pm1, (tx) => tx.audit_trail.findMany({ orderBy: { seq: "asc" }, select: { message: true, created_by: true } })));
console.log(await db.read(pm1, (tx) => tx.agent_memories.findMany({ select: { text: true, workflow_id: true } })));
console.log(await db.read(pm1, (tx) => tx.trace_spans.findMany({ select: { name: true, trace_id: true, service: true } })));
await db.close();
