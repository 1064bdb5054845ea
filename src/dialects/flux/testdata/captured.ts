import { readFileSync, readdirSync } from "node:fs";
import { load } from "js-yaml";
import type { Resource } from "#core/resource/resource.ts";

const directory = new URL("./", import.meta.url);

/** An object as Flux's own controllers left it on a real API server. */
export function captured(name: string): Resource {
  return load(readFileSync(new URL(`${name}.yaml`, directory), "utf8")) as Resource;
}

/** The names of all captured objects that begin with a prefix. */
export function capturedNames(prefix: string): readonly string[] {
  return readdirSync(directory)
    .filter((file) => file.startsWith(prefix) && file.endsWith(".yaml"))
    .map((file) => file.replace(/\.yaml$/, ""));
}
