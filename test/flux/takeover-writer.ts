import { idOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { inventoryId } from "#dialects/flux/inventory-id.ts";
import type { ObjectRef } from "#engine/ports.ts";

const FINALIZER = "finalizers.fluxcd.io";
const { signal } = new AbortController();

/** Writes as one of Flux's controllers does: objects by server-side apply, its marks by patches. */
export class VendorWriter {
  readonly client: ConnectedCluster;

  constructor(client: ConnectedCluster) {
    this.client = client;
  }

  async apply(object: Resource, manager: string): Promise<void> {
    await this.client.apply(object, { manager, signal });
  }

  async object(ref: ObjectRef): Promise<Resource> {
    const live = await this.client.get(ref, { signal });
    if (!live) throw new Error(`Cannot act for Flux: ${ref.kind} ${ref.name} is not there`);
    return live;
  }

  async finalizer(ref: ObjectRef, manager: string): Promise<void> {
    const { finalizers = [] } = (await this.object(ref)).metadata;
    if (finalizers.includes(FINALIZER)) return;
    const body = { metadata: { finalizers: [...finalizers, FINALIZER] } };
    await this.client.patch(ref, body, { type: "merge", manager, signal });
  }

  async status(ref: ObjectRef, manager: string, statusOf: (live: Resource) => object): Promise<void> {
    const body = { status: statusOf(await this.object(ref)) };
    await this.client.patch(ref, body, { type: "merge", manager, subresource: "status", signal });
  }
}

export function observed(live: Resource, marks: Readonly<Record<string, readonly [string, string]>>): object {
  const observedGeneration = live.metadata.generation;
  const conditions = Object.entries(marks).map(([type, [reason, message]]) => ({
    lastTransitionTime: now(),
    message,
    observedGeneration,
    reason,
    status: "True",
    type,
  }));
  return { conditions, observedGeneration };
}

export function entryOf(object: Resource): { id: string; v: string } {
  return { id: inventoryId(idOf(object)), v: object.apiVersion.split("/").at(-1) ?? "" };
}

export function now(): string {
  return seconds(new Date().toISOString());
}

export function seconds(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
