import { type App, type HealthGate, type Reference, type RetryPolicy, type SyncPolicy, appKey } from "#core/app/app.ts";
import type { Settings } from "#core/app/settings.ts";
import { isFence } from "#core/app/adoption.ts";
import type { KustomizeOverrides } from "#core/app/render-spec.ts";
import { digestOf } from "#core/resource/digest.ts";
import { idKey, splitApiVersion } from "#core/resource/resource-id.ts";
import { type Resource, annotationsOf } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import { type ObjectName, type SourceKey, sourceObjectKey } from "#core/source/source.ts";
import { checkSpec } from "./check-spec.ts";
import { durationField } from "./duration-field.ts";
import { type KustomizationSpec, kustomizationSpec } from "./kustomization-schema.ts";
import { type IgnoreRule, parseIgnoreRules } from "./ignore-rules.ts";
import { addressOf } from "./object-address.ts";
import { healthExpressionsOf } from "./health-expressions.ts";
import { clusterOf, kubeConfigReferences } from "./kube-config.ts";
import { dependenciesOf } from "./parse-dependencies.ts";
import { variableReferences } from "./post-build.ts";

/** The finalizer that makes deletion of the vendor's objects cascade. */
export const finalizerName = "finalizers.fluxcd.io";

/** The annotation that asks for a reconciliation now. */
export const requestedAtAnnotation = "reconcile.fluxcd.io/requestedAt";

/** Where the keys for encrypted files are, and as whom clouds are asked to open them; absent: as the controller. */
interface DecryptionDetails {
  readonly secret?: ObjectName;
  readonly account?: ObjectName;
}

/** What `prepare` reads back from a parsed Kustomization. */
export interface KustomizationDetails {
  readonly commonMetadata: NonNullable<KustomizationSpec["commonMetadata"]>;
  readonly postBuild: KustomizationSpec["postBuild"];
  readonly decryption: DecryptionDetails | null;
  readonly ignore: readonly IgnoreRule[];
}

const shortestMs = 1_000;
const shortestTimeoutMs = 30_000;
const timeoutMarginMs = 30_000;

/** Parses a Kustomization into the neutral unit of delivery; never throws. */
export function parseKustomization(object: Resource, settings: Settings): Result<App, readonly Problem[]> {
  const checked = checkSpec(kustomizationSpec, object["spec"]);
  if (!checked.ok) return checked;
  // An adopted app is suspended only to keep the vendor's controller off.
  const spec = { ...checked.value, suspend: (checked.value.suspend ?? false) && !isFence(annotationsOf(object)) };
  const problems: Problem[] = [];
  const ignore = parseIgnoreRules(spec.ignore ?? [], problems);
  const path = normalPath(spec.path ?? "", problems);
  const policy = policyOf(object, spec, problems);
  const namespace = object.metadata.namespace ?? "";
  const source = sourceOf(spec, namespace);
  if (settings.ownNamespaceOnly && (spec.sourceRef.namespace || namespace) !== namespace) {
    const message = `can't access '${source}', cross-namespace references have been blocked`;
    problems.push({ path: "spec.sourceRef.namespace", message });
  }
  const dependsOn = dependenciesOf(spec.dependsOn, { short: "ks", namespace, settings }, problems);
  if (problems.length > 0) return refused(problems);
  const account = spec.serviceAccountName || settings.defaultServiceAccount;
  return ok({
    key: appKey("ks", namespace, object.metadata.name),
    dialect: "flux",
    object: addressOf(object),
    deleting: isDeleting(object),
    finalizer: {
      name: finalizerName,
      present: (object.metadata.finalizers ?? []).includes(finalizerName),
      ensure: !isDeleting(object),
    },
    sources: [
      {
        source,
        inline: null,
        path,
        render: { kind: "kustomize", overrides: overridesOf(spec), generate: true },
      },
    ],
    references: referencesOf(spec, namespace),
    target: {
      ...clusterOf(spec.kubeConfig, namespace, settings),
      namespace: null,
      impersonate: account ? `system:serviceaccount:${namespace}:${account}` : null,
    },
    policy,
    dependsOn,
    release: null,
    declares: null,
    healthExpressions: healthExpressionsOf(spec.healthCheckExprs),
    suspended: spec.suspend,
    refreshToken: annotationsOf(object)[requestedAtAnnotation] ?? null,
    request: null,
    termination: null,
    specDigest: digestOf(deliveryOf(spec)),
    details: {
      commonMetadata: spec.commonMetadata ?? {},
      postBuild: spec.postBuild,
      decryption: decryptionOf(spec, namespace, settings),
      ignore,
    } satisfies KustomizationDetails,
  });
}

