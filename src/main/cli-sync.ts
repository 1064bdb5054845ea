import type { AppView } from "#contract/app-view.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { SyncActions, SyncQuery } from "#cli/sync.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { findApp, usableApp } from "./cli-app-record.ts";
import { appView } from "./cli-app-view.ts";
import { askToReconcile } from "./cli-reconcile.ts";
import { withClient } from "./cli-session.ts";
import { waitForApp } from "./cli-wait.ts";

/** Orders syncs. */
export const syncActions: SyncActions = {
  sync: (query, signal) => withClient(query, (client) => sync(client, query, signal), signal),
};

async function sync(client: ClusterClient, query: SyncQuery, signal: AbortSignal): Promise<AppView> {
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
  if ((query.force || query.reset) && !app.release) {
    const word = query.force ? "--force" : "--reset";
    throw new CliError(`Cannot use ${word} with ${record.key}: it is no HelmRelease`, {
      advice: "Only releases of Helm count failures and are upgraded.",
      exitCode: exitCode.usage,
    });
  }
  query.onProgress(`Asking for a sync of ${record.key}`);
  const asked = await askToReconcile({ client, record }, { ...query, sync: true }, signal);
  const view = appView(record, () => null);
  if (!query.wait) return view;
  const { onProgress, timeout: timeoutMs } = query;
  return waitForApp({ client, record }, { ...asked, onProgress, timeoutMs }, signal);
}
