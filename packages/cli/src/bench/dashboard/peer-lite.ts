// The peer of `bench dashboard` in a process of its own: @supabase/lite as it comes, over the same database and the same login, one HTTP server, no gateway
// before it. Arguments: the URL of the login, the secret of the tokens, the publishable key, the port.

interface Lite {
  App: new (options: object) => { fetch(request: Request, context: object): Promise<Response> };
}
interface LitePostgres {
  createPostgresConnection(options: object): {
    introspect(options?: object): Promise<unknown>;
    driver: { end(): Promise<void> };
  };
}
type Serve = (
  options: { fetch: (request: Request) => Promise<Response>; port: number; hostname: string },
  ready: () => void,
) => unknown;

const [, , url = "", secret = "", key = "", port = ""] = process.argv;
// of the gateway's packages: a peer here, and no dependency of the command line
const load = async <Module>(name: string): Promise<Module> => (await import(import.meta.resolve(name))) as Module;

const { App } = await load<Lite>("@supabase/lite");
const { createPostgresConnection } = await load<LitePostgres>("@supabase/lite/postgres");
const { serve } = await load<{ serve: Serve }>("@hono/node-server");

const open = (connection: object) =>
  createPostgresConnection({ url, postgresOptions: { max: 10, onnotice: () => undefined, connection } });
// the login sees no table by itself, so the schema is read under a role that does
const reader = open({ role: "audit_role" });
const schema = await reader.introspect({ useCache: false });
await reader.driver.end();
const connection = open({});
Object.assign(connection, { rlsState: "active", introspect: () => Promise.resolve(schema) });
const app = new App({
  connection,
  api: { schemas: ["public"], max_rows: 1_000 },
  auth: { enabled: true, jwt_secret: secret, publishable_key: key },
  options: { server: { admin: false, disableStudio: true, disableFallback: true } },
});
serve(
  { fetch: (request) => app.fetch(request, { peerAddress: null }), port: Number(port), hostname: "127.0.0.1" },
  () => process.stdout.write("ready\n"),
);
