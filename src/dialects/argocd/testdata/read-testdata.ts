import { readFileSync } from "node:fs";
import { load, JSON_SCHEMA } from "js-yaml";
import type { Resource } from "#core/resource/resource.ts";

/** An object that the vendor's controller left on a cluster. */
export function captured(name: string): Resource {
  const text = readFileSync(new URL(`./application-${name}.yaml`, import.meta.url), "utf8");
  return load(text, { schema: JSON_SCHEMA }) as Resource;
}
