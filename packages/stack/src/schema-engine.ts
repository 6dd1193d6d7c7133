// Prisma's own schema engine (WebAssembly), loaded from npm: no binary download, no network.
// Only applyMigrations and diff (file to file) are ever called; every call that opens a shadow database is kept away on purpose.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import * as engineBindings from "@prisma/schema-engine-wasm/schema_engine_bg";

const require = createRequire(import.meta.url);

export interface MigrationDirectory {
  path: string;
  migrationFile: { path: string; content: { tag: "ok"; value: string } | { tag: "error"; value: string } };
}
export interface MigrationList {
  baseDir: string;
  lockfile: { path: string; content: string | null };
  shadowDbInitScript: string;
  migrationDirectories: MigrationDirectory[];
}
interface Filters {
  externalTables: string[];
  externalEnums: string[];
}
type DiffTarget = { tag: "empty" } | { tag: "schemaDatamodel"; files: { path: string; content: string }[] };

/** The calls of the engine this project uses. */
export interface SchemaEngine {
  applyMigrations(input: { migrationsList: MigrationList; filters: Filters }): Promise<{
    appliedMigrationNames: string[];
  }>;
  markMigrationRolledBack(input: { migrationName: string }): Promise<object>;
  diff(input: { from: DiffTarget; to: DiffTarget; script: true; exitCode: null; filters: Filters }): Promise<{
    stdout: string | null;
  }>;
  free(): void;
}

/** An engine and the connection it opened: the engine itself never closes it. */
export interface OpenEngine {
  engine: SchemaEngine;
  close(): Promise<void>;
}

type EngineConstructor = (
  options: { datamodels: undefined },
  log: (line: string) => void,
  adapter: object,
) => Promise<SchemaEngine>;

type PrismaPgConnection = Awaited<ReturnType<PrismaPg["connect"]>>;

// Column type numbers of Prisma's driver adapters.
const INT32 = 0;
const BOOLEAN = 5;
const TEXT = 7;
interface Bindings {
  __wbg_set_wasm(exports: object): void;
  /** The constructor is a static method that happens to be called `new`. */
  SchemaEngine: { new: EngineConstructor };
}

// Node has WebAssembly; the type libraries that this project uses do not name it.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
  };
};

const LOADED = Symbol.for("evergreen.schema-engine");
// The bindings hold one WebAssembly instance per process. A test runner may load this file several times in one process; a second
// instance under the first one's callbacks would make it panic. So what was loaded is kept where every copy of this file finds it.
const shared = globalThis as { [LOADED]?: Promise<EngineConstructor> };

async function loadEngine(): Promise<EngineConstructor> {
  const bindings = engineBindings as unknown as Bindings;
  const directory = new URL(".", pathToFileURL(require.resolve("@prisma/schema-engine-wasm")));
  const bytes = await readFile(new URL("schema_engine_bg.wasm", directory));
  const { instance } = await WebAssembly.instantiate(bytes, {
    "./schema_engine_bg.js": withIdleTimers(engineBindings as unknown as Imports),
  });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return bindings.SchemaEngine.new.bind(bindings.SchemaEngine);
}

type Imports = Record<string, unknown>;

/** The engine leaves its ten-second lock timer running when it is done: the timer must not keep the process alive. */
function withIdleTimers(imports: Imports): Imports {
  const name = Object.keys(imports).find((key) => key.startsWith("__wbg_setTimeout_"));
  if (name === undefined) return imports;
  const setTimer = imports[name] as (...values: unknown[]) => NodeJS.Timeout;
  return { ...imports, [name]: (...values: unknown[]) => setTimer(...values).unref() };
}

/** The adapter package's own binder, which turns thrown errors into the results that the engine understands. */
function bind(factory: object): object {
  const fromAdapter = createRequire(require.resolve("@prisma/adapter-pg"));
  const { bindMigrationAwareSqlAdapterFactory } = fromAdapter("@prisma/driver-adapter-utils") as {
    bindMigrationAwareSqlAdapterFactory(factory: object): object;
  };
  return bindMigrationAwareSqlAdapterFactory(factory);
}

/**
 * Without a database the engine still asks which server it speaks to before it compares two files: say "a Postgres 18 that
 * has the schema public". Any other question is a mistake and fails.
 */
function answerWithoutServer(connection: Pick<PrismaPgConnection, "queryRaw" | "executeRaw">): void {
  connection.queryRaw = ({ sql }) =>
    sql.includes("numeric_version")
      ? Promise.resolve({
          columnNames: ["exists", "version", "numeric_version"],
          columnTypes: [BOOLEAN, TEXT, INT32],
          rows: [[true, "PostgreSQL 18.0", 180000]],
        })
      : Promise.reject(new Error("comparing schema files asks no database"));
  connection.executeRaw = () => Promise.reject(new Error("comparing schema files changes no database"));
}

/**
 * An engine that talks to `databaseUrl`, or to nothing when it is null (diff needs no database).
 * UTC is set on the connection: the adapter stores wrong instants in any other zone.
 */
export async function openSchemaEngine(databaseUrl: string | null): Promise<OpenEngine> {
  shared[LOADED] ??= loadEngine();
  const create = await shared[LOADED];
  const adapter = new PrismaPg({
    connectionString: databaseUrl ?? "postgresql://nobody@127.0.0.1:1/none",
    options: "-c TimeZone=UTC",
    max: 1,
  });
  const connections: PrismaPgConnection[] = [];
  const factory = {
    adapterName: adapter.adapterName,
    provider: adapter.provider,
    async connect() {
      const connection = await adapter.connect();
      connections.push(connection);
      if (databaseUrl === null) answerWithoutServer(connection);
      // The adapter splits scripts on every ";", which breaks dollar-quoted functions. One simple query runs the
      // script whole and in one implicit transaction, so a broken migration changes nothing.
      connection.executeScript = async (script: string) => {
        await connection.underlyingDriver().query(script);
      };
      return connection;
    },
    connectToShadowDb(): Promise<never> {
      return Promise.reject(
        new Error("shadow databases are never used: they can replay migrations on the real database"),
      );
    },
  };
  const disconnect = () => Promise.all(connections.map((connection) => connection.dispose()));
  try {
    const engine = await create({ datamodels: undefined }, () => undefined, bind(factory));
    return {
      engine,
      close: async () => {
        engine.free();
        await disconnect();
      },
    };
  } catch (error) {
    await disconnect();
    throw error;
  }
}
