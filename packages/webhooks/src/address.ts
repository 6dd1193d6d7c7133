// Where a webhook may go: public addresses by https. What is inside a network is nobody's to reach through us, whatever its name says.
import { lookup as systemLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

/** IPv4 networks that are private, local, shared, reserved or for documentation (IANA IPv4 Special-Purpose Address Registry). */
const CLOSED_V4: readonly [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
/** Of IPv6 only 2000::/3 is public; in it these lead to other networks or nowhere (tunnels carry an IPv4 address inside). */
const CLOSED_V6: readonly [string, number][] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const closed = new BlockList();
for (const [network, bits] of CLOSED_V4) closed.addSubnet(network, bits, "ipv4");
for (const [network, bits] of CLOSED_V6) closed.addSubnet(network, bits, "ipv6");
const publicV6 = new BlockList();
publicV6.addSubnet("2000::", 3, "ipv6");

/** Whether an IP address is one of the public internet. Anything that is no IP address is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !closed.check(address, "ipv4");
  return family === 6 && publicV6.check(address, "ipv6") && !closed.check(address, "ipv6");
}

const refusal = (why: string, cause?: unknown): EvergreenError =>
  new EvergreenError("EG400", `The address of the webhook is refused: ${why}.`, { cause });

/** The URL of an endpoint. Errors: EG400 with the reason. `allowPrivate`: addresses inside a network and plain http, for an installation that says so. */
export function endpointUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || text.length > 2_000) throw refusal("it is no URL");
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) throw refusal("it is not https");
  if (url.username !== "" || url.password !== "") throw refusal("it carries a user name or password");
  if (url.hash !== "") throw refusal("it has a part after #");
  // a literal address is never looked up, so it is looked at here; URL has made 0x7f.1 and the like of one form
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw refusal("it lies inside a network");
  return url;
}

/**
 * The lookup of one connection: the addresses that are checked are those that are connected to, so that a name cannot be public when it is
 * looked at and private when it is used. One private address among several refuses all of them.
 */
export function checkedLookup(
  allowPrivate: boolean,
  lookup: LookupFunction = systemLookup as LookupFunction,
): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      const first = addresses[0];
      if (error !== null || first === undefined) return done(error ?? refusal("its name is unknown"), "", 0);
      if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address)))
        return done(refusal("its name leads inside a network"), "", 0);
      return options.all === true ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
}
