// Messages to programs of others by Standard Webhooks: signatures, addresses, one attempt, and when the next one is due.
export { checkedLookup, endpointUrl, isPublicAddress } from "./address.ts";
export { nextAttemptMs, WAITS_SECONDS } from "./retries.ts";
export { openSecret, type SealingKey, sealedFor, sealingKey, sealSecret } from "./seal.ts";
export { ANSWER_MS, type Attempt, type Outcome, outcomeOf, sendWebhook } from "./send.ts";
export { type Message, newSecret, signedHeaders } from "./signature.ts";
