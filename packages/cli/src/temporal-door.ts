// Temporal's side of the command line: schedules and how the runs they started ended. What is inside a payload is encrypted for the workers,
// stays with them, and is never asked for here.
import { type Config, temporalAddress } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import type { Client } from "@temporalio/client";
import { plain } from "./output.ts";

/** A payload that nobody reads: the JSON null instead of it. */
const UNREAD = { metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from("null") };

/** The Temporal that the settings name, its own profile, or the one of the stack of this home. Errors: EG503 nothing answers. */
export async function withTemporal<T>(config: Config, work: (client: Client) => Promise<T>): Promise<T> {
  const [{ Client: TemporalClient, Connection }, { loadClientConnectConfig }, { readState }] = await Promise.all([
    import("@temporalio/client"),
    import("@temporalio/envconfig"),
    import("@evergreen-fund/stack/run-state.ts"),
  ]);
  const own = config.temporal.address === null && readState(config.home) !== undefined;
  const profile = own ? {} : loadClientConnectConfig().connectionOptions;
  const address =
    config.temporal.address ?? ("address" in profile ? profile.address : undefined) ?? temporalAddress(config);
  const connection = await Connection.connect({ ...profile, address, connectTimeout: "10s" }).catch(
    (cause: unknown) => {
      throw new EvergreenError("EG503", `Temporal does not answer at ${plain(address)}.`, { cause });
    },
  );
  try {
    return await work(
      new TemporalClient({
        connection,
        namespace: config.temporal.namespace,
        dataConverter: {
          payloadCodecs: [
            { encode: async (payloads) => payloads, decode: async (payloads) => payloads.map(() => UNREAD) },
          ],
        },
      }),
    );
  } finally {
    await connection.close();
  }
}
