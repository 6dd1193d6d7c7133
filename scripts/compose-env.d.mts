// The types of compose-env.mjs, which is plain JavaScript because it runs before anything is installed.
export function composeSecrets(options?: { langfuse?: boolean; now?: number }): Record<string, string>;
