import { aborted } from "#async/task-group.ts";
import type { Stage } from "./stage.ts";

/** Tells how to look around and stays until the signal aborts. */
export async function lookAround({ story, plane, repository }: Stage, signal: AbortSignal): Promise<void> {
  story.say(`
Everything stays up until Ctrl-C. In another terminal:

  export KUBECONFIG=${plane.kubeconfigPath}
  bin/holdfast get
  bin/holdfast cluster kubectl --name ${plane.name} get pods --all-namespaces
  git clone ${repository.url}      push to it and watch what happens
`);
  await aborted(signal);
  story.say("\nEnding everything…");
  signal.throwIfAborted();
}
