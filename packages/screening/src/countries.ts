// Countries as lists write them (codes, English names, names in another order) to ISO 3166-1 alpha-2. The names are those of the runtime's own CLDR data.

const codes = new Map<string, string>();
const folded = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/&/g, "and")
    .replace(/\bsaint\b/g, "st")
    .replace(/[^a-z]/g, "");

const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
for (const first of LETTERS)
  for (const second of LETTERS) {
    const code = first + second;
    // codes that were withdrawn or stand for groups are named by CLDR too
    if (
      /^(EU|EZ|UN|XA|XB|ZZ|QO|AN|BU|CS|DD|DY|FQ|FX|HV|JT|MI|NH|NQ|NT|PC|PU|PZ|RH|SU|TP|UK|VD|WK|YD|YU|ZR|CT|QU|NY)$/.test(
        code,
      )
    )
      continue;
    const name = names.of(code);
    if (name !== undefined) codes.set(folded(name), code);
  }

/** Names in use on lists that CLDR does not have. */
const OTHERS: Readonly<Record<string, string>> = {
  "Russian Federation": "RU",
  "Iran, Islamic Republic of": "IR",
  "Islamic Republic of Iran": "IR",
  "Korea, North": "KP",
  DPRK: "KP",
  "Democratic People's Republic of Korea": "KP",
  "Korea, South": "KR",
  "Republic of Korea": "KR",
  "Syrian Arab Republic": "SY",
  Burma: "MM",
  Myanmar: "MM",
  "Congo, Democratic Republic of the": "CD",
  "Democratic Republic of the Congo": "CD",
  "Congo, Republic of the": "CG",
  "Cote d'Ivoire": "CI",
  "Ivory Coast": "CI",
  Turkey: "TR",
  Turkiye: "TR",
  "Hong Kong": "HK",
  Macau: "MO",
  Macao: "MO",
  "Czech Republic": "CZ",
  "West Bank": "PS",
  Gaza: "PS",
  Palestine: "PS",
  Palestinian: "PS",
  "State of Palestine": "PS",
  "Region: Gaza": "PS",
  "United States of America": "US",
  USA: "US",
  "U.S.": "US",
  UK: "GB",
  "Great Britain": "GB",
  "United Kingdom of Great Britain and Northern Ireland": "GB",
  "Viet Nam": "VN",
  "Lao People's Democratic Republic": "LA",
  "Libyan Arab Jamahiriya": "LY",
  Swaziland: "SZ",
  "Macedonia, The Former Yugoslav Republic of": "MK",
  Macedonia: "MK",
  Moldova: "MD",
  "Republic of Moldova": "MD",
  "Bosnia and Herzegovina": "BA",
  "Tanzania, United Republic of": "TZ",
  "Venezuela, Bolivarian Republic of": "VE",
  "Bolivia, Plurinational State of": "BO",
  "Brunei Darussalam": "BN",
  "Cabo Verde": "CV",
  "The Gambia": "GM",
  "Bahamas, The": "BS",
  "The Bahamas": "BS",
  UAE: "AE",
  "Vatican City State": "VA",
  Crimea: "UA",
  "Trinidad & Tobago": "TT",
  "Saint Kitts and Nevis": "KN",
};
for (const [name, code] of Object.entries(OTHERS)) codes.set(folded(name), code);
const KNOWN = new Set(codes.values());

/** ISO code of a country, or null when the text is none that is known. Three-letter codes are not guessed. */
export function countryCode(text: string): string | null {
  const bare = text.trim();
  if (/^[A-Za-z]{2}$/.test(bare)) {
    const code = bare.toUpperCase() === "UK" ? "GB" : bare.toUpperCase();
    return KNOWN.has(code) ? code : null;
  }
  return codes.get(folded(bare)) ?? null;
}

export const countryCodes = (texts: readonly string[] | undefined): string[] =>
  [...new Set((texts ?? []).map(countryCode).filter((code) => code !== null))].sort();
