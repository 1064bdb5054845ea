import { ApiError } from "#core/cluster/api-error.ts";
import { fieldAt, textAt } from "#core/health/condition.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { sleep } from "#async/with-deadline.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { REFRESH_ANNOTATION } from "#dialects/argocd/refresh.ts";
import { forceAtAnnotation, resetAtAnnotation } from "#dialects/flux/helm-release-policy.ts";
import { requestedAtAnnotation } from "#dialects/flux/parse-kustomization.ts";
import type { ClusterClient, ObjectRef } from "#engine/ports.ts";
import { type AppRecord, type FoundApp, refOfApp, usableApp } from "./cli-app-record.ts";
import { personName } from "./cli-git-person.ts";
import { originRefOf, refOfSource } from "./cli-source-object.ts";

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

/** What to ask for besides a look. */
export interface Order {
  readonly sync: boolean;
  readonly prune: boolean;
  /** Upgrades a release even where nothing changed. */
  readonly force?: boolean;
  /** What an Application is ordered to do; absent: to sync what it tracks. */
  readonly operation?: { readonly sync: object; readonly retry?: object };
  /** Forgets the failures of a release that were counted. */
  readonly reset?: boolean;
}

/** Asks the controller to look at source and app now and, with `sync`, to sync what is synced only by order. */
export async function askToReconcile(
  { client, record }: FoundApp,
  options: Order,
  signal: AbortSignal,
): Promise<Asked> {
  if (record.dialect.name !== "argocd") return annotate({ client, record }, options, signal);
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
    ...(options.operation ?? { sync: { prune: options.prune || policy.prune } }),
  };
  // The status tells times in whole seconds.
  const operationAfter = Math.floor(Date.now() / 1_000) * 1_000;
  await client.patch(ref, { operation }, style);
  return { token: null, operationAfter };
}

async function annotate(
  { client, record }: FoundApp,
  { force, reset }: Pick<Order, "force" | "reset">,
  signal: AbortSignal,
): Promise<Asked> {
  const token = new Date().toISOString();
  for (const { source, inline } of usableApp(record).sources) {
    if (!inline) await askSource(client, { ref: refOfSource(source), token }, signal);
  }
  const annotations = {
    [requestedAtAnnotation]: token,
    ...(force && { [forceAtAnnotation]: token }),
    ...(reset && { [resetAtAnnotation]: token }),
  };
  await client.patch(refOfApp(record), { metadata: { annotations } }, { type: "merge", manager: CLI_MANAGER, signal });
  return { token, operationAfter: null };
}

/** Asks a source after what it is made of, and waits for both; one that is missing or not ours to ask is left out. */
async function askSource(
  client: ClusterClient,
  { ref, token }: { readonly ref: ObjectRef | null; readonly token: string },
  signal: AbortSignal,
): Promise<void> {
  if (!ref) return;
  try {
    const object = await client.get(ref, { signal });
    if (!object) return;
    await askSource(client, { ref: originRefOf(object), token }, signal);
    const body = { metadata: { annotations: { [requestedAtAnnotation]: token } } };
    await client.patch(ref, body, { type: "merge", manager: CLI_MANAGER, signal });
    if (isLookedAt(object)) await answered(client, { ref, token }, signal);
  } catch (error) {
    // What becomes of the source is a matter of its own; the app still looks.
    if (!(error instanceof ApiError) || ![403, 404].includes(error.code)) throw error;
  }
}

/** Suspended sources answer nothing, nor do those that only tell charts where they are. */
function isLookedAt(object: Resource): boolean {
  return fieldAt(object, ["spec", "suspend"]) !== true && fieldAt(object, ["spec", "type"]) !== "oci";
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
