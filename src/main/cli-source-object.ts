import { textAt } from "#core/health/condition.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient, ObjectRef } from "#engine/ports.ts";
import { sourceReader } from "./dialects.ts";

/** Whom source objects are read from. */
export type ObjectReader = Pick<ClusterClient, "get">;

/** The address of a source's object; null for a source that is none. */
export function refOfSource(key: string): ObjectRef | null {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  const reader = sourceReader(kind);
  return reader ? { apiVersion: joinApiVersion(reader.kind), kind, namespace, name } : null;
}

/** The source that an object of its own namespace is made of, as a chart is of its repository; null: it is made of none. */
export function originRefOf(object: Resource): ObjectRef | null {
  const [kind, name] = ["kind", "name"].map((field) => textAt(object, ["spec", "sourceRef", field]));
  return kind && name ? refOfSource(`${kind}/${object.metadata.namespace ?? ""}/${name}`) : null;
}

/**
 * A source by its key, with what it is made of; `object` is what it is declared as where it need not be read.
 * @throws CliError when it is missing or cannot be used
 */
export async function sourceAt(
  client: ObjectReader,
  { key, object }: { readonly key: SourceKey; readonly object: Resource | null },
  signal: AbortSignal,
): Promise<Source> {
  const ref = refOfSource(key);
  const reader = ref && sourceReader(ref.kind);
  const found = object ?? (ref && (await client.get(ref, { signal })));
  if (!found || !reader) {
    throw new CliError(`Cannot find ${key}`, {
      advice: "Create it: holdfast create source NAME --url URL",
      exitCode: exitCode.notFound,
    });
  }
  const originRef = originRefOf(found);
  const origin = originRef && (await client.get(originRef, { signal }));
  const parsed = reader.dialect.parseSource(found, (kind, _namespace, name) => {
    return kind === originRef?.kind && name === originRef.name ? origin : null;
  });
  if (parsed.ok) return parsed.value;
  const problems = parsed.error.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new CliError(`Cannot use ${key}: ${problems}`, { advice: "Correct its spec.", exitCode: exitCode.refused });
}
