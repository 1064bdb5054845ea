import { releaseNameOf } from "#core/helm/release-name.ts";
import type {
  ActionPolicy,
  FailurePolicy,
  InstallPolicy,
  ReleasePolicy,
  TestPolicy,
  UpgradePolicy,
  WritePolicy,
} from "#core/release/release-policy.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { durationField } from "./duration-field.ts";
import { commonMetadataDigest, postRenderersDigest } from "./helm-release-digests.ts";
import type { HelmReleaseSpec } from "./helm-release-schema.ts";
import { requestedAtAnnotation } from "./parse-kustomization.ts";

type Install = NonNullable<HelmReleaseSpec["install"]>;
type Upgrade = NonNullable<HelmReleaseSpec["upgrade"]>;

/** Asks for an upgrade even of what is in sync; counts together with a request of the same token. */
export const forceAtAnnotation = "reconcile.fluxcd.io/forceAt";
/** Asks to forget the failures that were counted; counts together with a request of the same token. */
export const resetAtAnnotation = "reconcile.fluxcd.io/resetAt";
const usualTimeoutMs = 300_000;
const usualRetryMs = 300_000;
const usualHistory = 5;

/** Milliseconds of the timeout that actions have which name none. */
export function releaseTimeoutMs({ timeout }: HelmReleaseSpec, problems: Problem[]): number {
  return durationField({ path: "spec.timeout", text: timeout }, usualTimeoutMs, problems);
}

/** Namespace of the release and of its objects that name none. */
export function releaseNamespaceOf(object: Resource, { targetNamespace }: HelmReleaseSpec): string {
  return targetNamespace || (object.metadata.namespace ?? "");
}

/** How a HelmRelease wants its release to be kept, with upstream's defaults: helm-controller@v1.6.3 api/v2. */
export function releasePolicyOf(object: Resource, spec: HelmReleaseSpec, problems: Problem[]): ReleasePolicy {
  const { name, namespace = "" } = object.metadata;
  const { releaseName = "", targetNamespace = "", maxHistory = usualHistory } = spec;
  const actions = new Actions(spec, problems);
  if (maxHistory < 0) problems.push({ path: "spec.maxHistory", message: "must not be negative" });
  return {
    name: releaseNameOf({ name, releaseName, targetNamespace }),
    namespace: releaseNamespaceOf(object, spec),
    storageNamespace: spec.storageNamespace || namespace,
    maxHistory,
    postRenderersDigest: postRenderersDigest(spec.postRenderers),
    commonMetadataDigest: commonMetadataDigest(spec.commonMetadata),
    renameChart: spec.upgrade?.chartNameChangeStrategy === "InPlaceUpdate" ? "upgrade" : "reinstall",
    digestInVersion: spec.chartRef?.kind === "OCIRepository",
    install: actions.install(),
    upgrade: actions.upgrade(),
    test: actions.test(),
    rollback: actions.rollback(),
    uninstall: actions.uninstall(),
    drift: spec.driftDetection?.mode ?? "disabled",
    forceToken: tokenOf(object, forceAtAnnotation),
    resetToken: tokenOf(object, resetAtAnnotation),
  };
}

/** Tokens count only together with the same request to reconcile. */
function tokenOf(object: Resource, annotation: string): string | null {
  const annotations = annotationsOf(object);
  const token = annotations[annotation];
  return token !== undefined && token === annotations[requestedAtAnnotation] ? token : null;
}

/** The actions of one spec, each with what it leaves open filled in. */
class Actions {
  readonly #spec: HelmReleaseSpec;
  readonly #problems: Problem[];
  readonly #timeoutMs: number;

  constructor(spec: HelmReleaseSpec, problems: Problem[]) {
    this.#spec = spec;
    this.#problems = problems;
    this.#timeoutMs = releaseTimeoutMs(spec, []);
  }

  install(): InstallPolicy {
    const { install = {}, targetNamespace } = this.#spec;
    const retries = install.remediation?.retries ?? 0;
    return {
      ...this.#writes("install", install, "Create"),
      onFailure: this.#onFailure("install", install, {
        strategy: "uninstall",
        last: install.remediation?.remediateLastFailure ?? false,
        retries,
      }),
      // The namespace of the object itself is there already.
      createNamespace: (install.createNamespace ?? false) && (targetNamespace ?? "") !== "",
    };
  }

  upgrade(): UpgradePolicy {
    const { upgrade = {} } = this.#spec;
    const { retries = 0, remediateLastFailure = retries > 0, strategy = "rollback" } = upgrade.remediation ?? {};
    return {
      // As upstream does, whatever its documents say; of ours, new ones are created and none is changed.
      ...this.#writes("upgrade", upgrade, "Create"),
      onFailure: this.#onFailure("upgrade", upgrade, { strategy, last: remediateLastFailure, retries }),
      cleanupOnFail: upgrade.cleanupOnFail ?? false,
      preserveValues: upgrade.preserveValues ?? false,
    };
  }

  test(): TestPolicy {
    const { enable = false, ignoreFailures = false, filters = [], timeout } = this.#spec.test ?? {};
    return {
      enable,
      ignoreFailures,
      timeoutMs: this.#timeout("test", timeout),
      filters: filters.map(({ name, exclude = false }) => ({ name, exclude })),
    };
  }

  rollback(): ReleasePolicy["rollback"] {
    const { rollback = {} } = this.#spec;
    return { ...this.#waits("rollback", rollback), cleanupOnFail: rollback.cleanupOnFail ?? false };
  }

  uninstall(): ReleasePolicy["uninstall"] {
    const { uninstall = {} } = this.#spec;
    const waits = this.#waits("uninstall", { ...uninstall, disableWaitForJobs: true });
    return { ...waits, keepHistory: uninstall.keepHistory ?? false };
  }

  #writes(
    name: "install" | "upgrade",
    action: Install | Upgrade,
    crds: WritePolicy["crds"],
  ): Omit<WritePolicy, "onFailure"> {
    return {
      ...this.#waits(name, action),
      crds: action.crds ?? crds,
      takeOwnership: !(action.disableTakeOwnership ?? false),
      validateSchema: !(action.disableSchemaValidation ?? false),
    };
  }

  #waits(
    name: string,
    action: Pick<Install, "disableHooks" | "disableWait" | "disableWaitForJobs" | "timeout">,
  ): ActionPolicy {
    return {
      timeoutMs: this.#timeout(name, action.timeout),
      wait: !(action.disableWait ?? false),
      waitForJobs: !(action.disableWaitForJobs ?? false),
      hooks: !(action.disableHooks ?? false),
    };
  }

  #timeout(name: string, text: string | undefined): number {
    return durationField({ path: `spec.${name}.timeout`, text }, this.#timeoutMs, this.#problems);
  }

  #onFailure(
    name: "install" | "upgrade",
    { strategy, remediation }: Install | Upgrade,
    undone: { readonly strategy: "rollback" | "uninstall"; readonly last: boolean; readonly retries: number },
  ): FailurePolicy {
    const path = `spec.${name}.strategy.retryInterval`;
    if (strategy?.name === "RetryOnFailure") {
      const intervalMs = durationField({ path, text: strategy.retryInterval }, usualRetryMs, this.#problems);
      return { kind: "retry", intervalMs };
    }
    if (strategy?.retryInterval !== undefined) {
      this.#problems.push({ path, message: "cannot be set with the name RemediateOnFailure" });
    }
    const ignoreTests = remediation?.ignoreTestFailures ?? this.#spec.test?.ignoreFailures ?? false;
    return { kind: "remediate", ...undone, retries: Math.max(undone.retries, -1), ignoreTests };
  }
}
