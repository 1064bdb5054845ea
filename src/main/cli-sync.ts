import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { SyncActions, SyncedView, SyncQuery } from "#cli/sync.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { findApp, usableApp } from "./cli-app-record.ts";
import { appView } from "./cli-app-view.ts";
import { mustTakeOperations, operationOf, operationRows } from "./cli-operation.ts";
import { localManifests } from "./cli-local-sync.ts";
import { askToReconcile } from "./cli-reconcile.ts";
import { withClient } from "./cli-session.ts";
import { waitForApp, waitForOperation } from "./cli-wait.ts";

/** Orders syncs. */
export const syncActions: SyncActions = {
  sync: (query, signal) => withClient(query, (client) => sync(client, query, signal), signal),
};

async function sync(client: ClusterClient, query: SyncQuery, signal: AbortSignal): Promise<SyncedView> {
  const record = await findApp(client, query, signal);
  const app = usableApp(record);
  const { state, message } = appView(record, () => null);
  if (state === "Suspended" || state === "Paused") {
    const why = state === "Paused" ? `it is paused ${message}` : "it is suspended";
    throw new CliError(`Cannot sync ${record.key}: ${why}`, {
      advice: `Let it go on first: holdfast resume ${record.key}`,
      exitCode: exitCode.refused,
    });
  }
  if (query.prune && record.dialect.name === "flux" && !app.policy.prune) {
    throw new CliError(`Cannot prune ${record.key} by order: a Kustomization prunes by its own spec`, {
      advice: "Set spec.prune: true.",
      exitCode: exitCode.refused,
    });
  }
  mustTakeOperations(record, query);
  const isOperated = record.dialect.name === "argocd";
  if (((query.force && !isOperated) || query.reset) && !app.release) {
    const word = query.reset ? "--reset" : "--force";
    throw new CliError(`Cannot use ${word} with ${record.key}: it is no HelmRelease`, {
      advice: "Only releases of Helm count failures and are upgraded.",
      exitCode: exitCode.usage,
    });
  }
  const manifests = await localManifests({ client, record }, query, signal);
  query.onProgress(`Asking for a sync of ${record.key}`);
  const asked = await askToReconcile(
    { client, record },
    { ...query, sync: true, operation: operationOf(query, app, manifests) },
    signal,
  );
  const view = appView(record, () => null);
  const { onProgress, timeout: timeoutMs } = query;
  if (query.dryRun) {
    const tried = await waitForOperation({ client, record }, { ...asked, onProgress, timeoutMs }, signal);
    return { ...view, rows: operationRows(tried) };
  }
  if (!query.wait) return view;
  const orderOnly = isOperated && (query.revision !== undefined || manifests !== null || query.resource.length > 0);
  return waitForApp({ client, record }, { ...asked, orderOnly, onProgress, timeoutMs }, signal);
}
