import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { createEventSink } from "#adapters/observe/event-sink.ts";
import type { ObjectRef } from "#engine/ports.ts";
import type { RunOptions } from "#main/run-controller.ts";
import type { Resource } from "#core/resource/resource.ts";
import { temporaryDirectory, useControlPlane } from "../support/control-plane.ts";
import { adminClient, installDefinitions, settingsOf, startEngine, type TestEngine } from "../support/engine.ts";
import { eventually, patienceMs } from "../support/eventually.ts";
import { type FileSpec, type GitServer, startGitServer } from "../support/git-server.ts";

/** The user that the controller acts as, so that messages of the server tell who was refused. */
const CONTROLLER_USER = "holdfast";
const KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/v1";
const SOURCE = "source.toolkit.fluxcd.io/v1";
const { signal } = new AbortController();

/** A condition of an object's status. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** Of a Kustomization's or GitRepository's status, what tests read. */
export interface FluxStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly lastAppliedRevision?: string;
  readonly lastAttemptedRevision?: string;
  readonly lastHandledReconcileAt?: string;
  readonly artifact?: {
    readonly revision: string;
    readonly digest: string;
    readonly path: string;
    readonly url: string;
    readonly size?: number;
    readonly lastUpdateTime?: string;
  };
  readonly inventory?: { readonly entries: readonly { readonly id: string; readonly v: string }[] };
  readonly history?: readonly Readonly<Record<string, unknown>>[];
}

/** A Git server, a cluster and a controller with events, as installed. */
export class FluxWorld {
  readonly git: GitServer;
  readonly client: ConnectedCluster;
  engine: TestEngine;
  readonly #start: () => Promise<TestEngine>;
  /** Lets official programs act as the cluster's administrator. */
  readonly kubeconfigPath: string;

  constructor(parts: {
    git: GitServer;
    client: ConnectedCluster;
    engine: TestEngine;
    start: () => Promise<TestEngine>;
    kubeconfigPath: string;
  }) {
    this.#start = parts.start;
    this.kubeconfigPath = parts.kubeconfigPath;
    this.git = parts.git;
    this.client = parts.client;
    this.engine = parts.engine;
  }

  /** Ends the controller, lets something happen, and starts another one. */
  async restart(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.engine.stop();
    await meanwhile();
    this.engine = await this.#start();
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    await this.client.close();
    await this.git.stop();
  }

  /** A namespace with a repository and, once something is committed, a GitRepository of its name. */
  async space(name: string): Promise<Space> {
    await this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return new Space(this, name);
  }

  async apply(object: Resource, manager = "test"): Promise<Resource> {
    return (await this.client.apply(object, { manager, signal })).object;
  }

  async get(ref: ObjectRef): Promise<Resource | null> {
    return this.client.get(ref, { signal });
  }

  async patch(
    ref: ObjectRef,
    body: object,
    options: { manager?: string; subresource?: "status" } = {},
  ): Promise<Resource> {
    return this.client.patch(ref, body, { type: "merge", manager: "test", ...options, signal });
  }

  async delete(ref: ObjectRef): Promise<void> {
    const live = await this.get(ref);
    if (live) await this.client.delete(ref, { uid: live.metadata.uid ?? "", signal });
  }

  /** Events about an object, oldest first. */
  async events(ref: { kind: string; namespace: string; name: string }): Promise<readonly Resource[]> {
    const info = { group: "", version: "v1", kind: "Event", plural: "events", namespaced: true, verbs: [] };
    const fieldSelector = `involvedObject.kind=${ref.kind},involvedObject.name=${ref.name}`;
    const events = await this.client.list(info, { namespace: ref.namespace, fieldSelector }, { signal });
    return events.toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  }
}

/** One test's part of the world: objects of a namespace made from a repository of the same name. */
export class Space {
  readonly name: string;
  readonly #world: FluxWorld;
  #pokes = 0;

  constructor(world: FluxWorld, name: string) {
    this.#world = world;
    this.name = name;
  }

  at(apiVersion: string, kind: string, name: string, namespace = this.name): ObjectRef {
    return { apiVersion, kind, namespace, name };
  }

  configMap(name: string, namespace = this.name): ObjectRef {
    return this.at("v1", "ConfigMap", name, namespace);
  }

  kustomizationRef(name = this.name): ObjectRef {
    return this.at(KUSTOMIZATION, "Kustomization", name);
  }

  sourceRef(name = this.name): ObjectRef {
    return this.at(SOURCE, "GitRepository", name);
  }

