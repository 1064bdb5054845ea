import type { AppView } from "#contract/app-view.ts";
import type { RollbackView } from "#contract/rollback-view.ts";
import { allGone, assertThere, type ExampleApp, forBoth, notes, shop } from "./example-apps.ts";
import { editHealed } from "./hand-edit.ts";
import { assertServing, serving } from "./live-deployment.ts";
import type { Stage } from "./stage.ts";
import { spoken, StoryError } from "./story.ts";
import { appDone, appWhere, type Scene } from "./watched-app.ts";

/** A commit that cannot be read is refused with file and line, and the cluster goes on as it was. */
export async function badCommit(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("A bad commit is refused, the cluster keeps running");
  for (const { deploymentFile } of [shop, notes]) {
    await repository.edit(deploymentFile, { from: "image: ", to: BAD_LINE });
  }
  const commit = await repository.push("Try another image", signal);
  story.tell("you", `git push ${commit.slice(0, 7)}: a stray colon in both files named deployment.yaml`);
  await forBoth(stage, (scene) => refused(scene, signal));
  story.seen("cluster", "every pod still runs, with the image of before; and healing goes on:");
  const change = { what: "kubectl scale deployment shop -n shop --replicas=9", field: "replicas" };
  await editHealed(stage, { ref: shop.deployment, body: { spec: { replicas: 9 } }, ...change }, signal);
}

/** `holdfast rollback` makes a commit for each app that touches only what this app reads. */
export async function rolledBack(stage: Stage, signal: AbortSignal): Promise<void> {
  stage.story.act("holdfast rollback: a new commit in Git, watched until the app is healthy");
  // One after the other: both push to one branch.
  for (const app of [shop, notes]) await rollBack({ stage, app }, signal);
}

/** A commit that would delete everything is held until a person approves. */
export async function everythingHeld(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository, holdfast } = stage;
  story.act("A commit would delete everything: held until approved");
  for (const { path } of [shop, notes]) await repository.empty(path, signal);
  const commit = await repository.push("Clean up", signal);
  story.tell("you", `git push ${commit.slice(0, 7)}: both folders are empty, "by accident"`);
  await forBoth(stage, (scene) => held(scene, signal));
  story.tell("you", `holdfast approve ${notes.address}`);
  const startedAt = performance.now();
  await holdfast(["approve", notes.address], signal);
  await allGone(stage, notes.kept, signal);
  story.seen(notes.address, `its ${notes.kept.length} objects are gone ${spoken(performance.now() - startedAt)} later`);
  await assertServing({ stage, app: shop }, shop.tags.second, signal);
  story.seen(shop.address, "nobody approved: it still runs");
  await undone(stage, commit, signal);
}

// A blank too many after the first colon: in YAML that is a mapping where none may be.
const BAD_LINE = "image: web: ";

async function refused(scene: Scene<ExampleApp>, signal: AbortSignal): Promise<void> {
  const { stage, app } = scene;
  const text = await stage.repository.read(app.deploymentFile);
  const line = text.slice(0, text.indexOf(BAD_LINE)).split("\n").length;
  const place = new RegExp(`\\bdeployment\\.yaml\\b.*\\bline ${line}\\b|\\bdeployment\\.yaml:${line}\\b`);
  const what = `refuses the commit, naming line ${line} of deployment.yaml`;
  const holds = ({ state, message }: AppView) => state === "Failed" && place.test(message);
  const { message } = await appWhere(scene, { what, holds }, signal);
  stage.story.seen(app.address, "refuses it:", message);
  await untouched(scene, signal);
}

async function rollBack(scene: Scene<ExampleApp>, signal: AbortSignal): Promise<void> {
  const { stage, app } = scene;
  const { story, repository, holdfast } = stage;
  const head = await repository.pull(signal);
  story.tell("you", `holdfast rollback ${app.address}`);
  const startedAt = performance.now();
  const output = await holdfast(["rollback", app.address, "--timeout", "30s", "-o", "json"], signal);
  const { commit, files } = JSON.parse(output) as RollbackView;
  const took = spoken(performance.now() - startedAt);
  if (commit === null || (await repository.pull(signal)) !== commit) {
    throw new StoryError(`Cannot go on: the rollback's commit ${commit} is not the newest of ${repository.branch}`);
  }
  const changed = (await repository.git(["diff", "--name-only", head, commit], signal)).split("\n");
  if (changed.join() !== app.deploymentFile || files.join() !== app.deploymentFile) {
    throw new StoryError(`Cannot go on: the rollback changed ${changed.join(", ")} and told of ${files.join(", ")}`);
  }
  await appDone(scene, commit, signal);
  await untouched(scene, signal);
  story.seen(app.address, `${app.good} after ${took}: ${commit.slice(0, 7)} restores ${app.deploymentFile}`);
}

async function held(scene: Scene<ExampleApp>, signal: AbortSignal): Promise<void> {
  const goal = { what: "holds its deletions", holds: (view: AppView) => view.held !== "" };
  const view = await appWhere(scene, goal, signal);
  scene.stage.story.seen(scene.app.address, "deletes nothing:", view.held);
  await untouched(scene, signal);
}

async function undone(stage: Stage, commit: string, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  const revert = await repository.revert(commit, signal);
  story.tell("you", `git revert ${commit.slice(0, 7)} && git push`);
  await forBoth(stage, async (scene) => {
    const { address, good, kept, tags } = scene.app;
    const took = await appDone(scene, revert, signal);
    const words = await serving(scene, tags.second, signal);
    await assertThere(stage, kept, signal);
    story.seen(address, `${good} after ${took}: ${words}`);
  });
}

async function untouched(scene: Scene<ExampleApp>, signal: AbortSignal): Promise<void> {
  await assertServing(scene, scene.app.tags.second, signal);
  await assertThere(scene.stage, scene.app.kept, signal);
}
