// Lists the funds that the signed-in person may see, with net assets and the number of holdings, as any supabase-js client can.
import { createClient, type WebSocketLikeConstructor } from "@supabase/supabase-js";
import ws from "ws";
import type { Database } from "./database.ts";

const { SUPABASE_URL = "", SUPABASE_PUBLISHABLE_KEY = "", EVERGREEN_EMAIL = "", EVERGREEN_PASSWORD = "" } = process.env;

const supabase = createClient<Database>(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, {
  auth: { persistSession: false },
  // Node 20 has no WebSocket of its own; from Node 22 on this line and `ws` are not needed
  realtime: { transport: ws as unknown as WebSocketLikeConstructor },
});
const { error: refused } = await supabase.auth.signInWithPassword({
  email: EVERGREEN_EMAIL,
  password: EVERGREEN_PASSWORD,
});
if (refused) throw refused;

const { data: funds, error } = await supabase
  .from("funds")
  .select("fund_id, code, base_currency, net_assets::text")
  .order("code");
if (error) throw error;
for (const fund of funds) {
  const { count } = await supabase
    .from("portfolio_allocations")
    .select("*", { count: "exact", head: true })
    .eq("fund_id", fund.fund_id)
    .is("superseded_at", null);
  process.stdout.write(`${fund.code}: net assets ${fund.net_assets} ${fund.base_currency}, ${count ?? 0} holdings\n`);
}
await supabase.auth.signOut();
