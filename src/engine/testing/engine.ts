import type { AppReport } from "#core/app/app-report.ts";
import { usualSettings } from "#core/app/settings.ts";
import type { App, AppKey } from "#core/app/app.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Dialect } from "#core/app/dialect.ts";
import { AppRegistry } from "../app-registry.ts";
import { type AppWork, newAppState } from "../app-state.ts";
import { desiredSetOf } from "../desired-set.ts";
import type { EngineContext } from "../engine-context.ts";
import { Expressions } from "../expressions.ts";
import { InventoryStore } from "../inventory-store.ts";
import { noKeptRenders } from "../kept-renders.ts";
import { KnownCapabilities } from "../known-capabilities.ts";
import { LiveIndex } from "../live-index.ts";
import type { AuditRecord } from "../ports.ts";
import type { FoundFields } from "#engine/field-finder.ts";
import { FieldQueries } from "#engine/field-queries.ts";
import { NamespaceContents } from "#engine/namespace-contents.ts";
import { FollowedObjects } from "../followed-objects.ts";
import { ReleaseStore } from "../release/release-store.ts";
import { RemoteBases } from "../remote-bases.ts";
import { RenderCache } from "../render-cache.ts";
import { Rivals } from "../rivals.ts";
import { SourceController } from "../source-controller.ts";
import { writeChanges } from "../write-changes.ts";
import { planApp } from "../plan-app.ts";
import { updated } from "#core/plan/inventory.ts";
import { appObject, plainDialect, plainKinds } from "./dialect.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { kindInfo } from "./fake-objects.ts";
import { handClock, keptLog, noReleaseTools, quietTelemetry } from "./quiet.ts";

const KINDS = [
  kindInfo("ConfigMap"),
  kindInfo("Secret"),
  kindInfo("Service"),
  kindInfo("Pod"),
  kindInfo("PersistentVolumeClaim"),
  kindInfo("Namespace", false),
  kindInfo("Deployment", true, "apps"),
  kindInfo("StatefulSet", true, "apps"),
  kindInfo("Lease", true, "coordination.k8s.io"),
  kindInfo("CustomResourceDefinition", false, "apiextensions.k8s.io"),
  { ...kindInfo("Inventory", true, "holdfast.dev"), version: "v1alpha1", plural: "inventories" },
  kindInfo("App", true, "plain.test"),
  kindInfo("Repo", true, "plain.test"),
];

/** The parts of the engine around a fake cluster, without the controller that drives them. */
export class TestEngine {
  readonly cluster = new FakeCluster(KINDS);
  readonly clock = handClock(1_000_000);
  readonly log = keptLog();
  readonly audit: AuditRecord[] = [];
  /** Statuses that were written ahead of something. */
  readonly told: AppReport[] = [];
  /** What the live index told. */
  readonly changes: [AppKey, IdKey | null][] = [];
  /** What an expression of an ignore rule names. */
  find = (_document: unknown, query: string): FoundFields => ({ pointers: [query] });
  /** Apps that have not looked at their newest content yet. */
  unsettled: AppKey[] = [];
  readonly dialect: Dialect;
  readonly context: EngineContext;
  readonly #scope = new AbortController();
  readonly #running: Promise<void>;

  constructor(dialect: Dialect = plainDialect) {
    this.dialect = dialect;
    this.context = this.#makeContext();
    const { expressions, index, references, rivals } = this.context;
    this.#running = Promise.all([expressions, index, references, rivals].map((part) => part.run(this.signal))).then(
      () => {},
    );
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  async stop(): Promise<void> {
    this.#scope.abort();
    await this.#running;
  }

  /** Declares an app with these objects, as if they had just been rendered; nothing is written yet. */
  async work(
    name: string,
    resources: readonly Resource[],
    app: { spec?: Partial<App>; metadata?: Partial<Resource["metadata"]> } = {},
  ): Promise<AppWork> {
    const { registry } = this.context;
    const object = appObject(name, app.spec, app.metadata);
    const stored = this.cluster.put(object);
    registry.upsert(this.dialect, plainKinds.app, stored);
    const parsed = this.dialect.parseApp(stored, registry.lookup("plain"), this.context.settings);
    if (!parsed.ok) throw new Error("the app of this test is invalid");
    const work = { context: this.context, state: newAppState(parsed.value, this.dialect, stored) };
    await this.declare(work, resources);
    return work;
  }

