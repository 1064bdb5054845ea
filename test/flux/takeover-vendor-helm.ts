import type { ChartPostRenderStep } from "#core/app/render-spec.ts";
import type { HelmRelease } from "#core/helm/release.ts";
import { releaseSecret, releaseSecretName } from "#core/helm/release-record.ts";
import { idOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { decodeHelmRelease, encodeHelmRelease } from "#adapters/upstream/helm-release.ts";
import { type HelmRendered, helmRender } from "#adapters/upstream/helm-render.ts";
import type { HelperPool } from "#adapters/upstream/helper-pool.ts";
import { commonMetadataDigest, postRenderersDigest } from "#dialects/flux/helm-release-digests.ts";
import { compareReleased } from "#dialects/flux/helm-release-order.ts";
import type { HelmReleaseSpec } from "#dialects/flux/helm-release-schema.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { entryOf, now, observed, seconds, type VendorWriter } from "./takeover-writer.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const { signal } = new AbortController();

/** An entry of a HelmRelease's `status.history`. */
export interface Snapshot {
  readonly version: number;
  readonly status: string;
  readonly digest: string;
  readonly configDigest: string;
  readonly chartName: string;
  readonly chartVersion: string;
  readonly firstDeployed: string;
}

/** A packed chart by name and version. */
export type ChartOf = (name: string, version: string) => Uint8Array;

interface HelmStatus {
  readonly history?: readonly Snapshot[];
  readonly observedPostRenderersDigest?: string;
  readonly observedCommonMetadataDigest?: string;
  readonly conditions?: readonly { readonly type: string; readonly observedGeneration?: number }[];
  readonly storageNamespace?: string;
}

/** Writes what source-controller makes of charts and helm-controller of releases. */
export class VendorHelm {
  readonly #writer: VendorWriter;
  readonly #pool: HelperPool;
  readonly #chartOf: ChartOf;

  constructor(writer: VendorWriter, pool: HelperPool, chartOf: ChartOf) {
    this.#writer = writer;
    this.#pool = pool;
    this.#chartOf = chartOf;
  }

  /**
   * What source-controller and helm-controller do with a HelmRelease: make its chart, then install or upgrade, with
   * `meanwhile` while the record says that this is under way.
   */
  async released(ref: ObjectRef, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.#writer.finalizer(ref, "helm-controller");
    const object = await this.#writer.object(ref);
    const spec = object["spec"] as HelmReleaseSpec;
    const { chart = "", version = "" } = spec.chart?.spec ?? {};
    await this.#chartObject(object, { chart, version });
    const names = namesOf(object);
    const before = ((object["status"] ?? {}) as HelmStatus).history ?? [];
    const revision = (before[0]?.version ?? 0) + 1;
    const rendered = await this.#render(object, { ...names, revision });
    const at = new Date().toISOString();
    const first = before[0]?.firstDeployed ?? at;
    const release = releaseOf(rendered, { ...names, revision, first, at });
    await this.#recordPending(names, release);
    await meanwhile();
    const objects = rendered.manifests.map((one) => placed(one.object, names));
    for (const one of objects) await this.#writer.apply(one, "helm-controller");
    for (const { status, version: old } of before) {
      const found = status === "deployed" ? await this.record(names, old) : null;
      if (found)
        await this.#rewrite(names, { ...found.release, info: { ...found.release.info, status: "superseded" } });
    }
    const digest = await this.#rewrite(names, release);
    const { metadata, configDigest } = rendered;
    const snapshot = {
      action: revision === 1 ? "install" : "upgrade",
      apiVersion: "v2",
      chartName: metadata.name,
      chartVersion: metadata.version,
      configDigest,
      digest,
      firstDeployed: seconds(first),
      lastDeployed: seconds(at),
      name: names.name,
      namespace: names.namespace,
      status: "deployed",
      version: revision,
    };
    await this.#tellReleased(ref, {
      snapshot,
      objects,
      before: await this.#superseded(names, before),
      storage: names.storage,
    });
  }

  /**
   * Why a helm-controller that starts now would install or upgrade the release (helm-controller@v1.6.3
   * internal/reconcile/state.go, internal/action/verify.go); nothing when it finds everything as it shall be.
   */
  async wouldUpgrade(ref: ObjectRef): Promise<readonly string[]> {
    const object = await this.#writer.object(ref);
    const spec = object["spec"] as HelmReleaseSpec;
    const status = (object["status"] ?? {}) as HelmStatus;
    const names = namesOf(object);
    const newest = await this.#newest(names);
    if (!newest) return ["there is no release in storage"];
    const { release, digest, configDigest } = newest;
    const [latest] = status.history ?? [];
    if (!latest) return ["the status has no history"];
    const rendered = await this.#render(object, { ...names, revision: release.version });
    const problems: string[] = [];
    const expect = (what: string, seen: unknown, wanted: unknown) => {
      if (seen !== wanted) problems.push(`${what}: ${String(seen)} instead of ${String(wanted)}`);
    };
    expect("version in storage", release.version, latest.version);
    expect("status in storage", release.info.status, "deployed");
    expect("digest of the release", digest, latest.digest);
    expect("status in the history", latest.status, "deployed");
    expect("chart name", release.chart.metadata.name, rendered.metadata.name);
    expect("chart version", release.chart.metadata.version, rendered.metadata.version);
    expect("chart version in the history", latest.chartVersion, rendered.metadata.version);
    expect("digest of the values", configDigest, rendered.configDigest);
    expect("digest of the values in the history", latest.configDigest, rendered.configDigest);
    expect("storage namespace", status.storageNamespace, names.storage);
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    if (ready?.observedGeneration !== object.metadata.generation) {
      expect("post-renderers", status.observedPostRenderersDigest ?? "", postRenderersDigest(spec.postRenderers));
      expect("common metadata", status.observedCommonMetadataDigest ?? "", commonMetadataDigest(spec.commonMetadata));
    }
    return problems;
  }

  /** Decoded newest record of a release. */
  async #newest(names: Names): ReturnType<VendorHelm["record"]> {
    let newest: Awaited<ReturnType<VendorHelm["record"]>> = null;
    for (let version = 1; version < 50; version++) {
      const one = await this.record(names, version);
      if (one) newest = one;
    }
    return newest;
  }

  /** One decoded record; null when there is none. */
  async record(
    { name, storage }: Names,
    version: number,
  ): Promise<Awaited<ReturnType<typeof decodeHelmRelease>> | null> {
    const ref = { apiVersion: "v1", kind: "Secret", namespace: storage, name: releaseSecretName(name, version) };
    const secret = await this.#writer.client.get(ref, { signal });
    const secretData = (secret?.["data"] as { release?: string } | undefined)?.release;
    return secretData === undefined ? null : decodeHelmRelease(this.#pool, { secretData }, signal);
  }

  async #recordPending({ storage }: Names, release: HelmRelease): Promise<void> {
    const isFirst = release.version === 1;
    const status = isFirst ? "pending-install" : "pending-upgrade";
    const description = isFirst ? "Initial install underway" : "Preparing upgrade";
    const pending: HelmRelease = { ...release, info: { ...release.info, status, description } };
    const { record } = await encodeHelmRelease(this.#pool, { release: pending }, signal);
    const written = { as: "created", atMs: Date.now() } as const;
    const secret = releaseSecret({ release: pending, storageNamespace: storage, record, written });
    await this.#writer.client.create(secret as unknown as Resource, { manager: "helm-controller", signal });
  }

  /** Writes a record over; returns its digest. */
  async #rewrite({ storage }: Names, release: HelmRelease): Promise<string> {
    const name = releaseSecretName(release.name, release.version);
    const live = await this.#writer.object({ apiVersion: "v1", kind: "Secret", namespace: storage, name });
    const { record, digest } = await encodeHelmRelease(this.#pool, { release }, signal);
    const written = { as: "modified", atMs: Date.now() } as const;
    const { metadata, ...rest } = releaseSecret({ release, storageNamespace: storage, record, written });
    const { uid, resourceVersion } = live.metadata;
    const secret = { ...rest, metadata: { ...metadata, uid, resourceVersion } } as unknown as Resource;
    await this.#writer.client.replace(secret, { manager: "helm-controller", signal });
    return digest;
  }

  /** The digest is of the record as it lies there, its status included. */
  async #superseded(names: Names, before: readonly Snapshot[]): Promise<readonly object[]> {
    const [last, ...rest] = before;
    if (!last) return [];
    const found = await this.record(names, last.version);
    const { action: _action, ...kept } = last as Snapshot & { action?: string };
    return [{ ...kept, status: "superseded", digest: found?.digest ?? last.digest }, ...rest];
  }

  async #tellReleased(
    ref: ObjectRef,
    told: {
      readonly snapshot: {
        readonly chartVersion: string;
        readonly configDigest: string;
        readonly [field: string]: unknown;
      };
      readonly objects: readonly Resource[];
      readonly before: readonly object[];
      readonly storage: string;
    },
  ): Promise<void> {
    const { snapshot, objects, before, storage } = told;
    const { action, name, namespace, version, chartName, chartVersion } = snapshot;
    const release = `${String(namespace)}/${String(name)}.v${String(version)}`;
    const message = `Helm ${String(action)} succeeded for release ${release} with chart ${String(chartName)}@${chartVersion}`;
    const reason = action === "install" ? "InstallSucceeded" : "UpgradeSucceeded";
    const ids = objects.toSorted((a, b) => compareReleased(idOf(a), idOf(b)));
    await this.#writer.status(ref, "helm-controller", (live) => {
      const spec = live["spec"] as HelmReleaseSpec;
      const post = postRenderersDigest(spec.postRenderers);
      const common = commonMetadataDigest(spec.commonMetadata);
      return {
        ...observed(live, { Ready: [reason, message], Released: [reason, message] }),
        helmChart: `${ref.namespace}/${ref.namespace}-${ref.name}`,
        history: [snapshot, ...before],
        inventory: { entries: ids.map(entryOf) },
        lastAttemptedConfigDigest: snapshot.configDigest,
        lastAttemptedGeneration: live.metadata.generation,
        lastAttemptedReleaseAction: action,
        lastAttemptedReleaseActionDuration: "357.369717ms",
        lastAttemptedRevision: chartVersion,
        ...(post && { observedPostRenderersDigest: post }),
        ...(common && { observedCommonMetadataDigest: common }),
        storageNamespace: storage,
      };
    });
  }

  async #chartObject(release: Resource, { chart, version }: { chart: string; version: string }): Promise<void> {
    const { namespace = "", name } = release.metadata;
    const spec = release["spec"] as HelmReleaseSpec;
    const ref = { apiVersion: SOURCE, kind: "HelmChart", namespace, name: `${namespace}-${name}` };
    const labels = { "helm.toolkit.fluxcd.io/name": name, "helm.toolkit.fluxcd.io/namespace": namespace };
    const made = {
      apiVersion: SOURCE,
      kind: "HelmChart",
      metadata: { name: ref.name, namespace, labels },
      spec: {
        chart,
        interval: goDuration(spec.interval),
        reconcileStrategy: "ChartVersion",
        sourceRef: { kind: "HelmRepository", name: spec.chart?.spec.sourceRef.name },
        version,
      },
    };
    await this.#writer.apply(made, "helm-controller");
    await this.#writer.finalizer(ref, "source-controller");
    const path = `helmchart/${namespace}/${ref.name}/${chart}-${version}.tgz`;
    const message = `pulled '${chart}' chart with version '${version}'`;
    const url = `http://source-controller.flux-system.svc.cluster.local./${path}`;
    const artifact = {
      digest: `sha256:${"b2".repeat(32)}`,
      lastUpdateTime: now(),
      path,
      revision: version,
      size: 993,
      url,
    };
    const marks = {
      Ready: ["ChartPullSucceeded", message],
      ArtifactInStorage: ["ChartPullSucceeded", message],
    } as const;
    await this.#writer.status(ref, "source-controller", (live) => ({
      artifact,
      ...observed(live, marks),
      observedChartName: chart,
      url,
    }));
  }

  async #render(object: Resource, at: Names & { readonly revision: number }): Promise<HelmRendered> {
    const spec = object["spec"] as HelmReleaseSpec;
    const { chart = "", version = "" } = spec.chart?.spec ?? {};
    const { name, namespace = "" } = object.metadata;
    const own = (spec.postRenderers ?? []).flatMap(({ kustomize }): ChartPostRenderStep[] =>
      kustomize ? [{ kustomize }] : [],
    );
    const origin = { "helm.toolkit.fluxcd.io/name": name, "helm.toolkit.fluxcd.io/namespace": namespace };
    const steps = [...own, ...(spec.commonMetadata ? [spec.commonMetadata] : []), { labels: origin }];
    return helmRender(
      this.#pool,
      {
        chart: { kind: "archive", content: this.#chartOf(chart, version) },
        values: [{ object: (spec.values ?? {}) as Readonly<Record<string, unknown>> }],
        release: { name: at.name, namespace: at.namespace, revision: at.revision, isUpgrade: at.revision > 1 },
        capabilities: await this.#writer.client.capabilities({ signal }),
        options: { withChart: true },
        postRender: { strategy: "combined", steps },
      },
      signal,
    );
  }
}

