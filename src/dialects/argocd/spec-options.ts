import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { optionsOfOrder } from "./parse-operation.ts";
import type { SpecFields } from "./schema.ts";
import { type ReadOptions, readSyncOptions } from "./sync-options.ts";

/** The app's sync options, or those of the operation that stands there. */
export function syncOptionsOf(object: Resource, spec: SpecFields): ReadOptions {
  const { syncOptions, force } = optionsOfOrder(object);
  const read = syncOptions
    ? readSyncOptions(syncOptions, "operation.sync.syncOptions")
    : readSyncOptions(spec.syncPolicy?.syncOptions ?? [], "spec.syncPolicy.syncOptions");
  const options = force ? { ...read.options, force } : read.options;
  return { options, warnings: [...read.warnings, ...namespaceWarnings(spec, options.createNamespace)] };
}

function namespaceWarnings({ syncPolicy }: SpecFields, createsNamespace: boolean | null): Problem[] {
  if (!syncPolicy?.managedNamespaceMetadata || createsNamespace) return [];
  const path = "spec.syncPolicy.managedNamespaceMetadata";
  return [{ path, message: `${path} has no effect without the sync option CreateNamespace=true` }];
}
