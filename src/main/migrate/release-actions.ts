import type { ReleaseAttributes } from "./release-attributes.ts";

type Fields = Readonly<Record<string, unknown>>;

const usualTimeout = 300;

/** The fields of a HelmRelease that say how it is installed, upgraded, rolled back and removed. */
export function releaseActions(attributes: ReleaseAttributes): Fields {
  const isAtomic = attributes.flag("atomic");
  const seconds = attributes.count("timeout", usualTimeout);
  const waits = waitFields(attributes, isAtomic);
  const writes = { ...waits, ...writeFields(attributes) };
  const undo = isAtomic ? { remediation: { remediateLastFailure: true } } : {};
  const keepsValues = attributes.flag("reuse_values") && !attributes.flag("reset_values");
  // Waiting for Jobs is nothing that a removal does.
  const { disableWaitForJobs, ...removal } = waits;
  return {
    ...(seconds === usualTimeout ? {} : { timeout: `${seconds}s` }),
    // The provider keeps all revisions where nothing is said, which is not what a HelmRelease does.
    maxHistory: attributes.count("max_history", 0),
    install: {
      ...writes,
      ...(attributes.flag("create_namespace") ? { createNamespace: true } : {}),
      ...(attributes.flag("replace") ? { replace: true } : {}),
      ...undo,
    },
    upgrade: {
      ...writes,
      ...(attributes.flag("cleanup_on_fail") ? { cleanupOnFail: true } : {}),
      ...(attributes.flag("force_update") ? { force: true } : {}),
      ...(keepsValues ? { preserveValues: true } : {}),
      ...undo,
    },
    ...(Object.keys(waits).length > 0 ? { rollback: waits } : {}),
    ...(Object.keys(removal).length > 0 ? { uninstall: removal } : {}),
  };
}

function waitFields(attributes: ReleaseAttributes, isAtomic: boolean): Fields {
  const doesWait = attributes.flag("wait", true) || isAtomic;
  return {
    ...(attributes.flag("disable_webhooks") ? { disableHooks: true } : {}),
    ...(doesWait ? {} : { disableWait: true }),
    ...(attributes.flag("wait_for_jobs") ? {} : { disableWaitForJobs: true }),
  };
}

function writeFields(attributes: ReleaseAttributes): Fields {
  return {
    ...(attributes.flag("skip_crds") ? { crds: "Skip" } : {}),
    ...(attributes.flag("disable_openapi_validation") ? { disableOpenAPIValidation: true } : {}),
    ...(attributes.flag("take_ownership") ? {} : { disableTakeOwnership: true }),
  };
}
