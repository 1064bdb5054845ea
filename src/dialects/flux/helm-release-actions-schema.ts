import { type TProperties, Type } from "typebox";
import { duration, durationPattern, oneOf } from "./schema-parts.ts";

function flag(description: string, options: object = {}) {
  return Type.Optional(Type.Boolean({ description, ...options }));
}

const timeout = Type.Optional(duration("Longest wait for any one thing, by default the timeout of the release."));

/** What every action that writes objects can be told. */
const waiting = {
  disableHooks: flag("Leave out the hooks."),
  disableWait: flag("Do not wait until the objects are ready."),
  disableWaitForJobs: flag("Do not wait until Jobs have completed."),
  timeout,
};

/** What installations and upgrades have in common. */
const writing = {
  ...waiting,
  crds: Type.Optional(
    oneOf(["Skip", "Create", "CreateReplace"], {
      description: "What happens to the definitions in the chart's `crds/`.",
    }),
  ),
  disableOpenAPIValidation: flag("Accepted without effect: the server validates every object."),
  disableSchemaValidation: flag("Do not check the values against the chart's schema."),
  disableTakeOwnership: flag("Fail on objects that exist already and belong to no release."),
};

const remediation = {
  ignoreTestFailures: flag("Whether failed tests are no failure, by default as `test.ignoreFailures` says."),
  remediateLastFailure: flag("Undo the last failure too, after which nothing more is tried."),
  retries: Type.Optional(Type.Integer({ description: "Attempts after the first; negative: without end." })),
};

function strategy(rule: object) {
  return Type.Object(
    {
      name: oneOf(["RemediateOnFailure", "RetryOnFailure"], { description: "Whether failures are undone first." }),
      retryInterval: Type.Optional(
        Type.String({ pattern: durationPattern, description: "Time between retries, by default five minutes." }),
      ),
    },
    { description: "How failures are met.", "x-kubernetes-validations": [rule] },
  );
}

const applyModes = { description: "Whether objects are applied on the server; `disabled` is not served." };

function action<Fields extends TProperties>(description: string, fields: Fields) {
  return Type.Optional(Type.Object(fields, { description }));
}

/** The `spec.install` field. */
export const install = action("How the chart is installed.", {
  ...writing,
  createNamespace: flag("Create the target namespace."),
  remediation: action("What follows a failure.", remediation),
  replace: flag("Use the name of an uninstalled release whose history was kept."),
  serverSideApply: flag("Whether objects are applied on the server; `false` is not served."),
  skipCRDs: flag("Without effect: `crds` decides."),
  strategy: Type.Optional(
    strategy({
      rule: "!has(self.retryInterval) || self.name != 'RemediateOnFailure'",
      message: ".retryInterval cannot be set when .name is 'RemediateOnFailure'",
    }),
  ),
});

/** The `spec.upgrade` field. */
export const upgrade = action("How the release is upgraded.", {
  ...writing,
  chartNameChangeStrategy: Type.Optional(
    oneOf(["InPlaceUpdate", "Reinstall"], { description: "What a chart of another name does to the release." }),
  ),
  cleanupOnFail: flag("Delete what a failed upgrade created."),
  force: flag("Without effect: applying on the server always wins conflicts."),
  preserveValues: flag("Let the values of the release before count too."),
  remediation: action("What follows a failure.", {
    ...remediation,
    strategy: Type.Optional(oneOf(["rollback", "uninstall"], { description: "How a failure is undone." })),
  }),
  serverSideApply: Type.Optional(oneOf(["enabled", "disabled", "auto"], applyModes)),
  strategy: Type.Optional(
    strategy({
      rule: "!has(self.retryInterval) || self.name == 'RetryOnFailure'",
      message: ".retryInterval can only be set when .name is 'RetryOnFailure'",
    }),
  ),
});

const filter = Type.Object(
  {
    exclude: flag("Leave this test out instead."),
    name: Type.String({ minLength: 1, maxLength: 253, description: "Name of the test." }),
  },
  { description: "Which test hooks run." },
);

/** The `spec.test` field. */
export const test = action("Which tests run after an installation or upgrade.", {
  enable: flag("Run the chart's test hooks."),
  filters: Type.Optional(Type.Array(filter, { description: "Tests to run or to leave out." })),
  ignoreFailures: flag("Failed tests are no failure."),
  timeout,
});

/** The `spec.rollback` field. */
export const rollback = action("How a failed upgrade is rolled back.", {
  ...waiting,
  cleanupOnFail: flag("Delete what a failed rollback created."),
  force: flag("Without effect: applying on the server always wins conflicts."),
  recreate: flag("Without effect, as in upstream."),
  serverSideApply: Type.Optional(oneOf(["enabled", "disabled", "auto"], applyModes)),
});

/** The `spec.uninstall` field. */
export const uninstall = action("How the release is removed.", {
  deletionPropagation: Type.Optional(
    oneOf(["background", "foreground", "orphan"], {
      default: "background",
      description: "What deleting an object does to its dependents.",
    }),
  ),
  disableHooks: waiting.disableHooks,
  disableWait: flag("Do not wait until the objects are gone."),
  keepHistory: flag("Keep Helm's records of the release."),
  timeout,
});
