import { type Condition, conditionOf } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { badCommit, editsHealed, everythingHeld } from "./own-acts.ts";
import { kindsOf, type OwnFolder, ownObjects, yours, yoursRef } from "./own-objects.ts";
import { copyOf, type OwnRepository, withoutCredential } from "./own-repository.ts";
import { PERSON, type Production, type Stage } from "./stage.ts";
import { type Story, StoryError, spoken } from "./story.ts";
import { waitFor } from "./wait-for.ts";
import { appWhere } from "./watched-app.ts";

const HEALTHY_WITHIN_S = 30;

/** A person's own folder in a throwaway cluster: nothing is written to their repository, which is copied. */
export function ownStory(story: Story, origin: OwnRepository): Production {
  const path = origin.path.replace(/^(\.?\/)+|\/+$/g, "") || ".";
  return {
    story,
    makeRepository: async (place, signal) => {
      const copy = await copyOf({ ...origin, path }, place, signal);
      story.seen("git", `a copy of ${withoutCredential(origin.repository)}, branch ${copy.branch}`);
      return copy;
    },
    play: async (stage, signal) => {
      const folder: OwnFolder = { path, objects: await firstSync(stage, path, signal) };
      for (const act of [editsHealed, badCommit, everythingHeld]) await act(stage, folder, signal);
      story.say("\nAll commits went to the copy: your repository was only read.");
    },
  };
}

async function firstSync(stage: Stage, path: string, signal: AbortSignal): Promise<readonly Resource[]> {
  const { story } = stage;
  story.act(`First sync: ${path === "." ? "the whole repository" : path} into the namespace ${yours.namespace}`);
  const startedAt = performance.now();
  for (const object of declared(stage, path)) await stage.apply(object, signal);
  story.tell(
    "you",
    `kubectl apply: a Kustomization that waits ${HEALTHY_WITHIN_S} s at most for everything to be healthy`,
  );
  const ready = await firstAnswer(stage, signal);
  const took = spoken(performance.now() - startedAt);
  if (ready.status !== "True" && ready.reason !== "HealthCheckFailed") {
    throw new StoryError(`Cannot go on: this folder is refused (${ready.reason}): ${ready.message}`);
  }
  const objects = await ownObjects(stage, signal);
  story.seen("cluster", `has it now: ${kindsOf(objects)}`);
  if (ready.status === "True") story.seen(yours.address, `Ready after ${took}, everything is healthy`);
  else await goOnUnhealthy(stage, ready.message, signal);
  return objects;
}

async function firstAnswer(stage: Stage, signal: AbortSignal): Promise<Condition> {
  let last = "nothing";
  const probe = async (scope: AbortSignal) => {
    const app = await stage.client.get(yoursRef, { signal: scope });
    const ready = app && conditionOf(app, "Ready");
    if (!ready) return null;
    last = `${ready.reason}: ${ready.message}`;
    // The repository may not have been fetched yet.
    return ready.status !== "Unknown" && ready.reason !== "ArtifactFailed" && ready;
  };
  const limitMs = (HEALTHY_WITHIN_S + 15) * 1_000;
  return waitFor({ what: `an answer of ${yours.address}`, limitMs, probe, lastSeen: () => last }, signal);
}

/** Some things cannot become healthy here, such as what needs a volume; the rest of the story does not need that. */
async function goOnUnhealthy(stage: Stage, message: string, signal: AbortSignal): Promise<void> {
  const what = `applied, but not all is healthy within ${HEALTHY_WITHIN_S} s (nodes here are simulated):`;
  stage.story.tell(yours.address, what, message);
  await stage.client.patch(yoursRef, { spec: { wait: false } }, { type: "merge", manager: PERSON, signal });
  const goal = { what: "is applied", holds: ({ state }: { state: string }) => state === "Ready" };
  await appWhere({ stage, app: yours }, goal, signal);
}

function declared({ repository }: Stage, path: string): Resource[] {
  const { name, namespace, apiVersion, kind } = yoursRef;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: yours.namespace } },
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata,
      spec: { url: repository.url, ref: { branch: repository.branch }, interval: "1m" },
    },
    {
      apiVersion,
      kind,
      metadata,
      spec: {
        sourceRef: { kind: "GitRepository", name },
        path: `./${path}`,
        targetNamespace: yours.namespace,
        interval: "10m",
        retryInterval: "10s",
        timeout: `${HEALTHY_WITHIN_S}s`,
        prune: true,
        wait: true,
      },
    },
  ];
}
