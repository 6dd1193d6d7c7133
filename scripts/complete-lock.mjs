// For whoever changes a dependency: adds to package-lock.json the optional packages of other platforms that the registry in use did not list,
// so that `npm ci` accepts the file everywhere. Entries carry no integrity; npm takes the pinned version. Run after `npm install`.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const OS = [
  "darwin",
  "linux",
  "win32",
  "windows",
  "android",
  "freebsd",
  "netbsd",
  "openbsd",
  "sunos",
  "aix",
  "openharmony",
];
const CPU = ["x64", "64", "arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el", "wasm32"];

let added = 0;
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined || !/^\d/.test(version)) continue;
    const words = name.split(/[/-]/);
    const os = words.find((word) => OS.includes(word));
    const cpu = words.findLast((word) => CPU.includes(word));
    if (os === undefined) continue;
    lock.packages[key] = {
      version,
      ...(cpu ? { cpu: [cpu === "64" ? "x64" : cpu] } : {}),
      ...(parent.dev ? { dev: true } : {}),
      ...(words.includes("musl") ? { libc: ["musl"] } : {}),
      optional: true,
      os: [os === "windows" ? "win32" : os],
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} packages of other platforms added to package-lock.json.\n`);
