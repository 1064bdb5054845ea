import { isDeepStrictEqual } from "node:util";
import type { Resource } from "#core/resource/resource.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { allGone, assertThere, type ExampleApp, forBoth, notes, shop } from "./example-apps.ts";
import { exampleObjects } from "./example-files.ts";
import type { HandEdit } from "./hand-edit.ts";
import { serving } from "./live-deployment.ts";
import { PERSON, type Stage } from "./stage.ts";
import { spoken, StoryError } from "./story.ts";
import { waitFor } from "./wait-for.ts";
import { appDone } from "./watched-app.ts";

/** Both dialects' objects are applied, and what they point at appears in the cluster. */
export async function firstSync(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("First sync: a GitRepository with a Kustomization, and an Application");
  const commit = await repository.git(["rev-parse", "HEAD"], signal);
  for (const folder of ["flux", "argocd"] as const) {
    for (const object of await exampleObjects(folder, repository.url, signal)) await stage.apply(object, signal);
  }
  story.tell("you", "kubectl apply -f examples/flux -f examples/argocd");
  await forBoth((app) => reached(stage, app, { commit, tag: app.tags.first }, signal));
  await forBoth((app) => assertThere(stage, [...app.kept, app.removed], signal));
}

/** A commit changes the image of both apps. */
export async function newImage(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("A commit changes an image");
  for (const { imageFile, tags } of [shop, notes]) await edit(stage, imageFile, tags.first, tags.second);
  const commit = await repository.push("Update nginx and whoami", signal);
  const changes = [shop, notes].map((app) => `${app.namespace} ${app.tags.first} → ${app.tags.second}`);
  story.tell("you", `git push ${commit.slice(0, 7)}: ${changes.join(", ")}`);
  await forBoth((app) => reached(stage, app, { commit, tag: app.tags.second }, signal));
}

/** Changes by hand are taken back. */
export async function editsHealed(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story } = stage;
  story.act("Edits by hand are healed");
  const replicas = { what: "kubectl scale deployment shop -n shop --replicas=1", field: "replicas" };
  await editHealed(stage, { ref: shop.deployment, body: { spec: { replicas: 1 } }, ...replicas }, signal);
  const settings = { apiVersion: "v1", kind: "ConfigMap", namespace: "notes", name: "notes" };
  const change = { what: "kubectl edit configmap notes -n notes", field: "data" };
  await editHealed(stage, { ref: settings, body: { data: { WHOAMI_NAME: "by hand" } }, ...change }, signal);
  await deletionHealed(stage, { apiVersion: "v1", kind: "Service", namespace: "notes", name: "notes" }, signal);
  await forBoth((app) => serving(stage, app.deployment, app.tags.second, signal));
}

/** What leaves the repository leaves the cluster, and nothing else does. */
export async function fileRemoved(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("A file is removed and its object pruned");
  for (const { removedFile } of [shop, notes]) await repository.remove(removedFile);
  await edit(stage, shop.imageFile, "  - disruption-budget.yaml\n", "");
  const commit = await repository.push("Remove the disruption budget and the greeting", signal);
  story.tell("you", `git push ${commit.slice(0, 7)}: without disruption-budget.yaml and greeting.yaml`);
  await forBoth(async (app) => {
    const took = await appDone(stage, app, commit, signal);
    await allGone(stage, [app.removed], signal);
    await assertThere(stage, app.kept, signal);
    story.seen(app.address, `${app.removed.kind}/${app.removed.name} is gone after ${took}, all else is untouched`);
  });
}

/** Replaces text of a file in the clone. @throws StoryError when the file does not hold it */
export async function edit(stage: Stage, path: string, ...[before, after]: [string, string]): Promise<void> {
  const text = await stage.repository.read(path);
  if (!text.includes(before)) throw new StoryError(`Cannot edit ${path}: it does not hold ${JSON.stringify(before)}`);
  await stage.repository.write(path, text.replace(before, after));
}

async function reached(
  stage: Stage,
  app: ExampleApp,
  { commit, tag }: { commit: string; tag: string },
  signal: AbortSignal,
): Promise<void> {
  const took = await appDone(stage, app, commit, signal);
  const words = await serving(stage, app.deployment, tag, signal);
  stage.story.seen(app.address, `${app.good} after ${took}: ${words}`);
}

/** Changes an object as a person would, and waits until it is as before. */
export async function editHealed(stage: Stage, change: HandEdit, signal: AbortSignal): Promise<void> {
  const { client, story } = stage;
  const { ref, body, what } = change;
  const before = contentOf(await client.get(ref, { signal }));
  const edited = await client.patch(ref, body, { type: "merge", manager: `${PERSON}-edit`, signal });
  const startedAt = performance.now();
  if (isDeepStrictEqual(contentOf(edited), before)) {
    throw new StoryError(`Cannot go on: the edit of ${ref.kind} ${ref.name} changed nothing`);
  }
  story.tell("you", what);
  const probe = async (scope: AbortSignal) =>
    isDeepStrictEqual(contentOf(await client.get(ref, { signal: scope })), before);
  await waitFor({ what: `the healing of ${ref.kind} ${ref.namespace}/${ref.name}`, everyMs: 5, probe }, signal);
  story.seen(
    "holdfast",
    `took ${change.field} of ${ref.kind}/${ref.name} back ${spoken(performance.now() - startedAt)} later`,
  );
}

/** Deletes an object as a person would, and waits until there is a new one. */
export async function deletionHealed(stage: Stage, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  const { client, story } = stage;
  const uid = (await client.get(ref, { signal }))?.metadata.uid ?? "";
  await client.delete(ref, { uid, signal });
  const startedAt = performance.now();
  story.tell("you", `kubectl delete ${ref.kind.toLowerCase()} ${ref.name} -n ${ref.namespace}`);
  const probe = async (scope: AbortSignal) => {
    const now = await client.get(ref, { signal: scope });
    return now !== null && now.metadata.uid !== uid;
  };
  await waitFor({ what: `a new ${ref.kind} ${ref.namespace}/${ref.name}`, everyMs: 5, probe }, signal);
  story.seen("holdfast", `made ${ref.kind}/${ref.name} anew ${spoken(performance.now() - startedAt)} later`);
}

/** What people write in an object: no status, no records of the server. */
function contentOf(object: Resource | null): unknown {
  if (object === null) return null;
  const { metadata, status: _, ...content } = object as Resource & { status?: unknown };
  return { ...content, labels: metadata.labels };
}
