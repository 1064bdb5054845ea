import type { ObjectRef } from "#engine/ports.ts";
import type { Stage } from "./stage.ts";
import { StoryError } from "./story.ts";
import { waitFor } from "./wait-for.ts";

/** A Deployment as the API server has it. */
export interface LiveDeployment {
  readonly image: string;
  readonly replicas: number;
  /** Pods of the present template that serve. */
  readonly available: number;
}

/** Address of a Deployment that is named as its namespace. */
export function deploymentRef(namespace: string, name = namespace): ObjectRef {
  return { apiVersion: "apps/v1", kind: "Deployment", namespace, name };
}

/** Reads a Deployment; null when there is none. */
export async function liveDeployment(
  stage: Stage,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<LiveDeployment | null> {
  const live = await stage.client.get(ref, { signal });
  if (live === null) return null;
  const { spec, status = {} } = live as unknown as {
    spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
    status?: { observedGeneration?: number; updatedReplicas?: number; availableReplicas?: number };
  };
  const isSeen = status.observedGeneration === live.metadata.generation;
  const isUpdated = isSeen && status.updatedReplicas === spec.replicas;
  return {
    image: spec.template.spec.containers[0]?.image ?? "",
    replicas: spec.replicas,
    available: isUpdated ? (status.availableReplicas ?? 0) : 0,
  };
}

/** Waits until all pods of a Deployment serve an image; returns it in words. */
export async function serving(stage: Stage, ref: ObjectRef, tag: string, signal: AbortSignal): Promise<string> {
  let last = "nothing";
  const probe = async (scope: AbortSignal) => {
    const live = await liveDeployment(stage, ref, scope);
    last = JSON.stringify(live);
    return live !== null && live.image.endsWith(`:${tag}`) && live.available === live.replicas && live;
  };
  const live = await waitFor({ what: `${ref.name} with ${tag} on all its pods`, probe, lastSeen: () => last }, signal);
  return `${live.replicas} pods run ${live.image.replace(/^docker\.io\/(library\/)?/, "")}`;
}

/** @throws StoryError unless the Deployment is there and all its pods serve. */
export async function assertServing(stage: Stage, ref: ObjectRef, tag: string, signal: AbortSignal): Promise<void> {
  const live = await liveDeployment(stage, ref, signal);
  if (live !== null && live.image.endsWith(`:${tag}`) && live.available === live.replicas) return;
  throw new StoryError(`Cannot go on: Deployment ${ref.name} should run ${tag}, but it is ${JSON.stringify(live)}`);
}
