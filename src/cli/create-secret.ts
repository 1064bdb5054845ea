import { Command } from "commander";
import { withCluster, type ConnectionOptions } from "./connection-options.ts";
import type { CreateParts } from "./create-parts.ts";
import { secretKinds, type SecretKind, type SecretUse } from "./secret-kinds.ts";
import { yamlDocuments } from "./yaml-documents.ts";

interface Options extends ConnectionOptions {
  readonly namespace: string;
  readonly export: boolean;
  readonly [option: string]: unknown;
}

/** The command group `create secret`: Secrets with the keys that sources and decryption read. */
export function secretCommand(parts: CreateParts): Command {
  const group = new Command("secret")
    .description("create a Secret with the keys that sources and decryption read")
    .addHelpText(
      "after",
      "\nWhat is secret comes from files, so that it is in no shell's history; - is standard input.",
    );
  for (const [use, kind] of Object.entries(secretKinds)) group.addCommand(kindCommand(use as SecretUse, kind, parts));
  return group;
}

function kindCommand(use: SecretUse, kind: SecretKind, { actions, terminal, signal }: CreateParts): Command {
  const command = new Command(use).description(kind.about).argument("<name>", "name of the Secret");
  for (const { flag, about } of [...kind.words, ...kind.files]) command.option(flag, about);
  command
    .option("-n, --namespace <name>", "namespace of what refers to it", "flux-system")
    .option("--export", "print YAML, values included, instead of applying it", false)
    .action(async (name: string, options: Options) => {
      const { namespace } = options;
      const words = given(command, kind.words);
      const draft = { use, name, namespace, words, files: given(command, kind.files) };
      const secret = await actions.secretOf(draft, signal);
      if (options.export) return terminal.out(yamlDocuments([secret]));
      for (const line of await actions.ensure([secret], options, signal)) terminal.out(`${line}\n`);
      terminal.note(`Refer to it: ${kind.reference.replace("NAME", name)}`);
    });
  return withCluster(command);
}

/** The values of options by the key that each is for. */
function given(command: Command, options: SecretKind["words"]): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const { flag, key } of options) {
    const option = command.options.find((one) => one.flags === flag);
    const value: unknown = option && command.getOptionValue(option.attributeName());
    if (typeof value === "string") values[key] = value;
  }
  return values;
}
