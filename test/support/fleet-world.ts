import { readdir, readFile, rm } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ControlPlane } from "#adapters/cluster/control-plane.ts";
import { startControlPlane } from "#adapters/cluster/start-control-plane.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { packedChart } from "#adapters/upstream/helm-bench.ts";
import { releaseSummaryOf } from "#core/helm/release-record.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { auditPosition, requestsSince } from "../../bench/audit-log.ts";
import { buildGo } from "../../tools/build-go.ts";
import { type ControllerProcess, startControllerProcess } from "../faults/controller-process.ts";
import { ChartServer } from "./chart-server.ts";
import { temporaryDirectory } from "./control-plane.ts";
import { adminClient, installDefinitions } from "./engine.ts";
import { eventually } from "./eventually.ts";
import { type FaultMatch, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { type GitServer, startGitServer } from "./git-server.ts";
import { type OciRegistry, startOciRegistry } from "./oci-registry.ts";

const CONTROLLER_USER = "holdfast";
const chartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const { signal } = new AbortController();

/** An example of a whole repository. */
export interface Fleet {
  readonly folder: string;
  /** The folder of its plugins inside that. */
  readonly plugins?: string;
  /** Kinds whose objects tell whether they are ready, by group. */
  readonly reporting: readonly { readonly group: string; readonly kind: string }[];
  /** `Ready`, or why an object is not. */
  readonly stateOf: (object: Resource) => string;
  /** Puts what the example expects on the servers. */
  readonly publish: (servers: FleetServers) => Promise<void>;
  /** How the example's text names what speaks no TLS here. */
  readonly insecure: (text: string, registry: string) => string;
}

/** Servers that hold what the example expects at addresses of example.com, and the example with theirs instead. */
export class FleetServers {
  readonly fleet: Fleet;
  readonly git: GitServer;
  readonly charts: ChartServer;
  readonly registry: OciRegistry;

  private constructor(fleet: Fleet, servers: { git: GitServer; charts: ChartServer; registry: OciRegistry }) {
    this.fleet = fleet;
    this.git = servers.git;
    this.charts = servers.charts;
    this.registry = servers.registry;
  }

  static async start(fleet: Fleet): Promise<FleetServers> {
    const [git, charts, registry] = await Promise.all([
      startGitServer(),
      new ChartServer().start(),
      startOciRegistry(),
    ]);
    const servers = new FleetServers(fleet, { git, charts, registry });
    await fleet.publish(servers);
    await git.commit("platform/fleet", await servers.files());
    return servers;
  }

  async stop(): Promise<void> {
    await Promise.all([this.git.stop(), this.charts.stop(), this.registry.stop()]);
  }

  /** The files of a folder of the example with these servers' addresses. */
  async files(folder = ""): Promise<Readonly<Record<string, string>>> {
    const files = Object.entries(await filesOf(join(this.fleet.folder, folder)));
    return Object.fromEntries(files.map(([path, text]) => [path, this.#addressed(text)]));
  }

  /** A packed chart of the example. */
  async chart(folder: string): Promise<Uint8Array> {
    return packedChart(basename(folder), await filesOf(join(this.fleet.folder, folder)));
  }

  /** Pushes a packed chart to the registry. */
  async pushChart(folder: string, repository: string, version: string): Promise<void> {
    const layers = [{ mediaType: chartType, content: await this.chart(folder) }];
    await this.registry.push(repository, version, { layers });
  }

  #addressed(text: string): string {
    const addressed = text
      .replaceAll("https://git.example.com", this.git.address)
      .replaceAll("https://charts.example.com/stable", this.charts.url);
    return this.fleet.insecure(addressed, this.registry.host);
  }
}

/** An empty cluster with nodes, and a controller in a process of its own that reaches it through a proxy. */
export class FleetCluster {
  readonly plane: ControlPlane;
  readonly proxy: FaultProxy;
  readonly #client: ConnectedCluster;
  readonly #servers: FleetServers;
  readonly #dataDir: string;
  #process: ControllerProcess | null = null;
  #supervised: Promise<void> = Promise.resolve();

  private constructor(parts: {
    plane: ControlPlane;
    proxy: FaultProxy;
    client: ConnectedCluster;
    servers: FleetServers;
    dataDir: string;
  }) {
    this.plane = parts.plane;
    this.proxy = parts.proxy;
    this.#client = parts.client;
    this.#servers = parts.servers;
    this.#dataDir = parts.dataDir;
  }

  static async start(servers: FleetServers): Promise<FleetCluster> {
    await buildGo("cluster", signal);
    const users = [{ name: CONTROLLER_USER, groups: ["system:masters"] }];
    const plane = await startControlPlane({
      name: "fleet",
      dir: await temporaryDirectory(),
      audit: true,
      users,
      signal,
    });
    const { server, caPem } = plane;
    const proxy = await startFaultProxy({ server, caPem, token: plane.tokenFor(CONTROLLER_USER) });
    const client = adminClient(plane);
    await installDefinitions(client, signal);
    return new FleetCluster({ plane, proxy, client, servers, dataDir: await temporaryDirectory() });
  }

  async stop(): Promise<void> {
    await this.#killController();
    await this.#client.close();
    await this.proxy.close();
    await this.plane.stop();
    for (const dir of [this.#dataDir, this.plane.dir]) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }

  get(apiVersion: string, kind: string, place: string): Promise<Resource | null> {
    const [namespace = "", name = ""] = place.split("/");
    return this.#client.get({ apiVersion, kind, namespace, name }, { signal });
  }

  /** Starts the controller; whenever it ends by itself, because it lost its lease, it is started again. */
  async startController(): Promise<void> {
    this.#process = await this.#startProcess();
    this.#supervised = this.#supervise();
  }

  /** Kills the controller while it waits for the answer to this request, which the API server never hears of. */
  async killControllerAt(match: FaultMatch): Promise<void> {
    const rule = this.proxy.rule({ match, act: { kind: "hold" } });
    await eventually("the request is made", () => rule.hits > 0);
    // Answers that are under way arrive.
    await pause(100);
    await this.#killController();
    this.proxy.clear();
  }

  /** What the example's README says to do by hand. */
  async apply(objects: readonly Resource[]): Promise<void> {
    for (const object of objects) await this.#client.apply(object, { manager: "test", signal });
  }

  /** Sets annotations of an object. */
  async annotate(ref: ObjectRef, annotations: Readonly<Record<string, string>>): Promise<void> {
    await this.#client.patch(ref, { metadata: { annotations } }, { type: "merge", manager: "test", signal });
  }

  /** What every object of a reporting kind says about itself now, as `Kind/namespace/name`. */
  async report(): Promise<Readonly<Record<string, string>>> {
    const said: Record<string, string> = {};
    const { reporting, stateOf } = this.#servers.fleet;
    for (const kind of reporting) {
      for (const object of await this.#list(kind)) {
        said[`${kind.kind}/${object.metadata.namespace}/${object.metadata.name}`] = stateOf(object);
      }
    }
    return said;
  }

  /** Waits until as many objects are there as the example has and all but some are ready, and returns the names of those. */
  async allReady(count: number, but: readonly string[] = []): Promise<readonly string[]> {
    let last: Readonly<Record<string, string>> = {};
    const probe = async () => {
      last = await this.report();
      const isReady = ([name, text]: [string, string]) => text === "Ready" || but.includes(name);
      return Object.keys(last).length >= count && Object.entries(last).every(isReady);
    };
    await eventually("the fleet is ready", probe).catch((error: unknown) => {
      throw new Error(`the fleet is not ready: ${JSON.stringify(last, null, 2)}`, { cause: error });
    });
    return Object.keys(last).filter((name) => !but.includes(name));
  }

  /** Helm's records of all namespaces, as `release.vN status`. */
  async records(): Promise<readonly string[]> {
    const summaries = (await this.#list({ group: "", kind: "Secret" })).flatMap(
      (secret) => releaseSummaryOf(secret as never) ?? [],
    );
    return summaries.map(({ name, version, status }) => `${name}.v${version} ${status}`).toSorted();
  }

  /** Objects that the controller created, in the name of whomever, by the answers of the API server, oldest first. */
  async creations(): Promise<readonly { readonly object: string; readonly actor: string }[]> {
    const text = await readFile(this.plane.auditLogPath, "utf8");
    return text
      .split("\n")
      .filter((line) => line.includes('"code":201'))
      .flatMap((line) => {
        const event = JSON.parse(line) as AuditEvent;
        const { resource = "", namespace = "", name = "" } = event.objectRef ?? {};
        if (event.user.username !== CONTROLLER_USER || event.requestURI.includes("dryRun")) return [];
        if (["events", "leases", "inventories"].includes(resource) || name === "") return [];
        const actor = event.impersonatedUser?.username ?? event.user.username;
        return [{ object: [resource, namespace, name].filter(Boolean).join("/"), actor }];
      });
  }

  /** What the controller asks the API server for in this time, watches and its lease apart. */
  async requestsWithin(ms: number): Promise<Readonly<Record<string, number>>> {
    const from = auditPosition(this.plane.auditLogPath);
    await pause(ms);
    return (await requestsSince(this.plane.auditLogPath, CONTROLLER_USER, from)).byKind;
  }

  async #startProcess(): Promise<ControllerProcess> {
    const isFree = () =>
      this.#expireLease().then(
        () => true,
        () => false,
      );
    await eventually("the API server answers", isFree);
    const { folder, plugins } = this.#servers.fleet;
    const pluginDir = plugins === undefined ? {} : { pluginDir: join(folder, plugins) };
    const where = { server: this.proxy.url, dataDir: this.#dataDir };
    return startControllerProcess({ ...where, ...pluginDir, onRecord: () => {} });
  }

  /** As if the time had passed after which a lease that nobody renews is taken over. */
  async #expireLease(): Promise<void> {
    const at = { namespace: "holdfast-system", name: "holdfast-controller" };
    const lease: ObjectRef = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", ...at };
    if (await this.#client.get(lease, { signal }))
      await this.#client.patch(lease, { spec: { holderIdentity: "" } }, { type: "merge", manager: "test", signal });
  }

  async #supervise(): Promise<void> {
    for (;;) {
      const running = this.#process;
      await running?.ended;
      if (running === null || this.#process !== running) return;
      const next = await this.#startProcess();
      if (this.#process !== running) return await next.kill();
      this.#process = next;
    }
  }

  async #killController(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    await running?.kill();
    await this.#supervised;
  }

  async #list(kind: { group: string; kind: string }): Promise<readonly Resource[]> {
    const lookup = await this.#client.kind(kind, { signal });
    if (lookup.known !== "yes") throw new Error(`Cannot list ${kind.kind}: it is not served`);
    return this.#client.list(lookup.info, {}, { signal });
  }
}

interface AuditEvent {
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly impersonatedUser?: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string };
}

async function filesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = paths.map(async (path) => [relative(folder, path), await readFile(path, "utf8")] as const);
  return Object.fromEntries(await Promise.all(files));
}
