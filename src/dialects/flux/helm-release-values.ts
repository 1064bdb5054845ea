import { type Reference, type ReferencedData, referenceKey } from "#core/app/app.ts";
import { valueAtPath, type ValuesPart } from "#core/helm/values-part.ts";
import { type Result, ok, refused } from "#core/result.ts";

/** An entry of a HelmRelease's `valuesFrom`. */
export interface ValuesReference {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
  readonly valuesKey?: string;
  readonly targetPath?: string;
  readonly optional?: boolean;
  readonly literal?: boolean;
}

/** A reference and the text that it means; null: it is optional and not there. */
export interface ResolvedValues {
  readonly reference: ValuesReference;
  readonly text: string | null;
}

type Values = Readonly<Record<string, unknown>>;

const usualKey = "values.yaml";

/** The key of the entry that a reference means. */
export function valuesKeyOf({ valuesKey }: ValuesReference): string {
  return valuesKey || usualKey;
}

/** Whole documents in their order, then the release's own values, then single values at their paths. */
export function valuesParts(resolved: readonly ResolvedValues[], own: Values): readonly ValuesPart[] {
  const documents: ValuesPart[] = [];
  const paths: ValuesPart[] = [];
  for (const { reference, text } of resolved) {
    if (text === null) continue;
    const { kind, name, targetPath = "", literal = false } = reference;
    if (targetPath === "") documents.push({ name: `${kind}/${name}`, yaml: text });
    else paths.push({ name: `${kind}/${name}`, set: valueAtPath(targetPath, text, literal) });
  }
  return [...documents, { name: "spec.values", object: own }, ...paths];
}

/** The objects that hold values of a release, each once. */
export function valuesReferences(references: readonly ValuesReference[], namespace: string): readonly Reference[] {
  const named = references.map(({ kind, name }): Reference => ({ kind, namespace, name }));
  return [...new Map(named.map((reference) => [referenceKey(reference), reference])).values()];
}

/** The texts that references mean; refused with upstream's words when one is missing and not optional. */
export function resolveValues(
  references: readonly ValuesReference[],
  namespace: string,
  find: (reference: Reference) => ReferencedData | null,
): Result<readonly ResolvedValues[], string> {
  const resolved: ResolvedValues[] = [];
  for (const reference of references) {
    const { kind, name, optional = false } = reference;
    const key = valuesKeyOf(reference);
    const data = find({ kind, namespace, name });
    const text = data && Object.hasOwn(data.text, key) ? (data.text[key] ?? "") : null;
    if (text === null && !optional) {
      const why = data ? "key not found" : `${kind.toLowerCase()}s "${name}" not found`;
      return refused(
        `${unresolvedValues} ${kind} chart values reference '${namespace}/${name}' with key '${key}': ${why}`,
      );
    }
    resolved.push({ reference, text });
  }
  return ok(resolved);
}

/** How every refusal of a values reference begins. */
export const unresolvedValues = "could not resolve";