/** Where a release and its records are. */
interface Names {
  readonly name: string;
  readonly namespace: string;
  readonly storage: string;
}

function namesOf(object: Resource): Names {
  const { name, namespace = "" } = object.metadata;
  const { releaseName, targetNamespace, storageNamespace } = object["spec"] as HelmReleaseSpec;
  const own = targetNamespace ? `${targetNamespace}-${name}` : name;
  return { name: releaseName || own, namespace: targetNamespace || namespace, storage: storageNamespace || namespace };
}

/** As Helm 4 records it, hooks and all. */
function releaseOf(
  rendered: HelmRendered,
  { name, namespace, revision, first, at }: Names & { revision: number; first: string; at: string },
): HelmRelease {
  if (!rendered.chart) throw new Error("Cannot record the release: its chart was left out");
  const hooks = rendered.hooks.map((hook) => ({
    name: hook.name,
    kind: hook.kind,
    path: hook.path,
    manifest: hook.manifest,
    events: hook.events,
    last_run: { phase: "" as const },
    ...(hook.weight !== 0 && { weight: hook.weight }),
    ...(hook.deletePolicies.length > 0 && { delete_policies: hook.deletePolicies }),
  }));
  const description = revision === 1 ? "Install complete" : "Upgrade complete";
  return {
    name,
    info: {
      first_deployed: first,
      last_deployed: at,
      description,
      status: "deployed",
      ...(rendered.notes !== "" && { notes: rendered.notes }),
    },
    chart: rendered.chart,
    config: rendered.config,
    manifest: rendered.manifest,
    ...(hooks.length > 0 && { hooks }),
    version: revision,
    namespace,
    apply_method: "ssa",
  };
}

/** An object of a release as Helm applies it. */
function placed(object: Resource, { name, namespace }: Names): Resource {
  const { metadata } = object;
  const labels = { ...metadata.labels, "app.kubernetes.io/managed-by": "Helm" };
  const helm = { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace };
  const annotations = { ...metadata.annotations, ...helm };
  return { ...object, metadata: { ...metadata, namespace: metadata.namespace ?? namespace, labels, annotations } };
}

/** Go writes ten minutes as 10m0s. */
function goDuration(text: string): string {
  return text.endsWith("m") ? `${text}0s` : text;
}
