import { afterAll, afterEach, beforeAll } from "vitest";
import type { ApiError } from "#core/cluster/api-error.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { KindInfo, ObjectRef, Selection } from "#engine/ports.ts";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import type { ClientOptions, ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { loadKubeconfig } from "#adapters/kube/kubeconfig.ts";
import type { RequestRecord } from "#adapters/kube/requester.ts";
import type { ControlPlane } from "#adapters/cluster/control-plane.ts";
import { useControlPlane } from "./control-plane.ts";
import { startFaultProxy } from "./fault-proxy.ts";
import type { FaultProxy } from "./fault-proxy.ts";
import { until, watchRecorder } from "./watch-recorder.ts";
import type { WatchRecorder } from "./watch-recorder.ts";

/** The field manager of everything that contract tests write. */
export const manager = "contract-test";

/** Never aborts. */
export const { signal } = new AbortController();

/** Waits made short, so that tests of backoff are quick. */
export const quick: ClientOptions = {
  backoffMs: 20,
  watch: { backoffMs: 20, relistSpreadMs: 50, backoffLimitMs: 200 },
};

/** ConfigMaps as discovery describes them. */
export const configMaps: KindInfo = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
  verbs: ["get", "list", "watch"],
};

/** A real API server, a fault proxy before it, a client on each way, and their cleaning up. */
export interface ContractCluster {
  readonly plane: ControlPlane;
  readonly proxy: FaultProxy;
  readonly direct: ConnectedCluster;
  /** Goes through the proxy. */
  readonly proxied: ConnectedCluster;
  /** What `proxied` has sent. */
  readonly records: RequestRecord[];
  /** A namespace of its own, ready for objects. */
  namespace(): Promise<string>;
  /** Watches ConfigMaps until the test ends. */
  watch(client: ConnectedCluster, selection: Selection): WatchRecorder;
  /** Defines a kind in contract.example.com and waits until it is served. */
  define(singular: string, spec: Record<string, unknown>): Promise<void>;
}

/** Gives the tests of a file one cluster to share. */
export function useContractCluster(): () => ContractCluster {
  const controlPlane = useControlPlane({ withNodes: false });
  let shared: Shared | undefined;
  beforeAll(async () => {
    shared = await Shared.start(controlPlane());
  });
  afterEach(() => shared?.rest());
  afterAll(() => shared?.close());
  return () => {
    if (!shared) throw new Error("Cannot use the cluster before the tests run");
    return shared;
  };
}

class Shared implements ContractCluster {
  readonly plane: ControlPlane;
  readonly proxy: FaultProxy;
  readonly direct: ConnectedCluster;
  readonly proxied: ConnectedCluster;
  readonly records: RequestRecord[] = [];
  #namespaces = 0;
  #watches: { stop: AbortController; done: Promise<void> }[] = [];

  static async start(plane: ControlPlane): Promise<Shared> {
    const proxy = await startFaultProxy({ server: plane.server, caPem: plane.caPem, token: plane.adminToken });
    const settings = await loadKubeconfig({ path: plane.kubeconfigPath, signal });
    return new Shared(plane, proxy, connectCluster(settings, quick));
  }

  constructor(plane: ControlPlane, proxy: FaultProxy, direct: ConnectedCluster) {
    this.plane = plane;
    this.proxy = proxy;
    this.direct = direct;
    this.proxied = connectCluster(proxy.settings, { ...quick, onRequest: (record) => this.records.push(record) });
  }

  async namespace(): Promise<string> {
    const name = `contract-${(this.#namespaces += 1)}`;
    await this.direct.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, { manager, signal });
    await until(
      "the namespace has what controllers put there",
      async () => (await this.direct.get(configMapRef(name, "kube-root-ca.crt"), { signal })) !== null,
    );
    return name;
  }

  watch(client: ConnectedCluster, selection: Selection): WatchRecorder {
    const recorder = watchRecorder();
    const stop = new AbortController();
    const narrowed = { ...selection, fieldSelector: "metadata.name!=kube-root-ca.crt" };
    this.#watches.push({ stop, done: client.watch(configMaps, narrowed, recorder, stop.signal) });
    return recorder;
  }

  async define(singular: string, spec: Record<string, unknown>): Promise<void> {
    await this.direct.apply(definition(singular, spec), { manager, signal });
    await until("the kind is served", async () => {
      this.direct.invalidateDiscovery();
      const kind = { group: "contract.example.com", kind: kindOf(singular) };
      return (await this.direct.kind(kind, { signal })).known === "yes";
    });
  }

  /** Between tests: no rule and no watch is left. */
  async rest(): Promise<void> {
    this.proxy.clear();
    this.records.length = 0;
    for (const { stop } of this.#watches) stop.abort();
    await Promise.all(this.#watches.splice(0).map(({ done }) => done));
  }

  async close(): Promise<void> {
    await this.direct.close();
    await this.proxied.close();
    await this.proxy.close();
  }
}

/** A ConfigMap to write. */
export function configMap(
  namespace: string,
  name: string,
  content: { data?: Record<string, string>; labels?: Record<string, string> } = {},
): Resource {
  const metadata = { name, namespace, ...(content.labels ? { labels: content.labels } : {}) };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: content.data ?? {} };
}

/** Where a ConfigMap is. */
export function configMapRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: "v1", kind: "ConfigMap", namespace, name };
}

/** A CustomResourceDefinition in contract.example.com whose objects have this spec. */
export function definition(singular: string, spec: Record<string, unknown>): Resource {
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", ...spec } } } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${singular}s.contract.example.com` },
    spec: {
      group: "contract.example.com",
      names: { kind: kindOf(singular), plural: `${singular}s`, singular },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}

/** The error that a call must end with. */
export async function failure(call: Promise<unknown>): Promise<ApiError> {
  try {
    await call;
  } catch (error) {
    return error as ApiError;
  }
  throw new Error("The call succeeded");
}

function kindOf(singular: string): string {
  return `${singular[0]?.toUpperCase()}${singular.slice(1)}`;
}
