import type { App } from "#core/app/app.ts";
import type { Dialect } from "#core/app/dialect.ts";
import type { ScopeOf } from "#core/app/rules.ts";
import { normaliseDesired } from "#core/diff/normalise-desired.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { digestOf } from "#core/resource/digest.ts";
import { gvkOf, type IdKey, idOf, keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { DesiredSet } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";
import type { Rendered } from "./ports.ts";

/** Makes rendered objects ready to be applied: the dialect's own preparation, ownership marks, normal form, digests. */
export function desiredSetOf(
  context: Pick<EngineContext, "registry" | "settings">,
  input: { app: App; dialect: Dialect; rendered: Rendered; scopeOf: ScopeOf },
): DesiredSet {
  const { app, dialect, rendered } = input;
  const prepared = dialect.prepare(rendered.resources, {
    app,
    scopeOf: input.scopeOf,
    lookup: context.registry.lookup(dialect.name),
    settings: context.settings,
  });
  const unique = uniqueObjects(prepared.resources, dialect.rules);
  const resources = unique.resources.map((resource) => normaliseDesired(dialect.rules.mark(resource, app)));
  const objects = resources.map((resource) => desiredOf(resource, { app, dialect, all: resources }));
  return {
    rendered,
    specDigest: app.specDigest,
    objects,
    byKey: new Map(objects.map((desired) => [desired.key, desired])),
    prepared,
    digest: digestOf([app.specDigest, objects.map((desired) => `${desired.key} ${desired.input}`).sort()]),
    duplicates: unique.duplicates,
  };
}

function desiredOf(resource: Resource, input: { app: App; dialect: Dialect; all: readonly Resource[] }): Desired {
  const { rules } = input.dialect;
  return {
    key: keyOf(resource),
    id: idOf(resource),
    version: gvkOf(resource).version,
    resource,
    options: rules.optionsOf(resource, null, input.app),
    stage: rules.stageOf(resource, input.app, input.all),
    rank: rules.rankOf(resource),
    input: digestOf(resource),
  };
}

/** The last of several declarations of one object wins; each such object is named. */
function uniqueObjects(
  resources: readonly Resource[],
  { repeatedText }: Dialect["rules"],
): { resources: Resource[]; duplicates: string[] } {
  const last = new Map<IdKey, Resource>();
  const twice = new Map<IdKey, number>();
  for (const resource of resources) {
    const key = keyOf(resource);
    if (last.has(key)) twice.set(key, (twice.get(key) ?? 1) + 1);
    last.set(key, resource);
  }
  const duplicates = [...twice].map(([key, times]) => repeatedText(parseIdKey(key), times));
  return { resources: [...last.values()], duplicates };
}
