import type { NeededSecret } from "#contract/migration-view.ts";
import { forgetCommands } from "./removed-blocks.ts";
import { quoted } from "./needed-secrets.ts";

/** What remains to be done, in order; commands stand on lines of their own, two blanks in. */
export function migrationSteps(migrated: {
  readonly folder: string;
  readonly addresses: readonly string[];
  readonly secrets: readonly NeededSecret[];
  readonly isChecked: boolean;
}): readonly string[] {
  const { folder, addresses, secrets, isChecked } = migrated;
  if (addresses.length === 0) return [];
  const at = (path: string) => quoted(`${folder}/${path}`);
  const check = "Compare what was written with what runs: add --check to this command.";
  return [
    ...(isChecked ? [] : [check]),
    ...secrets.map((secret) => secretStep(secret, at)),
    [
      "Let Terraform forget the releases, which keeps them running: take their resource blocks out of the configuration,",
      "add the removed blocks (Terraform 1.7 or newer), and apply.",
      `  cp ${at("terraform/removed.tf")} .`,
      "  terraform apply",
      "Or, with any version, before you take the blocks out:",
      ...forgetCommands(addresses).map((command) => `  ${command}`),
    ].join("\n"),
    [
      "Give the objects to the cluster, or commit them to the repository that it follows.",
      `  kubectl apply --server-side -R -f ${at("manifests")}`,
    ].join("\n"),
    "See that no release got a new revision.\n  holdfast get helmreleases",
  ];
}

function secretStep({ namespace, name, keys, command, file }: NeededSecret, at: (path: string) => string): string {
  const title = `Make the Secret ${namespace}/${name}:`;
  const parts = keys.map(({ key, holds }) => `  ${key}: ${holds}`);
  if (file === null) return [title, ...parts, "From files:", `  ${command}`].join("\n");
  const encrypted = at(`manifests/${namespace}/secret-${name}.yaml`);
  return [
    title,
    ...parts,
    "It was written in the clear. Encrypt it before it goes to Git, for that alone, then delete the first file:",
    `  sops --encrypt --encrypted-regex '^(data|stringData)$' ${at(file)} > ${encrypted}`,
    "Or give it to the cluster as it is:",
    `  kubectl apply --server-side -f ${at(file)}`,
  ].join("\n");
}
