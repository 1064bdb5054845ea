import type { App } from "#core/app/app.ts";
import type { Dialect, Prepared } from "#core/app/dialect.ts";
import type { ScopeOf } from "#core/app/rules.ts";
import { normaliseDesired } from "#core/diff/normalise-desired.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import { digestOf } from "#core/resource/digest.ts";
import { gvkOf, idKey, type IdKey, idOf, keyOf, parseIdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { PlannedHook } from "#core/sync/hook-stages.ts";
import type { EngineContext } from "./engine-context.ts";
import type { Rendered } from "#core/app/rendered.ts";

/** What an app shall look like on the cluster, made from one render and one spec. */
export interface DesiredSet {
  readonly rendered: Rendered;
  /** The app as it was parsed: it is parsed again whenever anything that counts here has changed. */
  readonly app: App;
  readonly objects: readonly Desired[];
  readonly byKey: ReadonlyMap<IdKey, Desired>;
  /** Objects that run in syncs instead of being kept. */
  readonly hooks: readonly PlannedHook[];
  readonly prepared: Prepared;
  /** Digest of everything declared: equal digests need no second sync. */
  readonly digest: string;
  /** Objects that the render held twice: refused by some dialects, warned about by others. */
  readonly duplicates: readonly string[];
}

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
  // What has no name yet is a hook that gets one with each run.
  const nameless = prepared.resources.filter(({ metadata }) => !metadata.name);
  const unique = uniqueObjects(prepared.resources.filter(({ metadata }) => metadata.name));
  const all = [...unique.resources, ...nameless].map((resource) => normaliseDesired(dialect.rules.mark(resource, app)));
  const roles = new Map(all.map((resource) => [resource, dialect.rules.hooks?.of(resource) ?? null]));
  const objects = all
    .filter((resource) => !roles.get(resource))
    .map((resource) => desiredOf(resource, { app, dialect, all }));
  const hooks = all.flatMap((resource): PlannedHook[] => {
    const spec = roles.get(resource);
    return spec ? [{ desired: desiredOf(resource, { app, dialect, all }), spec }] : [];
  });
  return {
    rendered,
    app,
    objects,
    byKey: new Map(objects.map((desired) => [desired.key, desired])),
    hooks,
    prepared,
    digest: digestOf([
      app.specDigest,
      inputsOf(objects),
      ...(hooks.length === 0 ? [] : [inputsOf(hooks.map(({ desired }) => desired))]),
    ]),
    duplicates: [...unique.repeated].map(([key, times]) => repeatedText(key, { times, dialect, rendered })),
  };
}

function inputsOf(objects: readonly Desired[]): readonly string[] {
  return objects.map((desired) => `${desired.key} ${desired.input}`).sort();
}

/** Why none of it may be applied, a line for each reason; null: it may. */
export function refusalText({ rules }: Dialect, { prepared, duplicates }: DesiredSet): string | null {
  const messages = prepared.refusals.map(({ message }) => message);
  if (rules.duplicates === "refuse") messages.push(...duplicates);
  return messages.length === 0 ? null : messages.join("\n");
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

/** The last of several declarations of one object wins. */
function uniqueObjects(resources: readonly Resource[]): { resources: Resource[]; repeated: Map<IdKey, number> } {
  const last = new Map<IdKey, Resource>();
  const repeated = new Map<IdKey, number>();
  for (const resource of resources) {
    const key = keyOf(resource);
    if (last.has(key)) repeated.set(key, (repeated.get(key) ?? 1) + 1);
    last.set(key, resource);
  }
  return { resources: [...last.values()], repeated };
}

function repeatedText(key: IdKey, input: { times: number; dialect: Dialect; rendered: Rendered }): string {
  const { times, dialect, rendered } = input;
  const id = parseIdKey(key);
  const text = dialect.rules.repeatedText(id, times);
  // A declaration may leave its namespace to the app.
  const places = rendered.places?.filter((_place, at) => {
    const declared = idOf(rendered.resources[at] as Resource);
    return idKey({ ...declared, namespace: declared.namespace || id.namespace }) === key;
  });
  return places && places.length > 1 ? `${text} (${places.join(", ")})` : text;
}
