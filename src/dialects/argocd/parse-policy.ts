import type { RetryPolicy, SyncPolicy } from "#core/app/app.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { durationMs } from "./duration.ts";
import { rollbackOf } from "./rollback.ts";
import { spreadInterval } from "./source-address.ts";
import type { RetryFields, SpecFields } from "./schema.ts";
import type { PollingSettings } from "./settings-polling.ts";
import type { SyncSettings } from "./settings-sync.ts";
import type { SyncOptions } from "./sync-options.ts";

/** The finalizer that makes deletion cascade. */
export const FINALIZER = "resources-finalizer.argocd.argoproj.io";

/** Additive: the longest that one sync of an app may take. */
const SYNC_TIMEOUT = "holdfast.dev/sync-timeout";

const DAY_MS = 86_400_000;
const AUTOMATIC_RETRIES = 5;

/** How an app is synced, from its spec, its sync options and its finalizers. */
export function parsePolicy(
  spec: SpecFields,
  options: SyncOptions,
  app: {
    readonly name: string;
    readonly finalizer: string | null;
    readonly deleting: boolean;
    readonly polling: PollingSettings;
    readonly sync: SyncSettings;
    readonly object: Resource;
  },
): { policy: SyncPolicy; problems: Problem[] } {
  const automated = spec.syncPolicy?.automated;
  const fields = spec.syncPolicy?.retry;
  const { retry, problems } = parseRetry(fields, fields ? 0 : AUTOMATIC_RETRIES, "spec.syncPolicy.retry");
  const timeout = syncTimeout(app.object);
  problems.push(...timeout.problems, ...rollbackOf(app.object).problems);
  const policy: SyncPolicy = {
    mode: automated && automated.enabled !== false ? "auto" : "manual",
    prune: automated?.prune ?? false,
    selfHeal: automated?.selfHeal ?? false,
    allowEmpty: automated?.allowEmpty ?? false,
    force: options.force ?? false,
    keepGoing: false,
    createNamespace: options.createNamespace ?? false,
    ...(options.failOnShared && { failsOnShared: true }),
    wait: "none",
    ...(app.sync.heal && { healBackoff: app.sync.heal }),
    timeoutMs: timeout.ms ?? app.sync.timeoutMs ?? DAY_MS,
    intervalMs: spreadInterval(app.name, app.polling),
    retry,
    onDelete: deletionOf(app.finalizer),
    // How objects go with their app is the finalizer's to say, how they go without it the option's.
    propagation: (app.deleting ? deletionPropagation(app.finalizer) : options.propagation) ?? "Foreground",
  };
  return { policy, problems };
}

/** How long one sync of this app may take. */
function syncTimeout(object: Resource): { readonly ms: number | null; readonly problems: readonly Problem[] } {
  const text = annotationsOf(object)[SYNC_TIMEOUT];
  if (text === undefined) return { ms: null, problems: [] };
  const ms = durationMs(text);
  if (ms !== null && ms > 0) return { ms, problems: [] };
  const path = `metadata.annotations[${SYNC_TIMEOUT}]`;
  return { ms: null, problems: [{ path, message: `${path}: ${JSON.stringify(text.slice(0, 80))} is not a duration` }] };
}

/** The retry strategy, with this dialect's defaults for what it leaves out. */
export function parseRetry(
  fields: RetryFields | undefined,
  limit: number,
  place: string,
): { retry: RetryPolicy; problems: Problem[] } {
  const problems: Problem[] = [];
  const read = (name: "duration" | "maxDuration", fallback: number) => {
    const written = fields?.backoff?.[name];
    if (!written) return fallback;
    const value = durationMs(written);
    if (value !== null) return value;
    const path = `${place}.backoff.${name}`;
    problems.push({ path, message: `${path}: ${JSON.stringify(written.slice(0, 80))} is not a duration` });
    return fallback;
  };
  const retry = {
    limit: Math.max(-1, fields?.limit ?? limit),
    baseMs: read("duration", 5_000),
    factor: Math.max(1, fields?.backoff?.factor ?? 2),
    maxMs: read("maxDuration", 180_000),
    ...(fields?.refresh !== undefined && { of: fields.refresh ? ("newest" as const) : ("same" as const) }),
  };
  return { retry, problems };
}

function deletionPropagation(finalizer: string | null): "Background" | null {
  return finalizer?.endsWith("/background") ? "Background" : null;
}

function deletionOf(finalizer: string | null): SyncPolicy["onDelete"] {
  if (finalizer === null) return "orphan";
  return finalizer.endsWith("/background") ? "prune" : "prune-and-wait";
}
