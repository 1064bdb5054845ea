import type { ObjectDiff } from "#contract/diff-view.ts";
import { releaseSecretName } from "#core/helm/release-record.ts";
import type { HelmHookEvent } from "#core/helm/release.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { hooksOf, type ReleaseHook } from "#core/release/release-plan.ts";
import { idKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { namespaceObject } from "#engine/release/held-release.ts";
import type { FieldQueries } from "#engine/field-queries.ts";
import { type FoundApp, usableApp } from "./cli-app-record.ts";
import { declaredDiff } from "./cli-declared-diff.ts";
import type { DeclaredRelease, NextRevision } from "./cli-declared-release.ts";

/** What a revision of a release does besides writing its objects, before that and after. */
export interface ReleaseDiffs {
  readonly before: readonly ObjectDiff[];
  readonly after: readonly ObjectDiff[];
}

/** A revision that would be written; `objectsOf` makes objects ready to be compared. */
export interface RevisionParts extends Pick<DeclaredRelease, "crds" | "hooks"> {
  readonly revision: NextRevision;
  readonly objectsOf: (resources: readonly Resource[]) => readonly Desired[];
}

/** What a revision that would be written does besides: definitions, Helm's record, hooks that would run. */
export async function releaseDiffs(
  { client, record, queries }: FoundApp & { readonly queries: FieldQueries },
  { revision, crds, hooks, objectsOf }: RevisionParts,
  signal: AbortSignal,
): Promise<ReleaseDiffs> {
  const policy = usableApp(record).release;
  if (!policy) return { before: [], after: [] };
  const { action, version, why } = revision;
  const { [action]: rules } = policy;
  const first: ObjectDiff[] = [];
  const isNew = action === "install" && policy.install.createNamespace;
  const definitions = rules.crds === "Skip" ? [] : crds;
  for (const desired of objectsOf([...(isNew ? [namespaceObject(policy.namespace)] : []), ...definitions])) {
    const diff = await declaredDiff({ client, queries }, { record, desired }, signal);
    const isReplaced = rules.crds === "CreateReplace" && desired.id.kind === "CustomResourceDefinition";
    if (diff && diff !== "marked" && (diff.change === "create" || isReplaced)) first.push(diff);
  }
  const ready = hooks.flatMap(({ hook, object }) =>
    objectsOf([object]).map((desired): ReleaseHook => ({ hook, desired })),
  );
  const run = (event: HelmHookEvent) => (rules.hooks ? hookDiffs(ready, event) : []);
  const secret = { group: "", kind: "Secret", namespace: policy.storageNamespace };
  const text = `+ revision ${version} of the release ${policy.name}, ${action}: ${why}\n`;
  return {
    before: [
      ...first,
      { id: idKey({ ...secret, name: releaseSecretName(policy.name, version) }), change: "create", text },
      ...run(`pre-${action}`),
    ],
    after: [...run(`post-${action}`), ...(policy.test.enable ? hookDiffs(ready, "test") : [])],
  };
}

function hookDiffs(hooks: readonly ReleaseHook[], event: HelmHookEvent): ObjectDiff[] {
  return hooksOf(hooks, event).map(({ hook, desired }) => {
    const text = `+ ${event} hook, weight ${hook.weight ?? 0}\n`;
    return { id: desired.key, change: "run", text };
  });
}
