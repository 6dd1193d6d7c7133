// What docker-compose.yml must keep, as a function of the parsed file, so that each rule can be seen to find what is planted.
import { SETTINGS } from "@evergreen-fund/config/settings.ts";

export interface ComposeEntry {
  image?: string;
  profiles?: string[];
  restart?: string;
  ports?: string[];
  healthcheck?: { test?: unknown[] };
  depends_on?: Record<string, { condition?: string }>;
  environment?: Record<string, string>;
  command?: string[];
  volumes?: string[];
  configs?: { source: string }[];
}
export interface ComposeFile {
  services: Record<string, ComposeEntry>;
  volumes: Record<string, unknown>;
  configs: Record<string, { content?: string }>;
}

export const PROFILES = ["core", "langfuse", "s3"];
const PINNED = /^[\w./-]+:v?\d+(\.\d+){1,3}(-[\w.]+)?$/;
const OURS = "evergreen/platform:";

/** One sentence per fault. @param text the file as written. @param secrets names that scripts/compose-env.mjs makes. @param exists whether a file of the repository exists. */
export function composeFaults(
  file: ComposeFile,
  text: string,
  secrets: readonly string[],
  exists: (path: string) => boolean,
): string[] {
  const services = Object.entries(file.services);
  return [
    ...services.flatMap(([name, service]) => serviceFaults(name, service, file, exists)),
    ...profileFaults(services),
    ...variableFaults(text, secrets),
  ];
}

function serviceFaults(
  name: string,
  service: ComposeEntry,
  file: ComposeFile,
  exists: (path: string) => boolean,
): string[] {
  const faults: string[] = [];
  const fault = (words: string): void => void faults.push(`${name}: ${words}`);
  const image = service.image ?? "";
  if (!PINNED.test(image)) fault(`the image ${image} is not pinned to a version`);
  const staysUp = service.restart === "unless-stopped";
  if (staysUp && !Array.isArray(service.healthcheck?.test)) fault("stays up and has no health check");
  if (!staysUp && service.healthcheck !== undefined) fault("ends by itself and has a health check nobody can pass");
  for (const port of service.ports ?? [])
    if (!/^127\.0\.0\.1:\d+:\d+$/.test(port)) fault(`the port ${port} is open to other machines`);
  for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
    const target = file.services[needed];
    if (target === undefined) fault(`waits for ${needed}, which does not exist`);
    else if (!(service.profiles ?? []).every((profile) => target.profiles?.includes(profile)))
      fault(`waits for ${needed}, which is not in its profile`);
    else if (condition !== (target.restart === "unless-stopped" ? "service_healthy" : "service_completed_successfully"))
      fault(`waits for ${needed} to be ${condition ?? "started"}`);
  }
  for (const volume of service.volumes ?? [])
    if (!((volume.split(":")[0] ?? "") in file.volumes)) fault(`the volume ${volume} is not declared`);
  for (const { source } of service.configs ?? [])
    if (!(source in file.configs)) fault(`the config ${source} is not declared`);
  if (image.startsWith(OURS)) {
    for (const setting of Object.keys(service.environment ?? {}))
      if (!(setting in SETTINGS)) fault(`${setting} is no setting of packages/config`);
    const entry = service.command?.[0] ?? "";
    if (!exists(entry)) fault(`runs ${entry}, which does not exist`);
  }
  return faults;
}

function profileFaults(services: [string, ComposeEntry][]): string[] {
  const strange = services.filter(
    ([, { profiles = [] }]) => profiles.length === 0 || !profiles.every((profile) => PROFILES.includes(profile)),
  );
  const empty = PROFILES.filter((profile) => !services.some(([, service]) => service.profiles?.includes(profile)));
  return [
    ...strange.map(([name]) => `${name}: is in no known profile`),
    ...empty.map((profile) => `profile ${profile} has no service`),
  ];
}

/** A variable is made by compose-env.mjs or has a default; a secret that nothing uses is a leftover. */
function variableFaults(text: string, secrets: readonly string[]): string[] {
  const code = text.split("\n").filter((line) => !line.trimStart().startsWith("#"));
  const used = code
    .flatMap((line) => [...line.matchAll(/(?<!\$)\$\{([A-Z_0-9]+)(:[-?])?/g)])
    .map(([, name = "", otherwise]) => ({ name, hasDefault: otherwise === ":-" }));
  const unknown = used
    .filter(({ name, hasDefault }) => !hasDefault && !secrets.includes(name))
    .map(({ name }) => `${name} is made by nobody`);
  const idle = secrets
    .filter((name) => name !== "SERVICE_ROLE_KEY" && !used.some((one) => one.name === name))
    .map((name) => `${name} is used by nobody`);
  return [...new Set([...unknown, ...idle])];
}
