import { ApiError } from "#core/cluster/api-error.ts";
import { fieldAt, textAt } from "#core/health/condition.ts";
import { annotationsOf } from "#core/resource/resource.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import { sleep } from "#async/with-deadline.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { REFRESH_ANNOTATION } from "#dialects/argocd/refresh.ts";
import { requestedAtAnnotation } from "#dialects/flux/parse-kustomization.ts";
import type { ClusterClient, ObjectRef } from "#engine/ports.ts";
import { type AppRecord, type FoundApp, refOfApp, usableApp } from "./cli-app-record.ts";
import { personName } from "./cli-git-person.ts";
import { sourceReader } from "./dialects.ts";

/** Field manager of everything that a person changes by commands. */
export const CLI_MANAGER = "holdfast-cli";

/** How one sees that a request was handled. */
export interface Asked {
  /** The status repeats this token; null: it does not. */
  readonly token: string | null;
  /** A sync that started at or after this time answers it (milliseconds); null: there is no order. */
  readonly operationAfter: number | null;
}

const REFRESH_LIMIT_MS = 20_000;

/** Asks the controller to look at source and app now and, with `sync`, to sync what is synced only by order. */
export async function askToReconcile(
  { client, record }: FoundApp,
  options: { sync: boolean; prune: boolean },
  signal: AbortSignal,
): Promise<Asked> {
  if (record.dialect.name !== "argocd") return annotate(client, record, signal);
  const ref = refOfApp(record);
  const style = { type: "merge", manager: CLI_MANAGER, signal } as const;
  await client.patch(ref, { metadata: { annotations: { [REFRESH_ANNOTATION]: "normal" } } }, style);
  if (!options.sync) return { token: null, operationAfter: null };
  await refreshed(client, record, signal);
  const live = await client.get(ref, { signal });
  if (live?.["operation"]) {
    throw new CliError(`Cannot sync ${record.key}: another sync is running`, {
      advice: `Follow it: holdfast get ${record.key}`,
      exitCode: exitCode.refused,
    });
  }
  const { policy } = usableApp(record);
  const operation = {
    initiatedBy: { username: await personName(signal) },
    sync: { prune: options.prune || policy.prune },
  };
  // The status tells times in whole seconds.
  const operationAfter = Math.floor(Date.now() / 1_000) * 1_000;
  await client.patch(ref, { operation }, style);
  return { token: null, operationAfter };
}

async function annotate(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<Asked> {
  const token = new Date().toISOString();
  const body = { metadata: { annotations: { [requestedAtAnnotation]: token } } };
  const style = { type: "merge", manager: CLI_MANAGER, signal } as const;
  for (const { source } of usableApp(record).sources) {
    const [kindName = "", namespace = "", name = ""] = source.split("/");
    const kind = sourceReader(kindName)?.kind;
    if (!kind) continue;
    const ref = { apiVersion: joinApiVersion(kind), kind: kindName, namespace, name };
    try {
      const asked = await client.patch(ref, body, style);
      if (fieldAt(asked, ["spec", "suspend"]) !== true) await answered(client, { ref, token }, signal);
    } catch (error) {
      // A source that is missing or not ours to ask is a matter of its own; the app still looks.
      if (!(error instanceof ApiError) || ![403, 404].includes(error.code)) throw error;
    }
  }
  await client.patch(refOfApp(record), body, style);
  return { token, operationAfter: null };
}

/** An app that looked before its source did would answer for the commit before; a source that is silent is told by it. */
async function answered(
  client: ClusterClient,
  question: { ref: ObjectRef; token: string },
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + REFRESH_LIMIT_MS;
  while (Date.now() < deadline) {
    const live = await client.get(question.ref, { signal });
    if (!live || textAt(live, ["status", "lastHandledReconcileAt"]) === question.token) return;
    await sleep(200, signal);
  }
}

/** The annotation goes when the newest commit has been looked at. */
async function refreshed(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + REFRESH_LIMIT_MS;
  while (Date.now() < deadline) {
    const live = await client.get(refOfApp(record), { signal });
    if (!live || annotationsOf(live)[REFRESH_ANNOTATION] === undefined) return;
    await sleep(200, signal);
  }
  throw new CliError(`Cannot sync ${record.key}: no controller has reacted for ${REFRESH_LIMIT_MS / 1_000} s`, {
    advice: "See whether one runs and serves this app: holdfast check",
    exitCode: exitCode.notHealthy,
  });
}
