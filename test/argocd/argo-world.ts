import { afterAll, beforeAll } from "vitest";
import type { ControlPlane, ControlPlaneOptions } from "#adapters/cluster/control-plane.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { AppPhase, EventNote } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Telemetry } from "#engine/ports.ts";
import { quietTelemetry } from "#engine/testing/quiet.ts";
import type { RunOptions } from "#main/run-controller.ts";
import { useControlPlane } from "../support/control-plane.ts";
import { adminClient, installDefinitions, settingsOf, startEngine, type TestEngine } from "../support/engine.ts";
import { type FileSpec, type GitServer, startGitServer } from "../support/git-server.ts";
import { patienceMs } from "../support/eventually.ts";
import { LiveApps } from "./live-apps.ts";

/** Everything that a test of Applications needs. */
export interface ArgoWorld {
  readonly plane: ControlPlane;
  readonly client: ConnectedCluster;
  readonly git: GitServer;
  readonly engine: TestEngine;
  /** What each app is in, as the controller's metrics tell, by its key (`app/argocd/NAME`). */
  readonly phases: ReadonlyMap<string, AppPhase["kind"]>;
  /** Events by the name of the Application they are about. */
  readonly events: ReadonlyMap<string, readonly EventNote[]>;
  /** An app of that name with a repository, a namespace `in-NAME` and, once created, an Application of its own. */
  app(name: string): TestApp;
}

/** What an Application is created with, over the defaults. */
export interface AppFields {
  readonly spec?: Record<string, unknown>;
  readonly source?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  /** Leaves the namespace to the test. */
  readonly bare?: boolean;
}

/** One Application under test. */
export interface TestApp {
  readonly name: string;
  readonly namespace: string;
  readonly url: string;
  /** Commits files below `app/`; returns the commit. */
  commit(files: Readonly<Record<string, FileSpec>>, branch?: string): Promise<string>;
  create(fields?: AppFields): Promise<void>;
  now(): Resource;
  /** Waits until the Application satisfies `holds`; returns it. */
  until(what: string, holds: (app: ArgoView) => boolean, limitMs?: number): Promise<ArgoView>;
  /** Waits until it is synced to a commit and healthy. */
  settled(commit: string): Promise<ArgoView>;
  patch(body: unknown): Promise<Resource>;
  /** Asks for a fresh look and waits until the request was taken off. */
  refresh(kind?: "normal" | "hard"): Promise<ArgoView>;
  /** Gives an order and waits until it was taken off. */
  operate(sync: Record<string, unknown>, rest?: Record<string, unknown>): Promise<ArgoView>;
  delete(): Promise<void>;
  /** An object, in the app's namespace unless `namespace` says otherwise. */
  object(kind: string, name: string, namespace?: string): Promise<Resource | null>;
  config(name: string): Promise<Record<string, string> | null>;
  /** Changes an object by hand. */
  edit(kind: string, name: string, body: unknown): Promise<Resource>;
}

/** The members of an Application that tests look at. */
export interface ArgoView {
  readonly object: Resource;
  readonly sync: string;
  readonly revision: string;
  readonly health: string;
  readonly phase: string;
  readonly message: string;
  readonly retries: number;
  /** `TYPE: message` of every condition. */
  readonly conditions: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly history: readonly Readonly<Record<string, unknown>>[];
  readonly status: Readonly<Record<string, unknown>>;
}

export const IN_CLUSTER = "https://kubernetes.default.svc";
export const FINALIZER = "resources-finalizer.argocd.argoproj.io";

const { signal } = new AbortController();
const API_VERSIONS: Readonly<Record<string, string>> = {
  Application: "argoproj.io/v1alpha1",
  Deployment: "apps/v1",
  StatefulSet: "apps/v1",
};

/** Gives all tests of the file a control plane, a Git server and, unless `engine` is false, a running controller. */
export function useArgoWorld(
  options: Omit<ControlPlaneOptions, "dir" | "signal"> & { user?: string; run?: Partial<RunOptions> } = {},
): ArgoWorld {
  const { user = "admin", run = {}, ...planeOptions } = options;
  const plane = useControlPlane(planeOptions);
  const events = new Map<string, EventNote[]>();
  const phases = new Map<string, AppPhase["kind"]>();
  const parts: { git?: GitServer; client?: ConnectedCluster; engine?: TestEngine; apps?: LiveApps } = {};

  beforeAll(async () => {
    parts.git = await startGitServer();
    parts.client = adminClient(plane());
    await installDefinitions(parts.client, signal);
    parts.apps = await LiveApps.follow(parts.client);
    parts.engine = await startEngine(settingsOf(plane(), user), {
      ...run,
      eventSink: () => recorder(events),
      telemetry: phaseRecorder(phases),
    });
  });
  afterAll(async () => {
    await parts.engine?.stop();
    await parts.apps?.stop();
    await parts.client?.close();
    await parts.git?.stop();
  });

  const present = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("Cannot use the world before the tests run");
    return part;
  };
  return {
    get plane() {
      return plane();
    },
    get client() {
      return present(parts.client);
    },
    get git() {
      return present(parts.git);
    },
    get engine() {
      return present(parts.engine);
    },
    events,
    phases,
    app: (name) => testApp(name, { client: present(parts.client), git: present(parts.git), apps: present(parts.apps) }),
  };
}

/** A ConfigMap with one value. */
export function configMap(name: string, value = "1", annotations: Record<string, string> = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    data: { value },
  });
}

