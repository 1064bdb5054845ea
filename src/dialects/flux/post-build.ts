import type { Reference, ReferencedData } from "#core/app/app.ts";
import type { Substitution } from "#core/app/render-spec.ts";
import { type Result, ok, refused } from "#core/result.ts";
import type { KustomizationSpec } from "./kustomization-schema.ts";

type PostBuild = NonNullable<KustomizationSpec["postBuild"]>;

/** The objects that hold variables of a Kustomization. */
export function variableReferences(postBuild: PostBuild | undefined, namespace: string): readonly Reference[] {
  return (postBuild?.substituteFrom ?? []).map(({ kind, name }) => ({ kind, namespace, name }));
}

/** The variables of a Kustomization: what stands in it beats what it references, a later reference an earlier one. */
export function substitutionOf(
  postBuild: PostBuild,
  namespace: string,
  find: (reference: Reference) => ReferencedData | null,
): Result<Substitution, string> {
  const vars: Record<string, string> = {};
  for (const { kind, name, optional = false } of postBuild.substituteFrom ?? []) {
    const data = find({ kind, namespace, name });
    if (data) Object.assign(vars, data.text);
    else if (!optional) {
      return refused(`substitute from '${kind}/${name}' error: ${kind.toLowerCase()}s "${name}" not found`);
    }
  }
  Object.assign(vars, postBuild.substitute);
  return ok({
    vars,
    strategy: postBuild.substituteStrategy === "Always" ? "always" : "with-variables",
    strict: true,
  });
}
