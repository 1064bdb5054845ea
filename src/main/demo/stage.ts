import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClusterClaimError } from "#adapters/cluster/cluster-claim.ts";
import type { ControlPlane } from "#adapters/cluster/control-plane.ts";
import { startControlPlane } from "#adapters/cluster/start-control-plane.ts";
import { applyInstall } from "#adapters/install/apply-install.ts";
import { readCrds } from "#adapters/install/crd-files.ts";
import { connectCluster, type ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { TaskGroup } from "#async/task-group.ts";
import type { Resource } from "#core/resource/resource.ts";
import { endedEarly, startController } from "./controller-process.ts";
import type { DemoRepository, RepositoryPlace } from "./demo-repository.ts";
import { startGitServer } from "./git-server.ts";
import { newsOf } from "./push-news.ts";
import { gitSettings, type Holdfast, holdfastCommands } from "./run-program.ts";
import { StoryError, type Story } from "./story.ts";
import { waitFor } from "./wait-for.ts";

/** Everything that a story is played with. */
export interface Stage {
  readonly story: Story;
  readonly plane: ControlPlane;
  /** Acts as a person who may do everything. */
  readonly client: ConnectedCluster;
  readonly repository: DemoRepository;
  readonly holdfast: Holdfast;
  /** Applies an object as kubectl would. */
  apply(object: Resource, signal: AbortSignal): Promise<void>;
}

/** What is played, and with which repository. */
export interface Production {
  readonly story: Story;
  makeRepository(place: RepositoryPlace, signal: AbortSignal): Promise<DemoRepository>;
  play(stage: Stage, signal: AbortSignal): Promise<void>;
}

/** Field manager of what the person in the story does. */
export const PERSON = "kubectl";

const holdfastPath = join(import.meta.dirname, "../../../bin/holdfast");
const clusterName = "demo";
const mostAtOnce = 9;
const systemNamespaces = ["holdfast-system", "flux-system", "argocd"];

/** Ends one part; is told whether the story failed. */
type Closer = (hasFailed: boolean) => Promise<unknown>;

/**
 * Sets everything up, plays and takes everything down again, whatever happens. Of a story that failed the logs are kept,
 * and told where.
 */
export async function perform(production: Production, signal: AbortSignal): Promise<void> {
  const { story } = production;
  const scope = new AbortController();
  const stop = () => scope.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const closers: Closer[] = [];
  let failure: Error | null = null;
  try {
    await production.play(await setUp(production, { scope, closers }), scope.signal);
  } catch (error) {
    if (!signal.aborted) {
      failure = asError(scope.signal.aborted ? scope.signal.reason : error);
      story.failed(failure.message);
    }
  }
  signal.removeEventListener("abort", stop);
  for (const close of closers.toReversed()) {
    try {
      await close(failure !== null);
    } catch (error) {
      failure ??= asError(error);
      story.failed(asError(error).message);
    }
  }
  if (failure) throw failure;
  signal.throwIfAborted();
}

/** The first free name, so that demonstrations can run side by side. */
async function startNamed(signal: AbortSignal): Promise<ControlPlane> {
  for (let number = 1; ; number++) {
    try {
      return await startControlPlane({ name: number === 1 ? clusterName : `${clusterName}-${number}`, signal });
    } catch (error) {
      if (!(error instanceof ClusterClaimError) || number === mostAtOnce) throw error;
    }
  }
}

interface Run {
  readonly scope: AbortController;
  readonly closers: Closer[];
}

interface Parts extends Run {
  readonly plane: ControlPlane;
}

async function setUp(production: Production, run: Run): Promise<Stage> {
  const { scope, closers } = run;
  const { signal } = scope;
  const { story } = production;
  const plane = await startNamed(signal);
  const parts = { ...run, plane };
  closers.push((hasFailed) => clear(plane.dir, { story, hasFailed }));
  closers.push(() => plane.stop());
  story.seen("cluster", `a Kubernetes API server, real but for its nodes, at ${plane.server}`);
  const { server, caPem: ca, adminToken: token } = plane;
  const client = connectCluster({ server, ca, credential: { kind: "token", token } });
  closers.push(() => client.close());
  const followed: Resource[] = [];
  const tasks = new TaskGroup((error) => scope.abort(error));
  closers.push(() => tasks.settled());
  const { repository, env } = await serveRepository(production, parts, () => {
    for (const object of followed) tasks.add(newsOf(client, object, signal));
  });
  story.seen("git", `the repository is served at ${repository.url}`);
  await installAndRun(client, parts);
  story.seen("holdfast", "its definitions are installed and the controller runs");
  return {
    story,
    plane,
    client,
    repository,
    holdfast: holdfastCommands(holdfastPath, {
      cwd: repository.clone,
      env: { ...env, KUBECONFIG: plane.kubeconfigPath },
    }),
    apply: async (object, within) => {
      await client.apply(object, { manager: PERSON, signal: within });
      followed.push(object);
    },
  };
}

async function serveRepository(
  production: Production,
  { plane, scope, closers }: Parts,
  onPush: () => void,
): Promise<{ repository: DemoRepository; env: NodeJS.ProcessEnv }> {
  const directory = join(plane.dir, "git");
  const served = join(directory, "served");
  await mkdir(served, { recursive: true });
  const env = await gitSettings(directory);
  const git = await startGitServer(served, onPush);
  closers.push(() => git.stop());
  const place = { bare: join(served, "apps.git"), url: `${git.address}/apps.git`, directory, env };
  return { repository: await production.makeRepository(place, scope.signal), env };
}

async function installAndRun(client: ConnectedCluster, { plane, scope, closers }: Parts): Promise<void> {
  const { signal } = scope;
  const objects = systemNamespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  await applyInstall(client, { crds: await readCrds(signal), objects, force: true, onApplied: () => {} }, signal);
  const controller = startController({
    holdfast: holdfastPath,
    kubeconfig: plane.kubeconfigPath,
    dataDir: join(plane.dir, "controller"),
    logPath: join(plane.dir, "logs", "holdfast-controller.log"),
  });
  closers.push(() => controller.stop());
  controller.ended.then((how) => scope.abort(endedEarly(how))).catch(() => {});
  plane.stopped.then(() => scope.abort(new StoryError("Cannot go on: the cluster was stopped"))).catch(() => {});
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace: "holdfast-system" };
  const probe = async (within: AbortSignal) => {
    const live = await client.get({ ...lease, name: "holdfast-controller" }, { signal: within });
    return Boolean((live?.["spec"] as { holderIdentity?: string } | undefined)?.holderIdentity);
  };
  await waitFor({ what: "a controller that leads", probe }, signal);
}

async function clear(dir: string, { story, hasFailed }: { story: Story; hasFailed: boolean }): Promise<void> {
  if (!hasFailed) return rm(dir, { recursive: true, force: true });
  for (const entry of await readdir(dir)) {
    if (entry !== "logs") await rm(join(dir, entry), { recursive: true, force: true });
  }
  story.say(`\nLogs: ${join(dir, "logs")}`);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
