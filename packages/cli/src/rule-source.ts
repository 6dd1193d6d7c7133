// Packs of compliance rules from policies/rules by their name, or from any file; a wrong one with every mistake and its line.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { LONGEST_PACK, type PackFile, readPackText } from "@evergreen-fund/compliance-rules";
import { REPOSITORY_ROOT } from "@evergreen-fund/config/config.ts";
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";
import { plain } from "./output.ts";

const FOLDER = join(REPOSITORY_ROOT, "policies", "rules");

/** The packs that come with the platform, right or wrong, in the order of their names. */
export async function shippedPacks(): Promise<PackFile[]> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".yaml")).sort();
  return Promise.all(
    names.map(async (name) => readPackText(await readFile(join(FOLDER, name), "utf8"), `policies/rules/${name}`)),
  );
}

/** The pack of a name or a file, right or wrong. Errors: EG400 no such file, EG404 no such pack, EG413. */
export async function packFile(given: string): Promise<PackFile> {
  if (!/[/\\]|\.(ya?ml|json)$/i.test(given)) {
    const shipped = await shippedPacks();
    const found = shipped.find(({ file }) => file === `policies/rules/${given}.yaml`);
    const names = shipped.map(({ file }) => file.slice("policies/rules/".length, -".yaml".length)).join(", ");
    if (found === undefined)
      throw new EvergreenError("EG404", `There is no pack of rules ${plain(given)}; there are ${names}.`);
    return found;
  }
  const text = await readFile(given, "utf8").catch((cause: unknown) => {
    throw new EvergreenError("EG400", `There is no file ${plain(given)}.`, { cause });
  });
  if (text.length > LONGEST_PACK) throw new EvergreenError("EG413", `${plain(given)} is larger than 512 KB.`);
  return readPackText(text, plain(given));
}
