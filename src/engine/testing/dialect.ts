import type { App } from "#core/app/app.ts";
import type { Dialect, DialectKind } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import { ok } from "#core/result.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { plainApp, plainRules } from "./app.ts";

/** The kinds of the plain dialect: apps, sources, and limits that apps look up. */
export const plainKinds = {
  app: dialectKind("App", "app"),
  source: dialectKind("Repo", "repo"),
  limits: dialectKind("Limits", "limits"),
};

/** A dialect whose objects carry neutral values in their spec, and whose statuses say the phase. */
export const plainDialect: Dialect = {
  name: "plain",
  appKinds: [plainKinds.app],
  sourceKinds: [plainKinds.source],
  configKinds: [plainKinds.limits],
  parseApp: (object, lookup) => {
    const { problem, limitedBy, ...changes } = object["spec"] as Partial<App> & {
      problem?: string;
      limitedBy?: string;
    };
    if (problem !== undefined) return { ok: false, error: [{ path: "spec", message: problem }] };
    if (limitedBy !== undefined && !lookup("Limits", "apps", limitedBy))
      return { ok: false, error: [{ path: "spec.limitedBy", message: "not found" }] };
    return { ok: true, value: parsedApp(object, changes) };
  },
  completeRender: (_app, render) => ok(render),
  terminationOf: () => null,
  parseSource: (object, lookup) => {
    const { problem, limitedBy, ...changes } = object["spec"] as Partial<Source> & {
      problem?: string;
      limitedBy?: string;
    };
    if (limitedBy !== undefined && !lookup("Repo", "apps", limitedBy))
      return { ok: false, error: [{ path: "spec.limitedBy", message: "not found" }] };
    if (problem !== undefined) return { ok: false, error: [{ path: "spec", message: problem }] };
    return { ok: true, value: plainSource(object.metadata.name, changes) };
  },
  revisionOf: (source, commit, refName) => ({ text: `${source.ref.value}@${commit}`, commit, refName }),
  prepare: (resources) => ({ resources, refusals: [], warnings: [] }),
  dependencyProblem: (_app, dependency, key) => (dependency ? null : `${key} not found`),
  restore: () => ({
    applied: null,
    attempted: null,
    handledToken: null,
    inventory: [],
    sync: null,
    isCurrent: true,
    release: null,
  }),
  reportApp: ({ report }) => ({ status: { phase: report.phase.kind }, patch: null, events: [] }),
  reportSource: ({ report }) => ({ status: { state: report.state.kind }, patch: null, events: [] }),
  artifactPlace: (object, { commit }) => ({ path: `repo/apps/${object.metadata.name}/${commit}.tar.gz`, file: null }),
  rules: plainRules,
};

/** An app object of the plain dialect; `spec` holds parts of the parsed app. */
export function appObject(
  name: string,
  spec: Partial<App> & { problem?: string; limitedBy?: string } = {},
  metadata: Partial<Resource["metadata"]> = {},
): Resource {
  return plainObject(plainKinds.app, name, { spec, metadata });
}

/** A source object of the plain dialect; `spec` holds parts of the parsed source. */
export function sourceObject(
  name: string,
  spec: Partial<Source> & { problem?: string; limitedBy?: string } = {},
  metadata: Partial<Resource["metadata"]> = {},
): Resource {
  return plainObject(plainKinds.source, name, { spec, metadata });
}

/** A source named `Repo/apps/<name>`, with the given parts changed. */
export function plainSource(name: string, changes: Partial<Source> = {}): Source {
  return {
    key: `Repo/apps/${name}` as SourceKey,
    url: "https://git.test/one.git",
    ref: { kind: "branch", value: "main" },
    remote: { kind: "git" },
    secrets: {},
    intervalMs: 60_000,
    timeoutMs: 10_000,
    ignore: undefined,
    suspended: false,
    object: { apiVersion: "plain.test/v1", kind: "Repo", namespace: "apps", name, uid: `uid-${name}`, generation: 1 },
    recorded: null,
    requestToken: null,
    ...changes,
  };
}

function dialectKind(kind: string, short: string): DialectKind {
  return { group: "plain.test", version: "v1", kind, plural: `${kind.toLowerCase()}s`, short };
}

function plainObject(
  kind: DialectKind,
  name: string,
  parts: { spec: object; metadata: Partial<Resource["metadata"]> },
): Resource {
  return {
    apiVersion: "plain.test/v1",
    kind: kind.kind,
    metadata: { name, namespace: "apps", uid: `uid-${name}`, resourceVersion: "1", ...parts.metadata },
    spec: parts.spec,
  };
}

function parsedApp(object: Resource, changes: Partial<App>): App {
  const { name, deletionTimestamp, finalizers = [] } = object.metadata;
  const app = plainApp(name, { deleting: deletionTimestamp !== undefined, ...changes });
  return { ...app, finalizer: { ...app.finalizer, present: finalizers.includes(app.finalizer.name) } };
}
