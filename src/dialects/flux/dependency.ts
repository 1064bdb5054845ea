import type { App, AppKey } from "#core/app/app.ts";
import { conditionOf, conditionsOf, numberAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";

/** Upstream's built-in check of one dependency: it exists, is observed, is ready, and applied our revision when it follows our source. */
export function dependencyProblem(
  app: App,
  dependency: Resource | null,
  { key, revision }: { readonly key: AppKey; readonly revision: Revision },
): string | null {
  const name = key.slice(key.indexOf("/") + 1);
  if (dependency === null) {
    const missing = name.slice(name.indexOf("/") + 1);
    return `dependency '${name}' not found: kustomizations.kustomize.toolkit.fluxcd.io "${missing}" not found`;
  }
  const observed = numberAt(dependency, ["status", "observedGeneration"], 0);
  const unobserved = conditionsOf(dependency).length === 0 || observed !== (dependency.metadata.generation ?? 0);
  if (unobserved || conditionOf(dependency, "Ready")?.status !== "True") return `dependency '${name}' is not ready`;
  const sameSource = app.sources.some(({ source }) => source === sourceOf(dependency));
  if (sameSource && textAt(dependency, ["status", "lastAppliedRevision"]) !== revision.text) {
    return `dependency '${name}' revision is not up to date`;
  }
  return null;
}

function sourceOf(object: Resource): string {
  const ref = (field: string) => textAt(object, ["spec", "sourceRef", field]);
  return `${ref("kind")}/${ref("namespace") || object.metadata.namespace}/${ref("name")}`;
}
