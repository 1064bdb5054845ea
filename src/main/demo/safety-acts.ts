import type { RollbackView } from "#contract/rollback-view.ts";
import { edit, editHealed } from "./change-acts.ts";
import { allGone, assertThere, type ExampleApp, forBoth, notes, shop } from "./example-apps.ts";
import { assertServing, serving } from "./live-deployment.ts";
import type { Stage } from "./stage.ts";
import { spoken, StoryError } from "./story.ts";
import { appDone, appWhere } from "./watched-app.ts";

/** A commit that cannot be read is refused with file and line, and the cluster goes on as it was. */
export async function badCommit(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  story.act("A bad commit is refused, the cluster keeps running");
  // A blank too many after the first colon: in YAML that is a mapping where none may be.
  for (const { deploymentFile } of [shop, notes]) await edit(stage, deploymentFile, "image: ", "image: web: ");
  const commit = await repository.push("Try another image", signal);
  story.tell("you", `git push ${commit.slice(0, 7)}: a stray colon in both files named deployment.yaml`);
  await forBoth(async (app) => {
    const line = lineOf(await repository.read(app.deploymentFile), "image: web: ");
    const place = new RegExp(`\\bdeployment\\.yaml\\b.*\\bline ${line}\\b|\\bdeployment\\.yaml:${line}\\b`);
    const what = `refuses the commit, naming line ${line} of deployment.yaml`;
    const holds = ({ state, message }: { state: string; message: string }) => state === "Failed" && place.test(message);
    const view = await appWhere(stage, app, { what, holds }, signal);
    story.seen(app.address, "refuses it:");
    story.quote(view.message);
    await assertServing(stage, app.deployment, app.tags.second, signal);
    await assertThere(stage, app.kept, signal);
  });
  story.seen("cluster", "every pod still runs, with the image of before; and healing goes on:");
  const change = { what: "kubectl scale deployment shop -n shop --replicas=9", field: "replicas" };
  await editHealed(stage, { ref: shop.deployment, body: { spec: { replicas: 9 } }, ...change }, signal);
}

/** `holdfast rollback` makes a commit for each app that touches only what this app reads. */
export async function rolledBack(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story } = stage;
  story.act("holdfast rollback: a new commit in Git, watched until the app is healthy");
  for (const app of [shop, notes]) await rollBack(stage, app, signal);
}

/** A commit that would delete everything is held until a person approves. */
export async function everythingHeld(stage: Stage, signal: AbortSignal): Promise<void> {
  const { story, repository, holdfast } = stage;
  story.act("A commit would delete everything: held until approved");
  for (const { path } of [shop, notes]) {
    await repository.remove(path);
    await repository.write(`${path}/.keep`, "");
  }
  const commit = await repository.push("Clean up", signal);
  story.tell("you", `git push ${commit.slice(0, 7)}: both folders are empty, "by accident"`);
  await forBoth(async (app) => {
    const { held } = await appWhere(
      stage,
      app,
      { what: "holds its deletions", holds: ({ held }) => held !== "" },
      signal,
    );
    story.seen(app.address, "deletes nothing:");
    story.quote(held);
    await assertServing(stage, app.deployment, app.tags.second, signal);
    await assertThere(stage, app.kept, signal);
  });
  story.tell("you", `holdfast approve ${notes.address}`);
  const startedAt = performance.now();
  await holdfast(["approve", notes.address], signal);
  await allGone(stage, notes.kept, signal);
  story.seen(notes.address, `its ${notes.kept.length} objects are gone ${spoken(performance.now() - startedAt)} after`);
  await assertServing(stage, shop.deployment, shop.tags.second, signal);
  story.seen(shop.address, "nobody approved: it still runs");
  await undone(stage, commit, signal);
}

async function undone(stage: Stage, commit: string, signal: AbortSignal): Promise<void> {
  const { story, repository } = stage;
  await repository.git(["revert", "--no-edit", commit], signal);
  await repository.git(["push", "--quiet", "origin", `HEAD:refs/heads/${repository.branch}`], signal);
  const revert = await repository.git(["rev-parse", "HEAD"], signal);
  story.tell("you", `git revert ${commit.slice(0, 7)} && git push`);
  await forBoth(async (app) => {
    const took = await appDone(stage, app, revert, signal);
    const words = await serving(stage, app.deployment, app.tags.second, signal);
    await assertThere(stage, app.kept, signal);
    story.seen(app.address, `${app.good} after ${took}: ${words}`);
  });
}

async function rollBack(stage: Stage, app: ExampleApp, signal: AbortSignal): Promise<void> {
  const { story, repository, holdfast } = stage;
  const head = await repository.pull(signal);
  story.tell("you", `holdfast rollback ${app.address}`);
  const startedAt = performance.now();
  const output = await holdfast(["rollback", app.address, "--timeout", "30s", "-o", "json"], signal);
  const { commit, files, to } = JSON.parse(output) as RollbackView;
  const took = spoken(performance.now() - startedAt);
  if (commit === null || (await repository.pull(signal)) !== commit) {
    throw new StoryError(`Cannot go on: the rollback's commit ${commit} is not the newest of ${repository.branch}`);
  }
  const changed = (await repository.git(["diff", "--name-only", head, commit], signal)).split("\n");
  if (changed.join() !== app.deploymentFile || files.join() !== app.deploymentFile) {
    throw new StoryError(`Cannot go on: the rollback changed ${changed.join(", ")} and told of ${files.join(", ")}`);
  }
  await appDone(stage, app, commit, signal);
  await assertServing(stage, app.deployment, app.tags.second, signal);
  await assertThere(stage, app.kept, signal);
  const how = `${commit.slice(0, 7)} restores ${app.deploymentFile} as of ${to.slice(0, 7)}`;
  story.seen(app.address, `${app.good} after ${took}: ${how}`);
}

function lineOf(text: string, part: string): number {
  return text.slice(0, text.indexOf(part)).split("\n").length;
}