/** A Deployment that becomes ready at once, unless `hangs`. */
export function deployment(
  name: string,
  options: { image?: string; hangs?: boolean; replicas?: number; annotations?: Record<string, string> } = {},
): string {
  const { image = "registry.example/web:1.0.0", hangs = false, replicas = 1, annotations = {} } = options;
  const behaviour = hangs ? { annotations: { "holdfast.dev/test-behaviour": "hang" } } : {};
  return JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, annotations },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, ...behaviour },
        spec: { containers: [{ name: "web", image, resources: { limits: { cpu: "1000m" } } }] },
      },
    },
  });
}

/** What an Application says, with defaults for what it does not say. */
export function viewOf(object: Resource): ArgoView {
  const status = (object["status"] ?? {}) as StatusFields;
  const operation = status.operationState ?? {};
  return {
    object,
    status,
    sync: status.sync?.status ?? "",
    revision: status.sync?.revision ?? "",
    health: status.health?.status ?? "",
    phase: operation.phase ?? "",
    message: operation.message ?? "",
    retries: operation.retryCount ?? 0,
    conditions: (status.conditions ?? []).map(({ type, message }) => `${type}: ${message}`),
    rows: status.resources ?? [],
    results: operation.syncResult?.resources ?? [],
    history: status.history ?? [],
  };
}

interface StatusFields extends Record<string, unknown> {
  readonly sync?: { status?: string; revision?: string };
  readonly health?: { status?: string };
  readonly operationState?: {
    phase?: string;
    message?: string;
    retryCount?: number;
    syncResult?: { resources?: Record<string, unknown>[] };
  };
  readonly conditions?: { type: string; message: string }[];
  readonly resources?: Record<string, unknown>[];
  readonly history?: Record<string, unknown>[];
}

function recorder(events: Map<string, EventNote[]>) {
  return {
    push: (target: Resource, _component: string, notes: readonly EventNote[]) => {
      const { name } = target.metadata;
      events.set(name, [...(events.get(name) ?? []), ...notes]);
    },
    run: async () => {},
  };
}

function phaseRecorder(phases: Map<string, AppPhase["kind"]>): Telemetry {
  const phase = (key: string, kind: AppPhase["kind"] | null) =>
    void (kind ? phases.set(key, kind) : phases.delete(key));
  return { ...quietTelemetry, phase };
}

function testApp(name: string, world: { client: ConnectedCluster; git: GitServer; apps: LiveApps }): TestApp {
  const { client, git, apps } = world;
  const namespace = `in-${name}`;
  const ref = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", namespace: "argocd", name };
  const at = (kind: string, object: string, place = namespace) => ({
    apiVersion: API_VERSIONS[kind] ?? "v1",
    kind,
    namespace: place,
    name: object,
  });
  const patch = (body: unknown) => client.patch(ref, body, { type: "merge", manager: "test", signal });
  const until: TestApp["until"] = async (what, holds, limitMs) =>
    viewOf(await apps.until(name, { what, holds: (object) => holds(viewOf(object)), limitMs: limitMs ?? patienceMs }));
  const now = () => {
    const object = apps.get(name);
    if (!object) throw new Error(`There is no Application ${name}`);
    return object;
  };
  return {
    name,
    namespace,
    url: git.url(name),
    commit: (files, branch = "main") =>
      git.commit(name, Object.fromEntries(Object.entries(files).map(([path, file]) => [`app/${path}`, file])), {
        branch,
      }),
    create: async (fields = {}) => {
      if (!fields.bare) {
        const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
        await client.apply(own, { manager: "test", signal });
      }
      await client.apply(application({ name, namespace, url: git.url(name) }, fields), { manager: "test", signal });
    },
    now,
    until,
    settled: (commit) =>
      until(
        `is synced to ${commit}`,
        (app) => app.sync === "Synced" && app.revision === commit && app.health === "Healthy",
      ),
    patch,
    refresh: async (kind = "normal") => {
      const asked = await patch({ metadata: { annotations: { "argocd.argoproj.io/refresh": kind } } });
      const since = BigInt(asked.metadata.resourceVersion ?? "0");
      return until("the refresh is handled", ({ object }) => {
        const { annotations, resourceVersion = "0" } = object.metadata;
        return BigInt(resourceVersion) > since && annotations?.["argocd.argoproj.io/refresh"] === undefined;
      });
    },
    operate: async (sync, rest = {}) => {
      const asked = await patch({ operation: { initiatedBy: { username: "ada" }, ...rest, sync } });
      const since = BigInt(asked.metadata.resourceVersion ?? "0");
      return until("the operation is consumed", ({ object }) => {
        return BigInt(object.metadata.resourceVersion ?? "0") > since && object["operation"] === undefined;
      });
    },
    delete: async () => {
      const { uid = "" } = now().metadata;
      await client.delete(ref, { uid, signal });
      await apps.gone(name, patienceMs);
    },
    object: (kind, object, place) => client.get(at(kind, object, place), { signal }),
    config: async (object) => {
      const found = await client.get(at("ConfigMap", object), { signal });
      return found === null ? null : ((found["data"] ?? {}) as Record<string, string>);
    },
    edit: (kind, object, body) => client.patch(at(kind, object), body, { type: "merge", manager: "hand", signal }),
  };
}

function application(app: { name: string; namespace: string; url: string }, fields: AppFields): Resource {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: app.name, namespace: "argocd", ...fields.metadata },
    spec: {
      project: "default",
      source: { repoURL: app.url, path: "app", targetRevision: "main", ...fields.source },
      destination: { server: IN_CLUSTER, namespace: app.namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
      ...fields.spec,
    },
  };
}
