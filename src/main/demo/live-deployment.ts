import type { Resource } from "#core/resource/resource.ts";
import type { ExampleApp } from "./example-apps.ts";
import { StoryError } from "./story.ts";
import { waitFor } from "./wait-for.ts";
import type { Scene } from "./watched-app.ts";

/** Waits until all pods of the app's Deployment serve an image; returns that in words. */
export async function serving(scene: Scene<ExampleApp>, tag: string, signal: AbortSignal): Promise<string> {
  const { name } = scene.app.deployment;
  let last = "nothing";
  const probe = async (scope: AbortSignal) => {
    const live = await liveDeployment(scene, scope);
    last = JSON.stringify(live);
    return serves(live, tag) && live;
  };
  const live = await waitFor({ what: `${name} with ${tag} on all its pods`, probe, lastSeen: () => last }, signal);
  return `${live.replicas} pods run ${live.image.replace(/^docker\.io\/(library\/)?/, "")}`;
}

/** @throws StoryError unless the app's Deployment is there and all its pods serve the image */
export async function assertServing(scene: Scene<ExampleApp>, tag: string, signal: AbortSignal): Promise<void> {
  const live = await liveDeployment(scene, signal);
  if (serves(live, tag)) return;
  const { name } = scene.app.deployment;
  throw new StoryError(`Cannot go on: Deployment ${name} should run ${tag}, but it is ${JSON.stringify(live)}`);
}

interface LiveDeployment {
  readonly image: string;
  readonly replicas: number;
  /** Pods of the present template that serve. */
  readonly available: number;
}

function serves(live: LiveDeployment | null, tag: string): live is LiveDeployment {
  return live !== null && live.image.endsWith(`:${tag}`) && live.available === live.replicas;
}

async function liveDeployment({ stage, app }: Scene<ExampleApp>, signal: AbortSignal): Promise<LiveDeployment | null> {
  const live = await stage.client.get(app.deployment, { signal });
  if (live === null) return null;
  const {
    metadata,
    spec,
    status = {},
  } = live as Resource & {
    spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
    status?: { observedGeneration?: number; updatedReplicas?: number; availableReplicas?: number };
  };
  const isUpdated = status.observedGeneration === metadata.generation && status.updatedReplicas === spec.replicas;
  return {
    image: spec.template.spec.containers[0]?.image ?? "",
    replicas: spec.replicas,
    available: isUpdated ? (status.availableReplicas ?? 0) : 0,
  };
}
