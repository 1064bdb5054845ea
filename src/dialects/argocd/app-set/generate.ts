import { type AppSet, type Asking, ask, type GeneratedSet, type Params, SetError } from "#core/app/app-set.ts";
import type { Lookup } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import { checkedApps } from "./checked-apps.ts";
import { filled } from "./fill.ts";
import { kindsOf, paramsOfKind } from "./generators.ts";
import type { Making } from "./making.ts";
import { mustBeFew } from "./param-limit.ts";
import { filledUp } from "./params.ts";
import type { Installation } from "../settings.ts";
import { specOf } from "./set-spec.ts";
import { type PatchedApp, patchedApp } from "./template-patch.ts";
import type { GeneratorFields, SetSpecFields } from "./set-schema.ts";

interface Job {
  readonly tree: number;
  readonly params: Params;
}

/** Works out the Applications of a set. @throws SetError where one set of parameters or template cannot be used */
export function* generate(set: AppSet, lookup: Lookup, installation: Installation): Asking<GeneratedSet> {
  const { object } = set;
  const spec = specOf(object);
  const making: Making = {
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? "",
    installation,
    project: spec.template.spec.project.includes("{{") ? "" : spec.template.spec.project,
    style: { goTemplate: spec.goTemplate ?? false, options: spec.goTemplateOptions ?? [] },
    lookup,
  };
  const trees: unknown[] = [];
  const jobs: Job[] = [];
  for (const generator of spec.generators) {
    for (const kind of kindsOf(generator)) {
      const sets = yield* paramsOfKind(generator, { kind }, making);
      mustBeFew(sets.length + jobs.length);
      const tree = trees.push(templateOf(generator, kind, spec)) - 1;
      for (const params of sets) jobs.push({ tree, params });
    }
  }
  const made = yield* filled(making.style, { trees, jobs }, "template");
  const patched = yield* withPatches(made as readonly PatchedApp[], { jobs, spec, making });
  return checkedApps(
    patched.map((app) => childOf(object, app, spec)),
    { set: object, lookup, settings: installation },
  );
}

/** What a generator's own template says counts before the set's. */
function templateOf(generator: GeneratorFields, kind: keyof GeneratorFields, { template }: SetSpecFields): unknown {
  const own = (generator[kind] as { readonly template?: Params } | undefined)?.template ?? {};
  return filledUp(own, template);
}

function* withPatches(
  apps: readonly PatchedApp[],
  work: { readonly jobs: readonly Job[]; readonly spec: SetSpecFields; readonly making: Making },
): Asking<readonly PatchedApp[]> {
  const { jobs, spec, making } = work;
  if (spec.templatePatch === undefined || apps.length === 0) return apps;
  const patches = jobs.map(({ params }) => ({ tree: 0, params }));
  const texts = (yield* filled(making.style, { trees: [spec.templatePatch], jobs: patches }, "template")) as string[];
  const values = yield* ask("decode", { texts });
  return apps.map((app, index) => {
    const answer = values[index] ?? { error: "no answer" };
    if ("error" in answer) throw new SetError("template", `invalid templatePatch: ${answer.error}`);
    return patchedApp(app, answer.value);
  });
}

const RESOURCES_FINALIZER = "resources-finalizer.argocd.argoproj.io";

function childOf(set: Resource, app: PatchedApp, { syncPolicy }: SetSpecFields): Resource {
  const { name = "", labels, annotations, finalizers = [] } = app.metadata ?? {};
  const isKept = syncPolicy?.preserveResourcesOnDeletion ?? false;
  const own = finalizers.length === 0 && !isKept ? [RESOURCES_FINALIZER] : finalizers;
  const spec = app.spec ?? {};
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: {
      name,
      namespace: set.metadata.namespace ?? "",
      ...(labels && Object.keys(labels).length > 0 && { labels }),
      ...(annotations && Object.keys(annotations).length > 0 && { annotations }),
      ...(own.length > 0 && { finalizers: own }),
    },
    spec: { ...spec, project: spec["project"] || "default" },
    ...(app.operation !== undefined && { operation: app.operation }),
  };
}