  /** Declares other objects for an app. */
  async declare({ context, state }: AppWork, resources: readonly Resource[]): Promise<void> {
    const desired = desiredSetOf(context, {
      app: state.app,
      dialect: this.dialect,
      rendered: { resources, readSet: [], renderer: "directory" },
      scopeOf: () => "namespaced",
    });
    context.index.claim(state.app.key, state.desired?.byKey.keys() ?? [], desired.byKey.keys());
    state.desired = desired;
    state.verdicts.clear();
    for (const { id, version } of desired.objects) context.index.follow({ ...id, version }, state.app.key);
    for (const key of context.inventories.of(state.app.key).keys()) {
      const [group = "", kind = ""] = key.split("/");
      context.index.follow({ group, kind, version: "v1" }, state.app.key);
    }
    await settled();
  }

  /** Plans with the verdicts at hand, writes all of it and records it: an app that was synced. */
  async sync(work: AppWork): Promise<void> {
    const { context, state } = work;
    const { desired } = state;
    const plan = await planApp(work, { desired, revision: "main@1", request: null, deleting: false }, this.signal);
    const changes = plan.stages.flatMap((stage) => stage.changes).filter((change) => change.desired);
    const byKey = desired?.byKey ?? new Map();
    const { entries } = await writeChanges(work, { byKey, changes }, this.signal);
    await context.inventories.write(state.app, updated(context.inventories.of(state.app.key), entries), this.signal);
    this.audit.length = 0;
    this.cluster.requests.length = 0;
  }

  #makeContext(): EngineContext {
    const { cluster: client, clock, log, dialect } = this;
    const random = () => 0.5;
    const common = { client, clock, log, random };
    const telemetry = quietTelemetry;
    const settings = usualSettings("control");
    const registry = new AppRegistry(settings, {
      onApp: () => {},
      onSource: () => {},
      onUnused: () => {},
      onDependents: () => {},
    });
    const sources = new SourceController({
      ...common,
      telemetry,
      fetcher: {
        open: () => ({
          sync: () => Promise.resolve([]),
          holds: () => Promise.resolve(false),
          fetchCommit: () => Promise.reject(new Error("no commit")),
          tree: () => Promise.reject(new Error("no tree")),
        }),
      },
      revisionOf: dialect.revisionOf,
      onChange: () => {},
    });
    return {
      ...common,
      home: client,
      identity: null,
      telemetry,
      settings,
      registry,
      sources,
      bases: new RemoteBases(sources),
      renders: new RenderCache({ render: () => Promise.reject(new Error("nothing is rendered here")) }, telemetry),
      capabilities: new KnownCapabilities(),
      index: new LiveIndex({
        ...common,
        rules: [dialect.rules],
        namespaces: null,
        onChange: (app, key) => void this.changes.push([app, key]),
      }),
      inventories: new InventoryStore(client, () => 1),
      references: new FollowedObjects({ ...common, onChange: (app) => void this.changes.push([app, null]) }),
      releases: new ReleaseStore({
        ...common,
        audit: { append: (record) => void this.audit.push(record) },
        tools: noReleaseTools,
        namespaces: null,
        onChange: (app) => void this.changes.push([app, null]),
      }),
      tools: noReleaseTools,
      expressions: new Expressions({
        evaluator: {
          run: (scripts) => Promise.resolve(scripts.map(() => ({ error: "no script runs here" }))),
          evaluate: (asked) =>
            Promise.resolve(
              asked.map(({ text }) => (text === "?" ? { error: "no value" } : { value: text === "true" })),
            ),
        },
        onAnswer: (app) => void this.changes.push([app, null]),
        log,
      }),
      queries: new FieldQueries({
        find: (asked) =>
          Promise.resolve(asked.map(({ document, queries }) => queries.map((query) => this.find(document, query)))),
      }),
      contents: new NamespaceContents({ ...common, onChange: (app) => void this.changes.push([app, null]) }),
      rivals: new Rivals({ ...common, dialects: [dialect], namespaces: null, onChange: () => {} }),
      unsettled: () => this.unsettled,
      isFresh: () => true,
      tellNow: (_app, report) => {
        this.told.push(report);
        return Promise.resolve();
      },
      audit: { append: (record) => void this.audit.push(record) },
      kept: noKeptRenders,
    };
  }
}

/** Lets everything that is ready to go on do so; needs no timer. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