  /** Commits, and lets the GitRepository follow at once as `flux reconcile source git` does. */
  async commit(files: Readonly<Record<string, FileSpec>>, options: { branch?: string } = {}): Promise<string> {
    const commit = await this.#world.git.commit(this.name, files, options);
    if ((await this.#world.get(this.sourceRef())) === null) await this.gitRepository();
    else await this.poke(this.sourceRef());
    return commit;
  }

  async gitRepository(spec: object = {}, name = this.name): Promise<void> {
    await this.#world.apply({
      apiVersion: SOURCE,
      kind: "GitRepository",
      metadata: { name, namespace: this.name },
      spec: { url: this.#world.git.url(this.name), interval: "1h", ref: { branch: "main" }, ...spec },
    });
  }

  async kustomization(spec: object = {}, name = this.name): Promise<void> {
    await this.#world.apply({
      apiVersion: KUSTOMIZATION,
      kind: "Kustomization",
      metadata: { name, namespace: this.name },
      spec: {
        interval: "10m",
        retryInterval: "1s",
        prune: true,
        path: "./app",
        targetNamespace: this.name,
        sourceRef: { kind: "GitRepository", name: this.name },
        ...spec,
      },
    });
  }

  /** Asks for a reconciliation as the `flux` command does; returns the token. */
  async poke(ref: ObjectRef): Promise<string> {
    const token = `${new Date().toISOString()}-${(this.#pokes += 1)}`;
    const annotations = { "reconcile.fluxcd.io/requestedAt": token };
    await this.#world.patch(ref, { metadata: { annotations } }, { manager: "flux" });
    return token;
  }

  async status(ref: ObjectRef = this.kustomizationRef()): Promise<FluxStatus> {
    return ((await this.#world.get(ref))?.["status"] as FluxStatus | undefined) ?? {};
  }

  /** Waits until the Kustomization reports success at a commit. */
  async applied(commit: string, name = this.name): Promise<FluxStatus> {
    const ref = this.kustomizationRef(name);
    let last: FluxStatus = {};
    try {
      return await eventually(`${name} applies ${commit}`, async () => {
        last = await this.status(ref);
        const isApplied = last.lastAppliedRevision?.endsWith(commit) === true;
        return isApplied && conditionOf(last, "Ready")?.status === "True" ? last : false;
      });
    } catch (error) {
      throw new Error(`${name} is not at ${commit}: ${JSON.stringify(last)}`, { cause: error });
    }
  }

  /** Waits for a condition, by default Ready=False, whose message includes `text`. */
  async says(text: string, options: { ref?: ObjectRef; type?: string; limitMs?: number } = {}): Promise<Condition> {
    const { ref = this.kustomizationRef(), type = "Ready", limitMs = patienceMs } = options;
    let last: FluxStatus = {};
    const probe = async () => {
      last = await this.status(ref);
      const condition = conditionOf(last, type);
      return condition?.message.includes(text) ? condition : false;
    };
    try {
      return await eventually(`${ref.name} says ${text}`, probe, limitMs);
    } catch (error) {
      throw new Error(`${ref.name} does not say "${text}": ${JSON.stringify(last)}`, { cause: error });
    }
  }

  /** Waits until a ConfigMap holds exactly this. */
  async holds(name: string, data: Readonly<Record<string, string>>, namespace = this.name): Promise<void> {
    let last: unknown;
    const ref = this.configMap(name, namespace);
    const probe = async () => isDeepStrictEqual((last = dataOf(await this.#world.get(ref))), data);
    try {
      await eventually(`${name} holds ${JSON.stringify(data)}`, probe);
    } catch (error) {
      throw new Error(`${name} does not hold ${JSON.stringify(data)}: ${JSON.stringify(last)}`, { cause: error });
    }
  }

  async present(ref: ObjectRef): Promise<Resource> {
    return eventually(`${ref.kind} ${ref.name} exists`, async () => (await this.#world.get(ref)) ?? false);
  }

  async gone(ref: ObjectRef): Promise<void> {
    await eventually(`${ref.kind} ${ref.name} is gone`, async () => (await this.#world.get(ref)) === null);
  }
}

export function conditionOf(status: FluxStatus, type: string): Condition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}

/** Conditions without their times, as a person compares them. */
export function conditionsOf(status: FluxStatus): readonly object[] {
  return (status.conditions ?? []).map((condition) => ({
    ...condition,
    lastTransitionTime: undefined,
    message: withoutDurations(condition.message),
  }));
}

/** How long something took is the only part of a message that no test can know. */
export function withoutDurations(message: string): string {
  return message.replace(/\b(after|in) [0-9.]+(?:ms|s)\b/g, "$1 <time>");
}

export function dataOf(object: Resource | null): Readonly<Record<string, string>> | undefined {
  return object?.["data"] as Readonly<Record<string, string>> | undefined;
}

/** A ConfigMap as a manifest. */
export function configMap(
  name: string,
  data: Readonly<Record<string, string>> = { value: "1" },
  metadata = "",
): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${metadata === "" ? "" : `, ${metadata}`}}\ndata: ${JSON.stringify(data)}\n`;
}

/** A Deployment as a manifest; without replicas it is healthy at once, and one that hangs never is. */
export function deployment(
  name: string,
  options: { replicas?: number; image?: string; deadline?: number; hangs?: boolean } = {},
): string {
  const { replicas = 0, image = "registry.example/web:1.0.0", deadline = 600, hangs = false } = options;
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  progressDeadlineSeconds: ${deadline}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata:
      labels: {app: ${name}}
      annotations: {holdfast.dev/test-behaviour: "${hangs ? "hang" : ""}"}
    spec: {containers: [{name: web, image: "${image}"}]}
`;
}

/** Gives the tests of a file one world to share; with nodes its pods run. */
export function useFluxWorld(options: { withNodes?: boolean; controller?: Partial<RunOptions> } = {}): () => FluxWorld {
  const users = [{ name: CONTROLLER_USER, groups: ["system:masters"] }];
  const plane = useControlPlane({ withNodes: options.withNodes ?? false, users });
  let world: FluxWorld | undefined;

  beforeAll(async () => {
    const client = adminClient(plane());
    await installDefinitions(client, signal);
    const git = await startGitServer();
    const dataDir = await temporaryDirectory();
    const start = () =>
      startEngine(settingsOf(plane(), CONTROLLER_USER), { dataDir, eventSink: realEvents, ...options.controller });
    world = new FluxWorld({ git, client, engine: await start(), start, kubeconfigPath: plane().kubeconfigPath });
  });

  afterAll(async () => {
    await world?.stop();
  });

  return () => {
    if (!world) throw new Error("Cannot use the world before the tests run");
    return world;
  };
}

function realEvents(client: ConnectedCluster): ReturnType<typeof createEventSink> {
  return createEventSink({
    client,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    onOutcome: () => {},
  });
}
