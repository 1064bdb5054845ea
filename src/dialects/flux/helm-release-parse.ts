import { type App, type RetryPolicy, type SyncPolicy, appKey } from "#core/app/app.ts";
import { isFence } from "#core/app/adoption.ts";
import type { ChartPostRenderStep, ChartSpec } from "#core/app/render-spec.ts";
import type { Settings } from "#core/app/settings.ts";
import { fieldAt } from "#core/health/condition.ts";
import { digestOf } from "#core/resource/digest.ts";
import { type Resource, annotationsOf } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import { checkSpec } from "./check-spec.ts";
import { durationField } from "./duration-field.ts";
import { type ChartOfRelease, chartOfRelease } from "./helm-release-chart.ts";
import { originLabels } from "./helm-release-marking.ts";
import { releaseNamespaceOf, releasePolicyOf, releaseTimeoutMs } from "./helm-release-policy.ts";
import { type HelmReleaseSpec, helmReleaseSpec } from "./helm-release-schema.ts";
import { unsupportedInHelmRelease } from "./helm-release-unsupported.ts";
import { type ValuesReference, valuesReferences } from "./helm-release-values.ts";
import { type IgnoreRule, parseIgnoreRules } from "./ignore-rules.ts";
import { addressOf } from "./object-address.ts";
import { healthExpressionsOf } from "./health-expressions.ts";
import { clusterOf, kubeConfigReferences } from "./kube-config.ts";
import { dependenciesOf } from "./parse-dependencies.ts";
import { finalizerName, requestedAtAnnotation } from "./parse-kustomization.ts";

/** What the dialect's functions read back from a parsed HelmRelease. */
export interface HelmReleaseDetails {
  readonly values: Readonly<Record<string, unknown>>;
  readonly valuesFrom: readonly ValuesReference[];
  readonly ignore: readonly IgnoreRule[];
}

/** Name of the dialect in what it parses. */
export const helmDialectName = "flux-helm";

const shortestMs = 1_000;
const propagations = { background: "Background", foreground: "Foreground", orphan: "Orphan" } as const;

/** Parses a HelmRelease into the neutral unit of delivery; never throws. */
export function parseHelmRelease(object: Resource, settings: Settings): Result<App, readonly Problem[]> {
  const checked = checkSpec(helmReleaseSpec, object["spec"]);
  if (!checked.ok) return checked;
  // An adopted release is suspended only to keep the vendor's controller off.
  const spec = { ...checked.value, suspend: (checked.value.suspend ?? false) && !isFence(annotationsOf(object)) };
  const deleting = object.metadata.deletionTimestamp !== undefined;
  const { namespace = "", name } = object.metadata;
  const problems: Problem[] = [...unsupportedInHelmRelease(spec, deleting)];
  const details = detailsOf(object, spec, problems);
  const policy = policyOf(spec, problems);
  const release = releasePolicyOf(object, spec, problems);
  const chart = chartOfRelease(object, spec, problems);
  if (chart && settings.ownNamespaceOnly && chart.namespace !== namespace) problems.push(foreignChart(chart));
  const dependsOn = dependenciesOf(spec.dependsOn, { short: "hr", namespace, settings }, problems);
  if (problems.length > 0 || !chart) return refused(problems);
  const account = spec.serviceAccountName || settings.defaultServiceAccount;
  return ok({
    key: appKey("hr", namespace, name),
    dialect: helmDialectName,
    object: addressOf(object),
    deleting,
    finalizer: {
      name: finalizerName,
      present: (object.metadata.finalizers ?? []).includes(finalizerName),
      ensure: !deleting,
    },
    sources: [{ source: chart.source, inline: null, path: "", render: renderOf(object, spec) }],
    references: [
      ...valuesReferences(details.valuesFrom, namespace),
      ...kubeConfigReferences(spec.kubeConfig, namespace),
    ],
    target: {
      ...clusterOf(spec.kubeConfig, namespace, settings),
      namespace: releaseNamespaceOf(object, spec),
      impersonate: account ? `system:serviceaccount:${namespace}:${account}` : null,
    },
    policy: { ...policy, createNamespace: release.install.createNamespace },
    dependsOn,
    release,
    declares: chart.declares,
    healthExpressions: healthExpressionsOf(spec.healthCheckExprs),
    suspended: spec.suspend,
    refreshToken: annotationsOf(object)[requestedAtAnnotation] ?? null,
    request: null,
    termination: null,
    specDigest: digestOf({ ...deliveryOf(spec), values: details.values }),
    details,
  });
}

function detailsOf(object: Resource, spec: HelmReleaseSpec, problems: Problem[]): HelmReleaseDetails {
  // As it stands in the object: a null in values deletes what the chart sets.
  const values = fieldAt(object, ["spec", "values"]) ?? {};
  const isObject = typeof values === "object" && !Array.isArray(values);
  if (!isObject) problems.push({ path: "spec.values", message: "must be an object" });
  return {
    values: isObject ? (values as HelmReleaseDetails["values"]) : {},
    valuesFrom: spec.valuesFrom ?? [],
    ignore: parseIgnoreRules(spec.driftDetection?.ignore ?? [], problems, "spec.driftDetection.ignore"),
  };
}

function policyOf(spec: HelmReleaseSpec, problems: Problem[]): SyncPolicy {
  const interval = Math.max(durationField({ path: "spec.interval", text: spec.interval }, 0, problems), shortestMs);
  return {
    mode: "auto",
    prune: true,
    selfHeal: spec.driftDetection?.mode === "enabled",
    allowEmpty: true,
    force: false,
    keepGoing: false,
    createNamespace: false,
    wait: "none",
    timeoutMs: releaseTimeoutMs(spec, problems),
    intervalMs: interval,
    retry: retryEvery(interval),
    onDelete: spec.suspend ? "orphan" : "prune",
    propagation: propagations[spec.uninstall?.deletionPropagation ?? "background"],
  };
}

function retryEvery(ms: number): RetryPolicy {
  return { limit: -1, baseMs: ms, factor: 1, maxMs: ms };
}

function foreignChart({ kind, namespace, name, namespaceField }: ChartOfRelease): Problem {
  const message = `cross-namespace references are not allowed: cannot access ${kind} ${namespace}/${name}`;
  return { path: namespaceField, message };
}

/** The spec's own changes, then the common metadata, then the labels of origin, which nothing can take away. */
function renderOf({ metadata }: Resource, spec: HelmReleaseSpec): ChartSpec {
  const own = (spec.postRenderers ?? []).flatMap(({ kustomize }): ChartPostRenderStep[] => {
    if (!kustomize) return [];
    const { patches = [], images = [] } = kustomize;
    return [{ kustomize: { ...(patches.length > 0 && { patches }), ...(images.length > 0 && { images }) } }];
  });
  const common = spec.commonMetadata ? [spec.commonMetadata] : [];
  const origin = { labels: originLabels(metadata.name, metadata.namespace ?? "") };
  const steps = [...own, ...common, origin];
  return { kind: "chart", values: [], postRender: { strategy: spec.postRenderStrategy ?? "combined", steps } };
}

/** The part of a spec that decides what is released: when, how often and how it goes away is left out. */
function deliveryOf(spec: HelmReleaseSpec): object {
  const { interval, timeout, suspend, dependsOn, uninstall, persistentClient, waitStrategy, ...delivery } = spec;
  return delivery;
}
