// The page in a real Chromium, by a process of the dashboard's own tools; and Lighthouse beside it where it is installed.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { startScript } from "../frame/child.ts";
import { type Environment, npmPeer } from "../frame/peers.ts";
import type { Gateway, House } from "./house.ts";

export interface Visit {
  paintMs: number;
  thereMs: number;
  longestMs: number;
  scriptBytes: number;
  requests: number;
}

export interface Looked {
  visits: readonly Visit[];
  /** 0 to 100 by category; null without Lighthouse. */
  scores: Readonly<Record<string, number>> | null;
}

const SCRIPT = new URL("../../../../../dashboard/tests/measure-page.ts", import.meta.url);
const VARIABLE = "EVERGREEN_PASSWORD";

/** Opens the investor's home that often, each time with an empty cache. */
export async function lookAt(gateway: Gateway, house: House, times: number, environment: Environment): Promise<Looked> {
  const child = startScript(
    SCRIPT,
    [
      `http://127.0.0.1:${gateway.port}`,
      "/lp",
      "[data-figure=worth]",
      "reader1@bench.evergreen.example",
      VARIABLE,
      String(times),
      npmPeer(environment, "lighthouse") ?? "",
    ],
    { environment: { ...environment, [VARIABLE]: house.password, NODE_ENV: "production" } },
  );
  try {
    return await child.next<Looked>(180_000);
  } catch (error) {
    throw new EvergreenError("EG500", "The page could not be measured in Chromium.", { cause: error });
  } finally {
    await child.kill();
  }
}
