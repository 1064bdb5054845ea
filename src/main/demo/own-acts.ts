import { deletionHealed, editHealed } from "./hand-edit.ts";
import { editOf, type OwnFolder, refOf, uidsOf, yours } from "./own-objects.ts";
import type { DemoRepository } from "./demo-repository.ts";
import type { Stage } from "./stage.ts";
import { spoken, StoryError } from "./story.ts";
import { appDone, appWhere } from "./watched-app.ts";

/** Changes by hand are taken back. */
export async function editsHealed(stage: Stage, { objects }: OwnFolder, signal: AbortSignal): Promise<void> {
  stage.story.act("Edits by hand are healed");
  const change = editOf(objects);
  if (change === null) throw new StoryError("Cannot go on: there is nothing that could be edited");
  await editHealed(stage, change, signal);
  const expendable = objects.find(({ kind }) => kind === "Service" || kind === "ConfigMap");
  if (expendable) await deletionHealed(stage, refOf(expendable), signal);
}

/** A commit that cannot be rendered changes nothing, and `holdfast rollback` takes it back. */
export async function badCommit(stage: Stage, folder: OwnFolder, signal: AbortSignal): Promise<void> {
  const { story, repository, holdfast } = stage;
  story.act("A bad commit is refused, the cluster keeps running, holdfast rollback takes it back");
  const before = await uidsOf(stage, folder.objects, signal);
  const file = await readFileOf(repository, folder.path, signal);
  await repository.append(file, "\nthis: is: no manifest\n");
  const commit = await repository.push("Break it", signal);
  story.tell("you", `git push ${commit.slice(0, 7)} to the copy: a stray colon in ${file}`);
  const goal = { what: "refuses the commit", holds: ({ state }: { state: string }) => state === "Failed" };
  const { message } = await appWhere({ stage, app: yours }, goal, signal);
  await assertUntouched(stage, { folder, before }, signal);
  story.seen(yours.address, "refuses it, nothing of what runs is touched:", message);
  story.tell("you", `holdfast rollback ${yours.address}`);
  const startedAt = performance.now();
  await holdfast(["rollback", yours.address, "--timeout", "30s"], signal);
  const head = await repository.pull(signal);
  await appDone({ stage, app: yours }, head, signal);
  const took = spoken(performance.now() - startedAt);
  story.seen(yours.address, `${yours.good} after ${took}: ${head.slice(0, 7)} takes the change of ${file} back`);
}

/** Shows what would be pruned if the folder became empty; it is held, and nothing happens to the objects. */
export async function everythingHeld(stage: Stage, folder: OwnFolder, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("A commit would delete everything: held until approved");
  const before = await uidsOf(stage, folder.objects, signal);
  await repository.empty(folder.path, signal);
  const commit = await repository.push("Empty the folder", signal);
  story.tell("you", `git push ${commit.slice(0, 7)} to the copy: ${folder.path} is empty`);
  const goal = { what: "holds its deletions", holds: ({ held }: { held: string }) => held !== "" };
  const { held } = await appWhere({ stage, app: yours }, goal, signal);
  story.seen(yours.address, "deletes nothing:", held);
  const revert = await repository.revert(commit, signal);
  story.tell("you", `git revert ${commit.slice(0, 7)} && git push`);
  const took = await appDone({ stage, app: yours }, revert, signal);
  await assertUntouched(stage, { folder, before }, signal);
  story.seen(yours.address, `${yours.good} after ${took}, nothing was touched`);
}

/** A file that rendering reads for certain: what decides about the folder, or else any manifest in it, also a new one. */
async function readFileOf(repository: DemoRepository, path: string, signal: AbortSignal): Promise<string> {
  const folder = path === "." ? "" : `${path}/`;
  const files = (await repository.git(["ls-files", "--", path], signal)).split("\n");
  const names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
  const deciding = names.map((name) => `${folder}${name}`).find((file) => files.includes(file));
  return deciding ?? `${folder}broken.yaml`;
}

async function assertUntouched(
  stage: Stage,
  { folder, before }: { folder: OwnFolder; before: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const now = await uidsOf(stage, folder.objects, signal);
  if (now.join() !== before.join())
    throw new StoryError("Cannot go on: objects were deleted although they must not be");
}
