import type { App, AppKey, ClusterReference, HeldCluster } from "#core/app/app.ts";
import { askedAccess, type ClusterAccess } from "#core/cluster/cluster-access.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { type Result, ok } from "#core/result.ts";
import { sha256Hex } from "#core/source/sha256.ts";
import { aborted, TaskGroup } from "#async/task-group.ts";
import { ClusterIdentity } from "./cluster-identity.ts";
import type { EngineContext } from "./engine-context.ts";
import { referencedData, refOfReference } from "./followed-objects.ts";
import type { LiveIndex } from "./live-index.ts";
import type { NamespaceContents } from "./namespace-contents.ts";
import type { ClusterConnector, Log, RemoteCluster } from "./ports.ts";
import type { ReleaseStore } from "./release/release-store.ts";
import { failureText } from "./requests.ts";

/** What stands in for the home cluster when an app's objects are elsewhere. */
export interface ClusterParts {
  readonly index: LiveIndex;
  readonly releases: ReleaseStore;
  readonly contents: NamespaceContents;
}

/** How remote clusters are used. */
export interface RemoteClustersOptions {
  readonly connector: ClusterConnector;
  /** What is held of a cluster says in which namespaces objects are followed; null: nothing says so. */
  readonly partsOf: (cluster: RemoteCluster, held: HeldCluster | null) => ClusterParts;
  readonly log: Log;
}

/** The engine as one app sees it. */
export type TargetContext =
  | { readonly kind: "ready"; readonly context: EngineContext }
  | { readonly kind: "pending" }
  | { readonly kind: "failed"; readonly message: string };

/** How a cluster is reached, and what is known of it besides. */
interface Way {
  readonly access: ClusterAccess;
  readonly held: HeldCluster | null;
}

interface Connected {
  readonly cluster: RemoteCluster;
  readonly context: EngineContext;
  readonly scope: AbortController;
  readonly apps: Set<AppKey>;
}

/** Clusters that apps name: one connection and one memory for each way to reach one that is in use. */
export class RemoteClusters {
  readonly #options: RemoteClustersOptions;
  /** By a digest of how they are reached: a kubeconfig is as secret as what it holds. */
  readonly #clusters = new Map<string, Connected>();
  readonly #used = new Map<AppKey, string>();
  readonly #tasks: TaskGroup;
  #signal: AbortSignal | null = null;

  constructor(options: RemoteClustersOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup((error) => {
      if (!this.#signal?.aborted) options.log.error({ error: failureText(error) }, "a remote cluster's part ended");
    });
  }

  /** Allows connections to work until the signal aborts; resolves when all are closed. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await aborted(signal);
    for (const digest of this.#clusters.keys()) this.#close(digest);
    await this.#tasks.settled();
  }

  /** The engine's context with the cluster that an app's objects are on. */
  contextOf(app: App, home: EngineContext): TargetContext {
    const named = app.target.kubeconfig;
    if (named === null) {
      this.leave(app.key);
      return { kind: "ready", context: home };
    }
    if (named.kind === "held") return this.#held(app.key, named, home);
    const subject = `kubeconfig ${named.kind} '${named.namespace}/${named.name}'`;
    const known = home.references.get(refOfReference(named));
    if (known.kind === "pending") return known;
    if (known.kind === "failed") return { kind: "failed", message: `${subject} cannot be read: ${known.reason}` };
    if (known.object === null) return { kind: "failed", message: `${subject} not found` };
    const access = namedAccess(named, referencedData(known.object).text);
    if (!access.ok) return { kind: "failed", message: `${subject} ${access.error}` };
    try {
      return { kind: "ready", context: this.#connected(app.key, { access: access.value, held: null }, home) };
    } catch (error) {
      return { kind: "failed", message: `${subject}: ${failureText(error)}` };
    }
  }

  #held(app: AppKey, cluster: HeldCluster, home: EngineContext): TargetContext {
    try {
      return { kind: "ready", context: this.#connected(app, { access: cluster.open(), held: cluster }, home) };
    } catch (error) {
      return { kind: "failed", message: `cluster '${cluster.name}': ${failureText(error)}` };
    }
  }

  /** The app uses no remote cluster any more. */
  leave(app: AppKey): void {
    const digest = this.#used.get(app);
    if (digest === undefined) return;
    this.#used.delete(app);
    const connected = this.#clusters.get(digest);
    connected?.apps.delete(app);
    if (connected?.apps.size === 0) this.#close(digest);
  }

  #connected(app: AppKey, way: Way, home: EngineContext): EngineContext {
    const { access, held } = way;
    const digest = sha256Hex(stableText([access, held?.name, held?.namespaces]));
    const connected = this.#clusters.get(digest) ?? this.#connect(digest, way, home);
    if (this.#used.get(app) !== digest) {
      this.leave(app);
      this.#used.set(app, digest);
      connected.apps.add(app);
    }
    return connected.context;
  }

  #connect(digest: string, { access, held }: Way, home: EngineContext): Connected {
    const cluster = this.#options.connector.connect(access);
    const { client, tools } = cluster;
    const { index, releases, contents } = this.#options.partsOf(cluster, held);
    const scope = new AbortController();
    const identity = held && new ClusterIdentity(held.name, client);
    const context = { ...home, client, tools, index, releases, contents, identity };
    const connected = { cluster, context, scope, apps: new Set<AppKey>() };
    this.#clusters.set(digest, connected);
    if (this.#signal?.aborted) scope.abort(this.#signal.reason);
    const parts = Promise.all([index, releases, contents].map((part) => part.run(scope.signal)));
    this.#tasks.add(parts.then(() => cluster.close()));
    return connected;
  }

  #close(digest: string): void {
    this.#clusters.get(digest)?.scope.abort(new Error("no app uses this cluster any more"));
    this.#clusters.delete(digest);
  }
}

/** How a cluster is reached, as the object that an app names says it; an error reads on after the object's name. */
export function namedAccess(
  named: ClusterReference,
  data: Readonly<Record<string, string>>,
): Result<ClusterAccess, string> {
  if (named.kind === "ConfigMap") return askedAccess(data, named.namespace, named.account);
  const { keys } = named;
  const text = keys.map((key) => data[key]).find((value) => value !== undefined);
  if (text !== undefined) return ok({ kind: "kubeconfig", text });
  return { ok: false, error: `has no key ${keys.map((key) => `'${key}'`).join(" or ")}` };
}