function referencesOf(spec: KustomizationSpec, namespace: string): readonly Reference[] {
  const { postBuild, decryption, kubeConfig } = spec;
  const { secretRef } = decryption ?? {};
  const keys: readonly Reference[] = secretRef ? [{ kind: "Secret", namespace, name: secretRef.name }] : [];
  return [...variableReferences(postBuild, namespace), ...keys, ...kubeConfigReferences(kubeConfig, namespace)];
}

function decryptionOf(
  { decryption }: KustomizationSpec,
  namespace: string,
  { defaultDecryptionAccount }: Settings,
): DecryptionDetails | null {
  if (!decryption) return null;
  const { secretRef, serviceAccountName } = decryption;
  const account = serviceAccountName || defaultDecryptionAccount;
  return {
    ...(secretRef && { secret: { namespace, name: secretRef.name } }),
    ...(account && { account: { namespace, name: account } }),
  };
}

function isDeleting(object: Resource): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

function normalPath(path: string, problems: Problem[]): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.length > 4_096) problems.push({ path: "spec.path", message: "is too long: at most 4096 characters" });
  if (parts.includes("..")) problems.push({ path: "spec.path", message: "must stay inside the source: it holds .." });
  return parts.join("/");
}

function policyOf(object: Resource, spec: KustomizationSpec, problems: Problem[]): SyncPolicy {
  const interval = durationField({ path: "spec.interval", text: spec.interval }, 0, problems);
  const retry = durationField({ path: "spec.retryInterval", text: spec.retryInterval }, interval, problems);
  const timeout = { path: "spec.timeout", text: spec.timeout };
  return {
    mode: "auto",
    prune: spec.prune,
    selfHeal: spec.driftMode !== "warn",
    allowEmpty: false,
    force: spec.force ?? false,
    keepGoing: spec.onFailure === "Continue",
    createNamespace: false,
    wait: healthGateOf(object, spec),
    timeoutMs: Math.max(durationField(timeout, interval - timeoutMarginMs, problems), shortestTimeoutMs),
    intervalMs: Math.max(interval, shortestMs),
    retry: retryEvery(Math.max(retry, shortestMs)),
    onDelete: onDelete(spec),
    propagation: "Background",
  };
}

function retryEvery(ms: number): RetryPolicy {
  return { limit: -1, baseMs: ms, factor: 1, maxMs: ms };
}

function healthGateOf(object: Resource, spec: KustomizationSpec): HealthGate {
  if (spec.wait) return "all";
  const self = { kind: object.kind, namespace: object.metadata.namespace ?? "", name: object.metadata.name };
  const checks = (spec.healthChecks ?? []).filter(
    (check) => check.kind !== self.kind || check.name !== self.name || (check.namespace ?? "") !== self.namespace,
  );
  if (checks.length === 0) return "none";
  return checks.map(({ apiVersion, kind, namespace = "", name }) =>
    // Upstream assumes apps/v1 where no version is given, a leftover of its first API.
    idKey({ group: splitApiVersion(apiVersion || "apps/v1").group, kind, namespace, name }),
  );
}

function onDelete(spec: KustomizationSpec): SyncPolicy["onDelete"] {
  if (spec.suspend) return "orphan";
  switch (spec.deletionPolicy ?? "MirrorPrune") {
    case "MirrorPrune":
      return spec.prune ? "prune" : "orphan";
    case "Delete":
      return "prune";
    case "WaitForTermination":
      return "prune-and-wait";
    case "Orphan":
      return "orphan";
  }
}

function sourceOf({ sourceRef }: KustomizationSpec, namespace: string): SourceKey {
  return sourceObjectKey(sourceRef.kind, sourceRef.namespace || namespace, sourceRef.name);
}

function overridesOf(spec: KustomizationSpec): KustomizeOverrides {
  return {
    ...(spec.targetNamespace && { namespace: spec.targetNamespace }),
    ...(spec.namePrefix && { namePrefix: spec.namePrefix }),
    ...(spec.nameSuffix && { nameSuffix: spec.nameSuffix }),
    ...(spec.patches?.length && { patches: spec.patches }),
    ...(spec.images?.length && { images: spec.images, imageMerge: "fields" as const }),
    ...(spec.components?.length && { components: spec.components }),
    ...(spec.ignoreMissingComponents && { ignoreMissingComponents: true }),
    ...(spec.buildMetadata?.length && { buildMetadata: spec.buildMetadata }),
  };
}

/** The part of a spec that decides what is applied: when and how often is left out. */
function deliveryOf(spec: KustomizationSpec): object {
  const { interval, retryInterval, timeout, suspend, dependsOn, deletionPolicy, driftMode, onFailure, ...delivery } =
    spec;
  return delivery;
}
