// Which region of the factors a country belongs to. A country that is not here is an emerging market; no country, no region.
import type { REGIONS } from "@evergreen-fund/domain/scenarios/index.ts";

type Region = (typeof REGIONS)[number];
const COUNTRIES: Readonly<Record<Exclude<Region, "emerging">, string>> = {
  us: "US",
  canada: "CA",
  uk: "GB",
  japan: "JP",
  europe: "AT BE BG CH CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK",
  asia_pacific: "AU HK KR NZ SG TW",
};
const BY_COUNTRY = new Map(
  Object.entries(COUNTRIES).flatMap(([region, codes]) =>
    codes.split(" ").map((code) => [code, region as Region] as const),
  ),
);

/** By ISO 3166 code; undefined without one. */
export const regionOf = (country: string | null): Region | undefined =>
  country === null ? undefined : (BY_COUNTRY.get(country) ?? "emerging");
