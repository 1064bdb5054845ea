import type { ObjectRef } from "#engine/ports.ts";
import type { Stage } from "./stage.ts";
import { StoryError } from "./story.ts";
import { waitFor } from "./wait-for.ts";
import type { Scene, WatchedApp } from "./watched-app.ts";

/** An app of the examples. */
export interface ExampleApp extends WatchedApp {
  /** Folder that it follows. */
  readonly path: string;
  readonly deployment: ObjectRef;
  /** File that holds the Deployment. */
  readonly deploymentFile: string;
  /** File that names the image's tag. */
  readonly imageFile: string;
  readonly tags: { readonly first: string; readonly second: string };
  /** The object and the file that are removed. */
  readonly removed: ObjectRef;
  readonly removedFile: string;
  /** Everything else that it consists of. */
  readonly kept: readonly ObjectRef[];
}

const shopPath = "apps/shop/overlays/production";

/** A kustomize overlay, by a Kustomization. */
export const shop: ExampleApp = {
  address: "ks/shop",
  namespace: "shop",
  good: "Ready",
  path: shopPath,
  deployment: deploymentRef("shop"),
  deploymentFile: "apps/shop/base/deployment.yaml",
  imageFile: `${shopPath}/kustomization.yaml`,
  tags: { first: "1.28", second: "1.29" },
  removed: { apiVersion: "policy/v1", kind: "PodDisruptionBudget", namespace: "shop", name: "shop" },
  removedFile: `${shopPath}/disruption-budget.yaml`,
  kept: [deploymentRef("shop"), { apiVersion: "v1", kind: "Service", namespace: "shop", name: "shop" }],
};

/** A plain directory, by an Application. */
export const notes: ExampleApp = {
  address: "app/notes",
  namespace: "notes",
  good: "Synced and Healthy",
  path: "apps/notes",
  deployment: deploymentRef("notes"),
  deploymentFile: "apps/notes/deployment.yaml",
  imageFile: "apps/notes/deployment.yaml",
  tags: { first: "v1.10", second: "v1.11" },
  removed: { apiVersion: "v1", kind: "ConfigMap", namespace: "notes", name: "greeting" },
  removedFile: "apps/notes/greeting.yaml",
  kept: [
    deploymentRef("notes"),
    { apiVersion: "v1", kind: "Service", namespace: "notes", name: "notes" },
    { apiVersion: "v1", kind: "ConfigMap", namespace: "notes", name: "notes" },
  ],
};

/** Does something for both apps at once. */
export async function forBoth(stage: Stage, work: (scene: Scene<ExampleApp>) => Promise<void>): Promise<void> {
  await Promise.all([shop, notes].map((app) => work({ stage, app })));
}

/** @throws StoryError unless every one of the objects is there. */
export async function assertThere(stage: Stage, refs: readonly ObjectRef[], signal: AbortSignal): Promise<void> {
  for (const ref of refs) {
    if ((await stage.client.get(ref, { signal })) === null) {
      throw new StoryError(`Cannot go on: ${ref.kind} ${ref.namespace}/${ref.name} should be there and is not`);
    }
  }
}

/** Waits until every one of the objects is gone. */
export async function allGone(stage: Stage, refs: readonly ObjectRef[], signal: AbortSignal): Promise<void> {
  for (const ref of refs) {
    const probe = async (scope: AbortSignal) => (await stage.client.get(ref, { signal: scope })) === null;
    await waitFor({ what: `the end of ${ref.kind} ${ref.namespace}/${ref.name}`, probe }, signal);
  }
}

/** Address of a Deployment that is named as its namespace. */
function deploymentRef(namespace: string): ObjectRef {
  return { apiVersion: "apps/v1", kind: "Deployment", namespace, name: namespace };
}
