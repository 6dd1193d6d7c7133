// The fund of an address, as far as it may be a code: small, because every page loads it with the routes.
export const fundSearch = (search: Record<string, unknown>): { fund?: string } =>
  /^[\w.-]{1,40}$/.test(String(search.fund ?? "")) ? { fund: String(search.fund) } : {};
