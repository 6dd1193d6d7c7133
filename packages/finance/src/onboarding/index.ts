// Onboarding: beneficial owners, risk and the clock of reviews.
export * from "./ownership.ts";
export * from "./review.ts";
