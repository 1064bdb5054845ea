import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { Resource } from "#core/resource/resource.ts";

const examples = join(import.meta.dirname, "../../../examples");

/** The files of the repository that the examples follow. */
export const exampleRepository = join(examples, "repository");

/** The objects of a folder of examples, following the repository at `url`. */
export async function exampleObjects(folder: "flux" | "argocd", url: string, signal: AbortSignal): Promise<Resource[]> {
  const names = (await readdir(join(examples, folder))).filter((name) => name.endsWith(".yaml")).sort();
  const texts = await Promise.all(
    names.map((name) => readFile(join(examples, folder, name), { encoding: "utf8", signal })),
  );
  // The namespace comes before what lies in it.
  return texts
    .map((text) => pointedAt(parse(text) as Resource, url))
    .sort((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
}

function pointedAt(object: Resource, url: string): Resource {
  const { spec } = object as { spec?: Record<string, unknown> };
  if (object.kind === "GitRepository") return { ...object, spec: { ...spec, url } };
  if (object.kind !== "Application") return object;
  return { ...object, spec: { ...spec, source: { ...(spec?.["source"] as object), repoURL: url } } };
}
