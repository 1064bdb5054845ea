import { yamlDocuments } from "#cli/yaml-documents.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { MigrationFile } from "./migration-folder.ts";
import type { MigrationObjects } from "./migration-objects.ts";
import { type PlannedSecret, secretObject } from "./needed-secrets.ts";
import { removedBlocks } from "./removed-blocks.ts";

/** The files that hold no secret: one for each object, and what lets Terraform forget. */
export function migrationFiles({ releases, sources }: MigrationObjects): readonly MigrationFile[] {
  if (releases.length === 0) return [];
  const objects = [...sources, ...releases.map(({ object }) => object)];
  const text = removedBlocks(releases.map(({ draft }) => draft.from.resource));
  return [...objects.map(fileOf), { path: "terraform/removed.tf", text, isPrivate: false }];
}

/** A file for each Secret of which everything is known. */
export function secretFiles({
  secrets,
}: MigrationObjects): readonly { readonly secret: PlannedSecret | null; readonly file: MigrationFile }[] {
  const files = secrets.flatMap((secret) => {
    const object = secretObject(secret);
    if (!object) return [];
    const path = `secrets/${secret.namespace}/${secret.name}.yaml`;
    return [{ secret, file: { path, text: yamlDocuments([object]), isPrivate: true } }];
  });
  if (files.length === 0) return [];
  // Nobody shall commit them before they are encrypted.
  return [...files, { secret: null, file: { path: "secrets/.gitignore", text: "*\n", isPrivate: false } }];
}

function fileOf(object: Resource): MigrationFile {
  const { name, namespace = "" } = object.metadata;
  const path = `manifests/${namespace}/${object.kind.toLowerCase()}-${name}.yaml`;
  return { path, text: yamlDocuments([object]), isPrivate: false };
}
