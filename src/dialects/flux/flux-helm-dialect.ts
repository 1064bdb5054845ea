import type { App, AppKey } from "#core/app/app.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { conditionOf, numberAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { refused } from "#core/result.ts";
import { helmDialectName, parseHelmRelease } from "./helm-release-parse.ts";
import { completeReleaseRender, prepareRelease } from "./helm-release-render.ts";
import { reportHelmRelease } from "./helm-release-report.ts";
import { restoreRelease } from "./helm-release-restore.ts";
import { helmRules } from "./helm-release-rules.ts";
import { helmAppKinds } from "./kinds.ts";
import { revisionOf } from "./parse-source.ts";
import { artifactPlace, reportSource } from "./report-source.ts";
import { withUserMetadata } from "./user-metadata.ts";

/** Flux's HelmRelease; its sources are those of the other dialect of Flux. */
export const fluxHelmDialect: Dialect = {
  name: helmDialectName,
  appKinds: helmAppKinds,
  sourceKinds: [],
  configKinds: [],
  parseApp: (object, _lookup, settings) => parseHelmRelease(object, settings),
  completeRender: completeReleaseRender,
  terminationOf: () => null,
  parseSource: ({ kind }) => refused([{ path: "kind", message: `${kind} is no source of this dialect` }]),
  revisionOf,
  prepare: prepareRelease,
  dependencyProblem,
  restore: restoreRelease,
  reportApp: (input) => withUserMetadata(input.object, reportHelmRelease(input)),
  reportSource: (input) => withUserMetadata(input.object, reportSource(input)),
  artifactPlace,
  rules: helmRules,
};

/** Upstream's built-in check of one dependency: it exists, is observed and is ready. */
function dependencyProblem(_app: App, dependency: Resource | null, key: AppKey): string | null {
  const name = key.slice(key.indexOf("/") + 1);
  if (dependency === null) {
    const missing = name.slice(name.indexOf("/") + 1);
    return `unable to get '${name}' dependency: helmreleases.helm.toolkit.fluxcd.io "${missing}" not found`;
  }
  const observed = numberAt(dependency, ["status", "observedGeneration"], 0);
  const isReady =
    observed === (dependency.metadata.generation ?? 0) && conditionOf(dependency, "Ready")?.status === "True";
  return isReady ? null : `dependency '${name}' is not ready`;
}
