import { expect } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { AppKey } from "#core/app/app.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { decodeRow, inventoryName, INVENTORY_API } from "#engine/inventory-store.ts";
import type { AuditRecord } from "#engine/ports.ts";
import { argoApp, fluxApp, type JourneyDialect } from "../support/dialect-objects.ts";
import { eventually, patienceMs } from "../support/eventually.ts";
import type { GitServer } from "../support/git-server.ts";

const { signal } = new AbortController();
const MARKS = ["kustomize.toolkit.fluxcd.io/name", "holdfast.dev/app"];

/** Whose objects an app is declared by. */
export type DialectName = "flux" | "argocd";

/** Where an app lives. */
export interface FaultHost {
  readonly git: GitServer;
  readonly client: ConnectedCluster;
  readonly apps: FaultApp[];
  /** What the controllers of this test have put on record. */
  readonly certified: readonly AuditRecord[];
  /** Starts the controller again when it has lost its lease. */
  revive(): Promise<void>;
  /** Deletions that controllers sent since the test began, as `plural/namespace/name`. */
  deletions(): Promise<readonly string[]>;
}

interface FaultAppOptions {
  readonly name: string;
  readonly dialect: DialectName;
  readonly objects: number;
  /** The app whose repository and namespace it uses. */
  readonly beside?: FaultApp;
  /** Whether it follows that repository through a source object of its own. */
  readonly ownSource?: boolean;
}

/** One app of ConfigMaps, what is declared for it, and what must hold of it whatever happens. */
export class FaultApp {
  readonly dialect: JourneyDialect;
  readonly namespace: string;
  readonly repository: string;
  readonly path: string;
  /** Declared objects: name to value. */
  readonly values = new Map<string, string>();
  /** Objects that a person's change really took away. */
  readonly mayDelete = new Set<string>();
  head = "";
  readonly #host: FaultHost;
  /** The app whose source object this one shares. */
  readonly #beside: string | null;

  constructor(host: FaultHost, options: FaultAppOptions) {
    this.#host = host;
    this.#beside = options.ownSource ? null : (options.beside?.dialect.app.name ?? null);
    this.dialect = options.dialect === "flux" ? fluxApp(options.name) : argoApp(options.name);
    this.namespace = options.beside?.namespace ?? options.name;
    this.repository = options.beside?.repository ?? options.name;
    this.path = options.beside ? options.name : "app";
    for (let number = 0; number < options.objects; number++) this.values.set(`o${number}`, "1");
  }

