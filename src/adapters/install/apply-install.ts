import { ApiError } from "#core/cluster/api-error.ts";
import { idOf, idText } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { sleep, withDeadline } from "#async/with-deadline.ts";
import type { ClusterClient } from "#engine/ports.ts";

/** A client that can be told that the cluster serves new kinds. */
export type InstallClient = ClusterClient & { invalidateDiscovery(): void };

/** What is applied and who hears of it. */
export interface InstallPlan {
  readonly crds: readonly Resource[];
  /** In the order in which they are applied. */
  readonly objects: readonly Resource[];
  /** Whether fields that others own are taken over. */
  readonly force: boolean;
  readonly onApplied: (object: Resource, outcome: "created" | "changed" | "unchanged") => void;
}

/** The field manager of everything that is installed. */
export const installManager = "holdfast-install";

const servedWithinMs = 60_000;
const lookedAtEveryMs = 200;

/**
 * Applies definitions, waits until they are served, and applies the rest. Doing it again changes nothing.
 * @throws ApiError when the server refuses one, InstallConflictError when somebody else owns its fields.
 */
export async function applyInstall(client: InstallClient, plan: InstallPlan, signal: AbortSignal): Promise<void> {
  for (const crd of plan.crds) await applyOne(client, plan, { object: crd, signal });
  await withDeadline(signal, servedWithinMs, async (scope) => {
    for (const crd of plan.crds) await established(client, crd, scope);
  });
  client.invalidateDiscovery();
  for (const object of plan.objects) await applyOne(client, plan, { object, signal });
}

/** Thrown when an object holds fields of somebody else that would change. */
export class InstallConflictError extends Error {
  override readonly name = "InstallConflictError";
}

async function applyOne(
  client: InstallClient,
  plan: InstallPlan,
  { object, signal }: { object: Resource; signal: AbortSignal },
): Promise<void> {
  const before = await client.get(refOf(object), { signal });
  try {
    const answer = await client.apply(object, { manager: installManager, force: plan.force, signal });
    const same = before?.metadata.resourceVersion === answer.object.metadata.resourceVersion;
    plan.onApplied(object, answer.created ? "created" : same ? "unchanged" : "changed");
  } catch (cause) {
    if (!(cause instanceof ApiError) || cause.code !== 409 || plan.force) throw cause;
    throw new InstallConflictError(conflictText(object, cause), { cause });
  }
}

async function established(client: InstallClient, crd: Resource, signal: AbortSignal): Promise<void> {
  for (;;) {
    const live = await client.get(refOf(crd), { signal });
    const status = live?.["status"] as { conditions?: readonly { type: string; status: string }[] } | undefined;
    if (status?.conditions?.some(({ type, status: value }) => type === "Established" && value === "True")) return;
    await sleep(lookedAtEveryMs, signal);
  }
}

function conflictText(object: Resource, cause: ApiError): string {
  const owners = [...new Set(cause.causes.flatMap(({ message }) => message?.match(/"([^"]+)"/)?.[1] ?? []))];
  const who = owners.length > 0 ? owners.join(", ") : "another manager";
  const fields = cause.causes.flatMap(({ field }) => field ?? []).slice(0, 5);
  const what = fields.length > 0 ? ` (${fields.join(", ")})` : "";
  return `Cannot install ${idText(idOf(object))}: ${who} owns fields that would change${what}`;
}

function refOf(object: Resource): { apiVersion: string; kind: string; namespace?: string; name: string } {
  const { name, namespace } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
