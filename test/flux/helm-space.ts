import type { ObjectRef } from "#engine/ports.ts";
import type { Resource } from "#core/resource/resource.ts";
import { eventually, patienceMs } from "../support/eventually.ts";
import { conditionOf, type FluxStatus, type FluxWorld, type Space } from "./flux-world.ts";

const HELM = "helm.toolkit.fluxcd.io/v2";
const SOURCE = "source.toolkit.fluxcd.io/v1";

/** Of a HelmRelease's status, what tests read. */
export interface ReleaseStatus extends FluxStatus {
  readonly history?: readonly {
    readonly version: number;
    readonly status: string;
    readonly chartVersion: string;
    readonly testHooks?: Readonly<Record<string, { readonly phase?: string }>>;
  }[];
  readonly failures?: number;
  readonly installFailures?: number;
  readonly upgradeFailures?: number;
  readonly helmChart?: string;
  readonly storageNamespace?: string;
}

/** The charts of a chart repository, released in a namespace of its own. */
export class HelmSpace {
  readonly space: Space;
  readonly name: string;
  readonly #world: FluxWorld;
  readonly #url: string;
  #spec: Readonly<Record<string, unknown>> = {};

  constructor(world: FluxWorld, space: Space, url: string) {
    this.#world = world;
    this.space = space;
    this.name = space.name;
    this.#url = url;
  }

  get ref(): ObjectRef {
    return this.space.at(HELM, "HelmRelease", this.name);
  }

  /** Declares a release of a chart of the repository; what was declared before and is not named now stays. */
  async release(chart: string, version: string, spec: object = {}): Promise<void> {
    const metadata = { name: this.name, namespace: this.name };
    const sourceRef = { kind: "HelmRepository", name: this.name };
    const repository = { interval: "10m", url: this.#url };
    await this.#world.apply({ apiVersion: SOURCE, kind: "HelmRepository", metadata, spec: repository });
    this.#spec = { interval: "10m", timeout: "20s", ...this.#spec, ...spec };
    const whole = { ...this.#spec, chart: { spec: { chart, version, sourceRef } } };
    await this.#world.apply({ apiVersion: HELM, kind: "HelmRelease", metadata, spec: whole });
  }

  /** Waits until the HelmRelease's status passes. */
  async status(what: string, passes: (status: ReleaseStatus) => boolean, limitMs = patienceMs): Promise<ReleaseStatus> {
    let last: Resource | null = null;
    const probe = async () => {
      last = await this.#world.get(this.ref);
      const status = (last?.["status"] ?? {}) as ReleaseStatus;
      const isOfNow = conditionOf(status, "Ready")?.observedGeneration === last?.metadata.generation;
      return isOfNow && passes(status) && status;
    };
    return await eventually(`${this.name} ${what}`, probe, limitMs).catch((error: unknown) => {
      throw new Error(`${this.name}: not ${what}: ${JSON.stringify(last?.["status"])}`, { cause: error });
    });
  }

  /** Waits until the release is ready at a revision. */
  async ready(version: number): Promise<ReleaseStatus> {
    const isAt = (status: ReleaseStatus) => status.history?.[0]?.version === version;
    return this.status(`ready at ${version}`, (status) => isAt(status) && stateOf(status, "Ready") === "True");
  }

  async remove(): Promise<void> {
    await this.#world.delete(this.ref);
    await this.space.gone(this.ref);
  }
}

/** Status of a condition, e.g. "True"; undefined: there is none. */
export function stateOf(status: FluxStatus, type: string): string | undefined {
  return conditionOf(status, type)?.status;
}

/** A ConfigMap as a template. */
export function configTemplate(name: string, color = "{{ .Values.color }}", annotations = "{}"): string {
  return [
    "apiVersion: v1",
    "kind: ConfigMap",
    `metadata: {name: "{{ .Release.Name }}-${name}", annotations: ${annotations}}`,
    `data: {color: "${color}"}\n`,
  ].join("\n");
}

/** A Job as a template; one that crashes fails at once. */
export function jobTemplate(name: string, annotations: Readonly<Record<string, string>>, behaviour = ""): string {
  const pod = behaviour === "" ? {} : { "holdfast.dev/test-behaviour": behaviour };
  const containers = [{ name: "main", image: "registry.example/job:1" }];
  const template = { metadata: { annotations: pod }, spec: { restartPolicy: "Never", containers } };
  return [
    "apiVersion: batch/v1",
    "kind: Job",
    `metadata: {name: "{{ .Release.Name }}-${name}", annotations: ${JSON.stringify(annotations)}}`,
    `spec: ${JSON.stringify({ backoffLimit: 0, template })}\n`,
  ].join("\n");
}
