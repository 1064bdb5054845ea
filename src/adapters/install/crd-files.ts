import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { Resource } from "#core/resource/resource.ts";

const directory = join(import.meta.dirname, "../../../deploy/crds");

/** The definitions that come with this version, by name. @throws when there is none. */
export async function readCrds(signal: AbortSignal): Promise<readonly Resource[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".yaml")).sort();
  if (names.length === 0) throw new Error(`Cannot read the definitions: ${directory} is empty`);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), { encoding: "utf8", signal })));
  return texts.map((text) => parse(text) as Resource);
}
