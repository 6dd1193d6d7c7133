// The HTTP front of the stack: Supabase-compatible API, health, run-time configuration, codec endpoint, home page.
export type { PayloadDoor } from "./codec-endpoint.ts";
export { createGateway, type GatewayOptions } from "./gateway.ts";
export { openSupabaseApi, type SupabaseApi, type SupabaseApiOptions } from "./supabase-api.ts";
