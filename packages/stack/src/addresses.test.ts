// What is printed when everything is up: where things answer, who may sign in, and no promise that the settings break.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@evergreen-fund/config";
import { afterAll, expect, it } from "vitest";
import { banner, stackAddresses } from "./addresses.ts";

const home = mkdtempSync(join(tmpdir(), "evergreen-banner-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const addresses = stackAddresses(readConfig({ EVERGREEN_HOME: home }));

it("names every address and every login with its password", () => {
  const text = banner(addresses, []);
  const { logins, ...places } = addresses;
  for (const place of Object.values(places)) expect(text).toContain(place);
  expect(new Set(logins.map(({ role }) => role))).toEqual(new Set(["pm_role", "lp_role", "ops_role", "audit_role"]));
  for (const { role, email, password } of logins)
    expect(text).toMatch(new RegExp(`^ +${role} +${email} +${password}$`, "m"));
  expect(text).toContain("synthetic people");
});

it("says that nothing leaves the machine only when nothing does", () => {
  expect(banner(addresses, [])).toContain("Everything runs here; nothing phones home.");
  const text = banner(addresses, ["Temporal", "Langfuse"]);
  expect(text).not.toContain("nothing phones home");
  expect(text).toContain("It uses what was set: Temporal, Langfuse.");
});
