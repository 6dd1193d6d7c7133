// The worker of the plain style, a process of its own as the platform's workers are: no codec, no tracing, stock settings.
import { openDatabase } from "@evergreen-fund/supabase-client";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { plainActivities } from "./plain-activities.ts";

const [databaseUrl = "", address = ""] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger("ERROR", () => undefined) });
const database = openDatabase({ url: databaseUrl, connections: 8 });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: "plain",
  workflowsPath: new URL("plain-workflow.ts", import.meta.url).pathname,
  activities: plainActivities(database),
});
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await worker.run();
