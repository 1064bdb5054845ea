import { quoted } from "./needed-secrets.ts";

/** Blocks that let Terraform forget resources without touching what they made. They name resources, without keys. */
export function removedBlocks(resources: readonly string[]): string {
  const blocks = [...new Set(resources)].map(
    (resource) => `removed {\n  from = ${resource}\n\n  lifecycle {\n    destroy = false\n  }\n}\n`,
  );
  return blocks.join("\n");
}

/** The same as commands, one for each instance. */
export function forgetCommands(addresses: readonly string[]): readonly string[] {
  return addresses.map((address) => `terraform state rm ${quoted(address)}`);
}
