import { Type } from "typebox";
import { conditions, inventory, lastHandledReconcileAt, observedGeneration, oneOf } from "./schema-parts.ts";

function text(description: string) {
  return Type.String({ description });
}

function time(description: string) {
  return Type.String({ format: "date-time", description });
}

function count(description: string) {
  return Type.Optional(Type.Integer({ format: "int64", description }));
}

const testHook = Type.Object(
  {
    lastCompleted: Type.Optional(time("When the hook completed last.")),
    lastStarted: Type.Optional(time("When the hook was started last.")),
    phase: Type.Optional(text("How the last run ended.")),
  },
  { description: "The last run of a test hook." },
);

const snapshot = Type.Object(
  {
    action: Type.Optional(text("The action that made it.")),
    apiVersion: Type.Optional(text("How the digest was made.")),
    appVersion: Type.Optional(text("Version of the application in the chart.")),
    chartName: text("Name of the chart."),
    chartVersion: text("Version of the chart."),
    configDigest: text("Digest of the values."),
    deleted: Type.Optional(time("When the release was removed.")),
    digest: text("Digest of the record in Helm's storage."),
    firstDeployed: time("When the release was deployed first."),
    lastDeployed: time("When the release was deployed last."),
    name: text("Name of the release."),
    namespace: text("Namespace of the release."),
    ociDigest: Type.Optional(text("Digest of the artifact that the chart came from.")),
    status: text("State of the release."),
    testHooks: Type.Optional(
      Type.Unsafe<Record<string, object>>({
        type: "object",
        description: "Test hooks that were run, by name.",
        additionalProperties: testHook,
      }),
    ),
    version: Type.Integer({ description: "Number of the record in Helm's storage." }),
  },
  { description: "One revision of the release." },
);

/** `status` of a HelmRelease. */
export const helmReleaseStatus = Type.Object(
  {
    conditions: Type.Optional(conditions),
    failures: count("Failures since what is wanted changed."),
    helmChart: Type.Optional(text("The HelmChart made for this release, as `<namespace>/<name>`.")),
    history: Type.Optional(
      Type.Array(snapshot, { description: "Revisions down to the last that was deployed, newest first." }),
    ),
    installFailures: count("Failed installations since what is wanted changed."),
    inventory: Type.Optional(inventory),
    lastAttemptedConfigDigest: Type.Optional(text("Digest of the values attempted last.")),
    lastAttemptedGeneration: count("Generation attempted last."),
    lastAttemptedReleaseAction: Type.Optional(
      oneOf(["install", "upgrade"], { description: "The last installation or upgrade." }),
    ),
    lastAttemptedReleaseActionDuration: Type.Optional(text("How long it took.")),
    lastAttemptedRevision: Type.Optional(text("Version of the chart attempted last.")),
    lastAttemptedRevisionDigest: Type.Optional(text("Digest of the artifact attempted last.")),
    lastAttemptedValuesChecksum: Type.Optional(text("Written by old versions of upstream only.")),
    lastHandledForceAt: Type.Optional(text("Value of the last request to force handled.")),
    lastHandledReconcileAt: Type.Optional(lastHandledReconcileAt),
    lastHandledResetAt: Type.Optional(text("Value of the last request to reset handled.")),
    lastReleaseRevision: Type.Optional(Type.Integer({ description: "Written by old versions of upstream only." })),
    observedCommonMetadataDigest: Type.Optional(text("Digest of the common metadata of the release.")),
    observedGeneration: Type.Optional(observedGeneration),
    observedPostRenderersDigest: Type.Optional(text("Digest of the post-renderers of the release.")),
    storageNamespace: Type.Optional(
      Type.String({ minLength: 1, maxLength: 63, description: "Namespace of Helm's records of the release." }),
    ),
    upgradeFailures: count("Failed upgrades since what is wanted changed."),
  },
  { description: "What was observed.", default: { observedGeneration: -1 } },
);
