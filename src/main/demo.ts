import { aborted } from "#async/task-group.ts";
import { exitCode } from "#cli/exit-code.ts";
import { exampleStory } from "./demo/example-story.ts";
import { ownStory } from "./demo/own-story.ts";
import { perform, type Stage } from "./demo/stage.ts";
import { spoken, storyOn } from "./demo/story.ts";

const stop = new AbortController();
const { signal } = stop;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    // A second request does not wait for what the first one did not end.
    if (signal.aborted) process.exit(exitCode.interrupted);
    stop.abort(new Error(`stopped by ${name}`));
  });
}
// Nobody reads on: there is nobody to play for.
process.stdout.on("error", () => stop.abort(new Error("nobody reads the output")));

const story = storyOn(process.stdout);
const isAutomatic = !/^(|0|false)$/i.test(process.env["CI"] ?? "");
const isInteractive = process.stdout.isTTY === true && !isAutomatic;
process.exitCode = await main();

async function main(): Promise<number> {
  const { REPO: repository = "", PATH_IN_REPO: path = "" } = process.env;
  const own = { repository, path, mayAsk: isInteractive };
  const production = repository === "" ? exampleStory(story) : ownStory(story, own);
  let isPlayed = false;
  const play = async (stage: Stage, scope: AbortSignal) => {
    await production.play(stage, scope);
    isPlayed = true;
    story.say(`\nAll of it was checked against the API server, in ${spoken(story.elapsedMs)}.`);
    if (isInteractive) await lookAround(stage, scope);
  };
  story.say("Holdfast plays its story on a throwaway Kubernetes cluster of this machine; nothing else is touched.\n");
  try {
    await perform({ ...production, play }, signal);
    return exitCode.ok;
  } catch {
    // What failed has been told. To end it by Ctrl-C is how one leaves after the last act.
    if (!signal.aborted) return exitCode.failed;
    return isPlayed ? exitCode.ok : exitCode.interrupted;
  }
}

/** Tells how to look around and stays until the signal aborts. */
async function lookAround({ plane, repository }: Stage, scope: AbortSignal): Promise<void> {
  story.say(`
Everything stays up until Ctrl-C. In another terminal, here:

  export KUBECONFIG=${plane.kubeconfigPath}
  bin/holdfast get             every app, and what it says
  bin/holdfast why NAME        what an app waits for or was refused
  bin/holdfast history NAME    which commits it ran
  bin/holdfast cluster kubectl --name ${plane.name} get pods --all-namespaces

  git clone ${repository.url}

Push to that clone or edit an object with kubectl, and watch what happens.
`);
  await aborted(scope);
  story.say("\nEnding everything…");
}
