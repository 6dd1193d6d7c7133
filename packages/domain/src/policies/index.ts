// Policies as data: dealing terms, liquidity tools, and the packs of regimes they start from.
export * from "./dealing-policy.ts";
export * from "./kyc-policy.ts";
export * from "./lmt-policy.ts";
export * from "./portfolio-limit.ts";
export * from "./regime-pack.ts";
export * from "./shapes.ts";
export * from "./stress-programme.ts";
