// The only reader of process.env: settings, checks, defaults, and the keys a stack makes for itself.
export * from "./config.ts";
export { envExample } from "./env-example.ts";
export { codecKey, type KeyName, makeHome, ownKey } from "./keys.ts";
export { SETTINGS, type SettingName } from "./settings.ts";
