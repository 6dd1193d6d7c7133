// The market feed: one CSV at a configured address, fetched with limits and read by the same reader as a file that a person imports.
import { Readable } from "node:stream";
import { EvergreenError } from "@evergreen-fund/domain";
import { readMarket } from "@evergreen-fund/interchange";

/** What the rooms see of it. */
export interface MarketFeed {
  /** Named as the source of every value: the address without what may be secret in it. */
  source: string;
  /** Errors: EG503 no answer or a server's failure, EG404 and EG400 by what it answered or what does not read, EG413 beyond the limits of files. */
  fetch(signal: AbortSignal): Promise<{
    rows: { series: string; as_of: string; value: string; kind?: string; unit?: string }[];
    sha256: string;
  }>;
}

const ANSWER_MS = 30_000;

/** @param url http or https; a user, a password and a query may stand in it and are never named. */
export function openMarketFeed(url: string): MarketFeed {
  const { host, pathname } = new URL(url);
  return {
    source: `feed ${host}${pathname}`.slice(0, 200),
    async fetch(signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
      const { address, headers } = signedIn(url);
      const answer = await fetch(address, { signal: limit, redirect: "error", headers }).catch((error: unknown) => {
        throw new EvergreenError("EG503", "The market feed does not answer.", { cause: error });
      });
      if (!answer.ok || answer.body === null) {
        await answer.body?.cancel();
        if (answer.status >= 500 || answer.status === 429)
          throw new EvergreenError("EG503", `The market feed answers ${answer.status}; it is asked again.`);
        throw new EvergreenError(
          answer.status === 404 ? "EG404" : "EG400",
          `The market feed answers ${answer.status}.`,
        );
      }
      const { rows, sha256 } = await readMarket(
        Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]),
      );
      if (rows.length === 0) throw new EvergreenError("EG400", "The market feed has no observations.");
      return { rows, sha256 };
    },
  };
}

/** fetch takes no user in an address. */
function signedIn(url: string): { address: URL; headers: Record<string, string> } {
  const address = new URL(url);
  if (address.username === "") return { address, headers: {} };
  const user = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
  address.username = "";
  address.password = "";
  return { address, headers: { authorization: `Basic ${Buffer.from(user).toString("base64")}` } };
}
