import { allGone, assertThere, type ExampleApp, forBoth, notes, shop } from "./example-apps.ts";
import { exampleObjects } from "./example-files.ts";
import { deletionHealed, editHealed } from "./hand-edit.ts";
import { serving } from "./live-deployment.ts";
import type { Stage } from "./stage.ts";
import { appDone, type Scene } from "./watched-app.ts";

/** Both dialects' objects are applied, and what they point at appears in the cluster. */
export async function firstSync(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("First sync: a GitRepository with a Kustomization, and an Application");
  const commit = await repository.git(["rev-parse", "HEAD"], signal);
  for (const folder of ["flux", "argocd"] as const) {
    for (const object of await exampleObjects(folder, repository.url, signal)) await stage.apply(object, signal);
  }
  story.tell("you", "kubectl apply -f examples/flux -f examples/argocd");
  await forBoth(stage, async (scene) => {
    await reached(scene, { commit, tag: scene.app.tags.first }, signal);
    await assertThere(stage, [...scene.app.kept, scene.app.removed], signal);
  });
}

/** A commit changes the image of both apps. */
export async function newImage(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("A commit changes an image");
  for (const { imageFile, tags } of [shop, notes]) {
    await repository.edit(imageFile, { from: tags.first, to: tags.second });
  }
  const commit = await repository.push("Update nginx and whoami", signal);
  const changes = [shop, notes].map((app) => `${app.namespace} ${app.tags.first} → ${app.tags.second}`);
  story.tell("you", `git push ${commit.slice(0, 7)}: ${changes.join(", ")}`);
  await forBoth(stage, (scene) => reached(scene, { commit, tag: scene.app.tags.second }, signal));
}

/** Changes by hand are taken back. */
export async function editsHealed(stage: Stage, signal: AbortSignal): Promise<void> {
  stage.story.act("Edits by hand are healed");
  const replicas = { what: "kubectl scale deployment shop -n shop --replicas=1", field: "replicas" };
  await editHealed(stage, { ref: shop.deployment, body: { spec: { replicas: 1 } }, ...replicas }, signal);
  const settings = { apiVersion: "v1", kind: "ConfigMap", namespace: "notes", name: "notes" };
  const change = { what: "kubectl edit configmap notes -n notes", field: "data" };
  await editHealed(stage, { ref: settings, body: { data: { WHOAMI_NAME: "by hand" } }, ...change }, signal);
  await deletionHealed(stage, { apiVersion: "v1", kind: "Service", namespace: "notes", name: "notes" }, signal);
  await forBoth(stage, async (scene) => {
    await serving(scene, scene.app.tags.second, signal);
  });
}

/** What leaves the repository leaves the cluster, and nothing else does. */
export async function fileRemoved(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("A file is removed and its object pruned");
  for (const { removedFile } of [shop, notes]) await repository.remove(removedFile);
  await repository.edit(shop.imageFile, { from: "  - disruption-budget.yaml\n", to: "" });
  const commit = await repository.push("Remove the disruption budget and the greeting", signal);
  story.tell("you", `git push ${commit.slice(0, 7)}: without disruption-budget.yaml and greeting.yaml`);
  await forBoth(stage, async (scene) => {
    const { address, kept, removed } = scene.app;
    const took = await appDone(scene, commit, signal);
    await allGone(stage, [removed], signal);
    await assertThere(stage, kept, signal);
    story.seen(address, `${removed.kind}/${removed.name} is gone after ${took}, all else is untouched`);
  });
}

async function reached(
  scene: Scene<ExampleApp>,
  { commit, tag }: { commit: string; tag: string },
  signal: AbortSignal,
): Promise<void> {
  const { stage, app } = scene;
  const took = await appDone(scene, commit, signal);
  const words = await serving(scene, tag, signal);
  stage.story.seen(app.address, `${app.good} after ${took}: ${words}`);
}