  /** Another app of the same dialect, repository and namespace, with a path of its own and no objects yet. */
  async sibling(name: string, values: Readonly<Record<string, string>>, { ownSource = false } = {}): Promise<FaultApp> {
    const dialect = this.dialect.name as DialectName;
    const app = new FaultApp(this.#host, {
      name: `${this.namespace}-${name}`,
      dialect,
      objects: 0,
      beside: this,
      ownSource,
    });
    for (const [object, value] of Object.entries(values)) app.values.set(object, value);
    this.#host.apps.push(app);
    await app.declare();
    await app.poke();
    return app;
  }

  /** Commits the objects, then creates the namespace and the app. */
  async declare(spec: Record<string, unknown> = {}): Promise<void> {
    const { client, git } = this.#host;
    this.head = await git.commit(this.repository, this.files());
    await client.apply(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace } },
      { manager: "test", signal },
    );
    const url = git.url(this.repository);
    const { path, namespace } = this;
    const source = this.#beside === null ? {} : { sourceRef: { kind: "GitRepository", name: this.#beside } };
    const isFlux = this.dialect.name === "flux";
    for (const object of this.dialect.objects({ url, path, namespace, spec: isFlux ? { ...spec, ...source } : spec })) {
      if (object.kind === "GitRepository" && this.#beside !== null) continue;
      await client.apply(quickly(object), { manager: "test", signal });
    }
  }

  /** The app's files as declared. */
  files(): Record<string, string> {
    const files = [...this.values].map(([name, value]) => [`${this.path}/${name}.yaml`, configMap(name, value)]);
    return Object.fromEntries(files) as Record<string, string>;
  }

  /** Pushes a change: a value for each object, null to take one out of the source. */
  async commit(changes: Readonly<Record<string, string | null>>): Promise<void> {
    const files: Record<string, string | null> = {};
    for (const [name, value] of Object.entries(changes)) {
      files[`${this.path}/${name}.yaml`] = value === null ? null : configMap(name, value);
      if (value === null) {
        this.values.delete(name);
        this.mayDelete.add(name);
      } else this.values.set(name, value);
    }
    await this.push(files);
  }

  /** Pushes any files to the app's repository and lets the controller know. */
  async push(files: Readonly<Record<string, string | null>>): Promise<void> {
    this.head = await this.#host.git.commit(this.repository, files);
    await this.poke();
  }

  /** Asks the controller to look at the source now. */
  async poke(): Promise<void> {
    if (this.dialect.name !== "argocd") return;
    const annotations = { "argocd.argoproj.io/refresh": "normal" };
    const options = { type: "merge", manager: "test", signal } as const;
    await this.#host.client.patch(this.dialect.app, { metadata: { annotations } }, options);
  }

  /** The app object as the cluster has it. */
  object(): Promise<Resource | null> {
    return this.#host.client.get(this.dialect.app, { signal });
  }

  /** Every message that the status shows people. */
  async messages(): Promise<string> {
    return this.dialect.messages(await this.object());
  }

  ref(name: string): { apiVersion: string; kind: string; namespace: string; name: string } {
    return { apiVersion: "v1", kind: "ConfigMap", namespace: this.namespace, name };
  }

  live(name: string): Promise<Resource | null> {
    return this.#host.client.get(this.ref(name), { signal });
  }

  /** Changes an object's value by hand, as `manager`. */
  async edit(name: string, value: string, manager = "hand"): Promise<void> {
    await this.#host.client.patch(this.ref(name), { data: { value } }, { type: "merge", manager, signal });
  }

  /** Waits until an object has its declared value. */
  async healed(name: string, limitMs = patienceMs): Promise<void> {
    const isHealed = async () => valueOf(await this.live(name)) === this.values.get(name);
    await eventually(`${name} is healed`, isHealed, limitMs);
  }

  /** The objects of the namespace: name to value. */
  async content(): Promise<Record<string, string | undefined>> {
    const objects = await this.objects();
    return Object.fromEntries(objects.map((object) => [object.metadata.name, valueOf(object)]));
  }

  async objects(): Promise<readonly Resource[]> {
    const info = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true, verbs: [] };
    const all = await this.#host.client.list(info, { namespace: this.namespace }, { signal });
    return all.filter((object) => object.metadata.name !== "kube-root-ca.crt");
  }

  /** UIDs of the namespace's objects by name. */
  async uids(): Promise<Record<string, string | undefined>> {
    return Object.fromEntries((await this.objects()).map(({ metadata }) => [metadata.name, metadata.uid]));
  }

  /** Waits until the app reports its head and the cluster holds exactly what is declared. */
  async converged(limitMs = patienceMs): Promise<void> {
    let last = "";
    const isConverged = async () => {
      await this.#host.revive();
      const object = await this.object();
      if (!this.dialect.isDone(object, this.head)) {
        last = `${this.dialect.messages(object)} ${JSON.stringify(object?.["status"])}`.slice(0, 2_000);
        return false;
      }
      const live = (await this.objects()).filter(isMarked);
      const content = Object.fromEntries(live.map((one) => [one.metadata.name, valueOf(one)]));
      const declared = Object.fromEntries(this.values);
      last = JSON.stringify(content);
      return [...this.values].every(([name, value]) => content[name] === value) && !this.#hasLeft(content, declared);
    };
    try {
      await eventually(`${this.dialect.key} converges`, isConverged, limitMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}; last seen: ${last}`, { cause: error });
    }
  }

  #hasLeft(content: Record<string, unknown>, declared: Record<string, unknown>): boolean {
    return [...this.mayDelete].some((name) => name in content && !(name in declared));
  }

  /** No wrong deletion, no deletion without its certificate, no orphan. */
  async checkInvariants(): Promise<void> {
    await this.#checkDeletions();
    await this.checkRecorded();
  }

  /** Every object with the app's mark is in its inventory. */
  async checkRecorded(): Promise<void> {
    const inventory = await this.inventory();
    const marked = (await this.objects()).filter((object) => isMarked(object) && this.#isMine(object));
    const orphans = marked.filter((object) => !inventory.has(keyOf(object)));
    expect(orphans.map((object) => object.metadata.name)).toEqual([]);
  }

  async #checkDeletions(): Promise<void> {
    const prefix = `configmaps/${this.namespace}/`;
    const sent = (await this.#host.deletions()).filter((text) => text.includes(`/${this.namespace}/`));
    const wrong = sent.filter((text) => !text.startsWith(prefix) || !this.mayDelete.has(text.slice(prefix.length)));
    expect(wrong, "wrong deletions").toEqual([]);
    const certificates = this.#host.certified.filter((record) => record.verb === "delete");
    const covered = new Set(certificates.filter((one) => one.detail["certificate"]).map((record) => record.object));
    const uncertified = sent.filter((text) => !covered.has(text.replace("configmaps/", "ConfigMap/")));
    expect(uncertified, "deletions without a certificate").toEqual([]);
  }

  /** What the controller recorded for this app. */
  async inventory(): Promise<ReadonlySet<string>> {
    const key = this.dialect.key as AppKey;
    const { namespace } = this.dialect.app;
    const ref = { apiVersion: INVENTORY_API, kind: "Inventory", namespace, name: inventoryName(key, 0) };
    const object = await this.#host.client.get(ref, { signal });
    const rows = (object?.["entries"] as string[] | undefined) ?? [];
    return new Set(rows.map((row) => decodeRow(row).key));
  }

  #isMine(object: Resource): boolean {
    const { labels = {} } = object.metadata;
    return Object.values(labels).includes(this.dialect.app.name);
  }

  /** Removes the app without its controller, and what it leaves. */
  async discard(): Promise<void> {
    const { namespace, name } = this.dialect.app;
    const others = [
      { apiVersion: INVENTORY_API, kind: "Inventory", name: inventoryName(this.dialect.key as AppKey, 0) },
    ];
    if (this.dialect.name === "flux") {
      others.push({ apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository", name });
    }
    await this.#strip(await this.object());
    // Without its record, the status of an app that is still there would look like another controller's.
    await eventually("the app is gone", async () => (await this.object()) === null);
    const found = others.map((ref) => this.#host.client.get({ ...ref, namespace }, { signal }));
    const left = [...(await this.objects()), ...(await Promise.all(found))];
    await Promise.all(left.map((object) => this.#strip(object)));
  }

  async #strip(object: Resource | null): Promise<void> {
    if (!object) return;
    const { apiVersion, kind, metadata } = object;
    const ref = { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name };
    const options = { type: "merge", manager: "test", signal } as const;
    if (metadata.finalizers) await this.#host.client.patch(ref, { metadata: { finalizers: null } }, options);
    await this.#host.client.delete(ref, { uid: metadata.uid ?? "", signal });
  }
}

/** Makes the failures of a source show soon. */
function quickly(object: Resource): Resource {
  if (object.kind !== "GitRepository") return object;
  return { ...object, spec: { ...(object["spec"] as object), timeout: "3s" } };
}

function isMarked(object: Resource): boolean {
  return MARKS.some((mark) => (object.metadata.labels ?? {})[mark] !== undefined);
}

/** A ConfigMap as a file. */
export function configMap(name: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: "${value}"}\n`;
}

/** The value of a ConfigMap that `configMap` made. */
export function valueOf(object: Resource | null): string | undefined {
  return (object?.["data"] as { value?: string } | undefined)?.value;
}
