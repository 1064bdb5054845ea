import type { Dialect } from "#core/app/dialect.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";

/** What an address means: a kind of app (null: any), a namespace (undefined: any) and a name. */
export interface ParsedAddress {
  readonly short: string | null;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Reads `NAME`, `ks/NAME` or `ks/NAMESPACE/NAME`. @throws CliError when it is none of them */
export function parseAppAddress(
  address: { readonly name: string; readonly namespace?: string | undefined },
  dialects: readonly Dialect[],
): ParsedAddress {
  const parts = address.name.split("/");
  const [first = ""] = parts;
  if (parts.some((part) => part === "") || parts.length > 3) {
    throw refusal(`Cannot use "${address.name}" as an app`, "Write NAME, ks/NAME or ks/NAMESPACE/NAME.");
  }
  if (parts.length === 1) return { short: null, namespace: address.namespace, name: first };
  const kinds = dialects.flatMap((dialect) => dialect.appKinds);
  const kind = kinds.find((one) => [one.short, one.kind, one.plural].some((word) => sameWord(word, first)));
  if (!kind) {
    const known = kinds.map((one) => `${one.short} (${one.kind})`).join(", ");
    throw refusal(`Cannot use "${address.name}": there is no kind of app called "${first}"`, `Kinds are ${known}.`);
  }
  const namespace = parts.length === 3 ? parts[1] : address.namespace;
  if (parts.length === 3 && address.namespace !== undefined && address.namespace !== namespace) {
    throw refusal(`Cannot use "${address.name}" with -n ${address.namespace}: they differ`, "Leave one of them out.");
  }
  return { short: kind.short, namespace, name: parts.at(-1) ?? "" };
}

function sameWord(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function refusal(message: string, advice: string): CliError {
  return new CliError(message, { advice, exitCode: exitCode.usage });
}
