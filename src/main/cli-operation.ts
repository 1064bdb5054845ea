import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { OperationActions, OperationRow } from "#cli/operation.ts";
import type { SyncQuery } from "#cli/sync.ts";
import type { App } from "#core/app/app.ts";
import { fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import { type AppRecord, findApp, type FoundApp, refOfApp, usableApp } from "./cli-app-record.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
import { withClient } from "./cli-session.ts";
import { waitForApp } from "./cli-wait.ts";

/** What an `operation` asks for besides who gave it. */
export interface OperationOrder {
  readonly sync: Readonly<Record<string, unknown>>;
  readonly retry?: { readonly limit: number };
}

/** Waits for operations of an app and ends them. */
export const operationActions: OperationActions = {
  wait: (query, signal) =>
    withClient(
      query,
      async (client) => {
        const record = await findApp(client, query, signal);
        const { onProgress, timeout: timeoutMs } = query;
        return waitForApp({ client, record }, { token: null, operationAfter: null, onProgress, timeoutMs }, signal);
      },
      signal,
    ),
  terminate: (query, signal) =>
    withClient(
      query,
      async (client) => {
        const record = await findApp(client, query, signal);
        await terminate({ client, record }, signal);
        return record.key;
      },
      signal,
    ),
};

/** The operation that a person's options ask for. @throws CliError for a resource that cannot be read */
export function operationOf(
  query: SyncQuery,
  { policy }: App,
  manifests: readonly string[] | null = null,
): OperationOrder {
  const { revision, dryRun, resource, strategy, force, syncOption, retryLimit } = query;
  const how = strategy ?? (force ? "hook" : undefined);
  return {
    sync: {
      prune: query.prune || policy.prune,
      ...(revision !== undefined && { revision }),
      ...(manifests && { manifests }),
      ...(dryRun && { dryRun }),
      ...(resource.length > 0 && { resources: resource.map(resourceOf) }),
      ...(how && { syncStrategy: { [how]: force ? { force } : {} } }),
      ...(syncOption.length > 0 && { syncOptions: syncOption }),
    },
    ...(retryLimit !== undefined && { retry: { limit: retryLimit } }),
  };
}

/** The operation that syncs an entry of an app's history again, as the vendor does it: without hooks, the spec as it is. */
export function operationBackTo(record: AppRecord, id: number): OperationOrder {
  const history = fieldAt(record.object, ["status", "history"]);
  const entries: readonly unknown[] = Array.isArray(history) ? history : [];
  const entry = entries.find((one) => numberAt(one, ["id"], -1) === id) as HistoryFields | undefined;
  if (!entry) {
    const known = entries.map((one) => numberAt(one, ["id"], -1)).join(", ");
    throw new CliError(`Cannot roll ${record.key} back: its history has no entry ${id}`, {
      advice: known === "" ? "Its history is empty." : `There are ${known}.`,
      exitCode: exitCode.notFound,
    });
  }
  const { revision, revisions, source, sources } = entry;
  if (!revision && !revisions?.length) {
    throw new CliError(`Cannot roll ${record.key} back: entry ${id} was synced from manifests that were given`, {
      advice: `Choose another one: holdfast history ${record.key}`,
      exitCode: exitCode.refused,
    });
  }
  const what = sources?.length ? { revisions, sources } : { revision, ...(source && { source }) };
  return { sync: { ...what, prune: true, syncStrategy: { apply: {} } } };
}

/** Auto-sync would undo a rollback by operation at once. */
export function rollbackRefusal(record: AppRecord): CliError | null {
  if (usableApp(record).policy.mode !== "auto") return null;
  return new CliError(`Cannot roll ${record.key} back: rollback cannot be performed when auto-sync is enabled`, {
    advice:
      `Go back in Git, which works with auto-sync: holdfast rollback ${record.key}; ` +
      "or remove spec.syncPolicy.automated first.",
    exitCode: exitCode.refused,
  });
}

/** What the operation in an app's status came to, or would have. */
export function operationRows({ object }: AppRecord): OperationRow[] {
  const rows = fieldAt(object, ["status", "operationState", "syncResult", "resources"]);
  return (Array.isArray(rows) ? rows : []).map((row: unknown) => ({
    status: textAt(row, ["status"]),
    object: `${textAt(row, ["kind"])}/${textAt(row, ["name"])}`,
    message: textAt(row, ["message"]),
  }));
}

interface HistoryFields {
  readonly revision?: string;
  readonly revisions?: readonly string[];
  readonly source?: object;
  readonly sources?: readonly object[];
}

async function terminate({ client, record }: FoundApp, signal: AbortSignal): Promise<void> {
  const phase = textAt(record.object, ["status", "operationState", "phase"]);
  if (record.dialect.name !== "argocd" || phase !== "Running") {
    throw new CliError(`Cannot end a sync of ${record.key}: none is running`, {
      advice: `See its state: holdfast get ${record.key}`,
      exitCode: exitCode.refused,
    });
  }
  const body = { status: { operationState: { phase: "Terminating" } } };
  await client.patch(refOfApp(record), body, { type: "merge", manager: CLI_MANAGER, signal });
}

/** `GROUP:KIND:NAME` or `GROUP:KIND:NAMESPACE/NAME`; the group of core kinds is empty. */
function resourceOf(text: string): Record<string, string> {
  const match = /^([^:!]*):([^:]+):(?:([^:/]+)\/)?([^:/]+)$/.exec(text);
  if (!match) {
    throw new CliError(`Cannot read the resource ${JSON.stringify(text)}`, {
      advice: "Write GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME, such as apps:Deployment:web or :ConfigMap:shop/web.",
      exitCode: exitCode.usage,
    });
  }
  const [, group = "", kind = "", namespace, name = ""] = match;
  return { ...(group === "" ? {} : { group }), kind, name, ...(namespace && { namespace }) };
}

/** Options of which only operations know. @throws CliError where an app has none */
export function mustTakeOperations(record: AppRecord, query: SyncQuery): void {
  if (record.dialect.name === "argocd") return;
  const used = [
    query.revision !== undefined && "--revision",
    query.local !== undefined && "--local",
    query.dryRun && "--dry-run",
    query.resource.length > 0 && "--resource",
    query.strategy !== undefined && "--strategy",
    query.syncOption.length > 0 && "--sync-option",
    query.retryLimit !== undefined && "--retry-limit",
  ].filter((name) => name !== false);
  if (used.length === 0) return;
  throw new CliError(`Cannot use ${used.join(", ")} with ${record.key}: it is no Application`, {
    advice: "What it applies stands in its spec.",
    exitCode: exitCode.usage,
  });
}
