import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type GitServer, startGitServer } from "../support/git-server.ts";
import { conditionOf, conditionsOf, configMap, type Space, useFluxWorld, withoutDurations } from "./flux-world.ts";

const world = useFluxWorld();
let guarded: GitServer;

beforeAll(async () => {
  guarded = await startGitServer();
});
afterAll(() => guarded?.stop());

async function revision(space: Space, text: string): Promise<void> {
  await eventually(`${space.name} is at ${text}`, async () => {
    const status = await space.status(space.sourceRef());
    return status.artifact?.revision === text && conditionOf(status, "Ready")?.status === "True";
  });
}

test("a branch that is followed says so in the words of Flux", async () => {
  const space = await world().space("branch");
  const commit = await space.commit({ "app/a.yaml": configMap("a") });
  const text = `main@sha1:${commit}`;
  await revision(space, text);
  const status = await space.status(space.sourceRef());
  const stored = {
    observedGeneration: 1,
    message: `stored artifact for revision '${text}'`,
    reason: "Succeeded",
    status: "True",
  };
  expect(conditionsOf(status)).toEqual([
    { type: "Ready", ...stored },
    { type: "ArtifactInStorage", ...stored },
  ]);
  expect(status).toMatchObject({
    observedGeneration: 1,
    artifact: { revision: text, path: `gitrepository/branch/branch/${commit}.tar.gz` },
  });
  const [event] = await eventually("the event is written", async () => {
    const events = await world().events({ kind: "GitRepository", namespace: "branch", name: "branch" });
    return events.length > 0 && events;
  });
  expect(event).toMatchObject({
    type: "Normal",
    reason: "NewArtifact",
    source: { component: "source-controller" },
    metadata: { annotations: { "source.toolkit.fluxcd.io/revision": text } },
  });
});

test("tag, version range, commit and reference name are followed, and a later one wins over an earlier one", async () => {
  const space = await world().space("refs");
  const first = await world().git.commit("refs", { "app/a.yaml": configMap("a") });
  await world().git.git("refs", "tag", "v1.0.0", first);
  const second = await world().git.commit("refs", { "app/a.yaml": configMap("a", { value: "2" }) });
  await world().git.git("refs", "tag", "v1.1.0", second);
  const third = await world().git.commit("refs", { "app/a.yaml": configMap("a", { value: "3" }) });
  await world().git.git("refs", "tag", "v2.0.0", third);
  await world().git.git("refs", "update-ref", "refs/heads/topic/x", second);

  const ref = { branch: "main" };
  await space.gitRepository({ ref });
  await space.kustomization();
  await revision(space, `main@sha1:${third}`);
  await space.gitRepository({ ref: { ...ref, tag: "v1.0.0" } });
  await revision(space, `v1.0.0@sha1:${first}`);
  await space.applied(first);
  await space.gitRepository({ ref: { ...ref, tag: "v1.0.0", semver: ">=1.0.0 <2.0.0" } });
  await revision(space, `v1.1.0@sha1:${second}`);
  await space.gitRepository({ ref: { ...ref, tag: "v1.0.0", semver: "1.x", name: "refs/heads/topic/x" } });
  await revision(space, `refs/heads/topic/x@sha1:${second}`);
  await space.gitRepository({ ref: { ...ref, name: "refs/heads/topic/x", commit: first } });
  await revision(space, `sha1:${first}`);
  expect((await space.applied(first)).lastAppliedRevision).toBe(`sha1:${first}`);

  await space.gitRepository({ ref: { semver: "1.x" } });
  await revision(space, `v1.1.0@sha1:${second}`);
  await world().git.git("refs", "tag", "v1.2.0", third);
  await space.poke(space.sourceRef());
  await revision(space, `v1.2.0@sha1:${third}`);
  await space.applied(third);
});

test("credentials come from the Secret, and are never told", async () => {
  const space = await world().space("guarded");
  const commit = await guarded.commit("guarded", { "app/a.yaml": configMap("a") });
  guarded.behaviour.basic = { username: "ada", password: "correct-horse" };
  const secret = (password: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "git", namespace: "guarded" },
    stringData: { username: "ada", password },
  });
  const source = { url: guarded.url("guarded"), secretRef: { name: "git" } };
  await space.gitRepository(source);
  const missing = await space.says("git", { ref: space.sourceRef() });
  expect(missing).toMatchObject({ status: "False", reason: "AuthenticationFailed" });
  expect(conditionOf(await space.status(space.sourceRef()), "Stalled")).toBeUndefined();

  await world().apply(secret("wrong-horse"));
  await space.poke(space.sourceRef());
  await eventually("the refusal is told", async () => {
    const ready = conditionOf(await space.status(space.sourceRef()), "Ready");
    return ready?.reason === "AuthenticationFailed";
  });
  const told = async () => {
    const events = await world().events({ kind: "GitRepository", namespace: "guarded", name: "guarded" });
    return JSON.stringify([await space.status(space.sourceRef()), events]);
  };
  expect(await told()).not.toContain("wrong-horse");

  await world().apply(secret("correct-horse"));
  await space.poke(space.sourceRef());
  await revision(space, `main@sha1:${commit}`);
  expect(conditionOf(await space.status(space.sourceRef()), "FetchFailed")).toBeUndefined();
  expect(await told()).not.toContain("-horse");
  const lines = JSON.stringify(world().engine.lines);
  expect(lines).not.toContain("-horse");
});

test("ignore rules hide files, and what they hide leaves the cluster", async () => {
  const space = await world().space("ignored");
  const files = { "app/a.yaml": configMap("a"), "app/b.yaml": configMap("b"), "app/c.yaml": configMap("c") };
  const commit = await space.commit(files);
  await space.kustomization();
  await space.applied(commit);
  await space.present(space.configMap("b"));
  await space.gitRepository({ ignore: "app/b.yaml\n" });
  await space.gone(space.configMap("b"));
  expect(await world().get(space.configMap("a"))).not.toBeNull();
  const status = await space.status(space.sourceRef());
  expect(status).toMatchObject({ observedIgnore: "app/b.yaml\n" });
  await space.gitRepository();
  await space.present(space.configMap("b"));
});

test("a suspended source stays where it is until it is resumed", async () => {
  const space = await world().space("halted");
  const before = await space.commit({ "app/a.yaml": configMap("a") });
  await revision(space, `main@sha1:${before}`);
  await space.gitRepository({ suspend: true });
  const after = await space.commit({ "app/a.yaml": configMap("a", { value: "2" }) });
  // Another follower of the same repository shows that the controller has looked.
  await space.gitRepository({}, "witness");
  await eventually("the witness follows", async () => {
    const status = await space.status(space.sourceRef("witness"));
    return status.artifact?.revision === `main@sha1:${after}`;
  });
  expect((await space.status(space.sourceRef())).artifact?.revision).toBe(`main@sha1:${before}`);
  await space.gitRepository({ suspend: false });
  await revision(space, `main@sha1:${after}`);
});

test("the interval alone brings a new commit", async () => {
  const space = await world().space("polled");
  await world().git.commit("polled", { "app/a.yaml": configMap("a") });
  await space.gitRepository({ interval: "1s" });
  await space.kustomization();
  const commit = await world().git.commit("polled", { "app/a.yaml": configMap("a", { value: "2" }) });
  await space.applied(commit);
});

test("a branch that does not exist is told in conditions and events, and found when it appears", async () => {
  const space = await world().space("absent");
  await world().git.commit("absent", { "app/a.yaml": configMap("a") });
  await space.gitRepository({ ref: { branch: "next" } });
  await space.kustomization();
  const ready = await space.says("next", { ref: space.sourceRef() });
  const status = await space.status(space.sourceRef());
  expect(ready.message).toMatch(/^failed to checkout and determine revision: .*next/);
  const failure = { reason: "GitOperationFailed", message: ready.message, observedGeneration: 1 };
  expect(conditionsOf(status)).toEqual([
    {
      type: "Reconciling",
      status: "True",
      reason: "ProgressingWithRetry",
      message: "building artifact",
      observedGeneration: 1,
    },
    { type: "Ready", status: "False", ...failure },
    { type: "FetchFailed", status: "True", ...failure },
  ]);
  expect(status.observedGeneration).toBe(-1);
  await space.says("Source artifact not found, retrying in 30s");
  expect(conditionOf(await space.status(), "Ready")?.reason).toBe("ArtifactFailed");
  const commit = await world().git.commit("absent", { "app/a.yaml": configMap("a") }, { branch: "next" });
  await space.poke(space.sourceRef());
  await revision(space, `next@sha1:${commit}`);
  await space.applied(commit);
});

test("a repository that does not exist is told in the words of Flux", async () => {
  const space = await world().space("nowhere");
  const url = `${world().git.address}/nothing.git`;
  await space.gitRepository({ url });
  const words = `failed to checkout and determine revision: unable to clone '${url}': `;
  const ready = await space.says(words, { ref: space.sourceRef() });
  expect(ready).toMatchObject({ status: "False", reason: "GitOperationFailed" });
  expect(ready.message).toContain("there is no such repository");
});

test("a remote that hangs is given up at the timeout, and others are followed meanwhile", async () => {
  const hanging = await startGitServer();
  try {
    await hanging.commit("slow", { "app/a.yaml": configMap("a") });
    hanging.behaviour.hangAfterBytes = 10;
    const space = await world().space("slow");
    await space.gitRepository({ url: hanging.url("slow"), timeout: "2s" });
    const other = await world().space("swift");
    const commit = await other.commit({ "app/a.yaml": configMap("a") });
    await revision(other, `main@sha1:${commit}`);
    expect(await space.status(space.sourceRef())).not.toHaveProperty("artifact");
    const failed = await space.says("no answer within 2 s", { ref: space.sourceRef(), limitMs: 10_000 });
    expect(failed).toMatchObject({ status: "False", reason: "GitOperationFailed" });
    delete hanging.behaviour.hangAfterBytes;
    await space.poke(space.sourceRef());
    await eventually("the source recovers", async () => {
      return conditionOf(await space.status(space.sourceRef()), "Ready")?.status === "True";
    });
  } finally {
    await hanging.stop();
  }
});

test("a failing remote keeps the last good artifact", async () => {
  const space = await world().space("kept");
  const commit = await space.commit({ "app/a.yaml": configMap("a") });
  await revision(space, `main@sha1:${commit}`);
  await world().git.git("kept", "update-ref", "-d", "refs/heads/main");
  await space.poke(space.sourceRef());
  await space.says("failed to checkout", { ref: space.sourceRef() });
  const status = await space.status(space.sourceRef());
  expect(status.artifact?.revision).toBe(`main@sha1:${commit}`);
  expect(conditionOf(status, "Reconciling")?.message).toBe("reconciliation in progress");
  expect(conditionOf(status, "ArtifactInStorage")?.status).toBe("True");
});

test("a requested reconciliation is confirmed by its token", async () => {
  const space = await world().space("asked");
  const commit = await space.commit({ "app/a.yaml": configMap("a") });
  await revision(space, `main@sha1:${commit}`);
  const token = await space.poke(space.sourceRef());
  await eventually("the token is echoed", async () => {
    return (await space.status(space.sourceRef())).lastHandledReconcileAt === token;
  });
});

test("a field that is not supported is refused by its name, while others are followed", async () => {
  const space = await world().space("refused");
  const ref = space.at("source.toolkit.fluxcd.io/v1", "HelmRepository", "refused");
  const { apiVersion, kind, name, namespace } = ref;
  const accessFrom = { namespaceSelectors: [{ matchLabels: { team: "shop" } }] };
  const spec = { url: "https://charts.example.com", interval: "1h", accessFrom };
  await world().apply({ apiVersion, kind, metadata: { name, namespace: namespace! }, spec });
  const stalled = await space.says("spec.accessFrom", { ref, type: "Stalled" });
  expect(stalled).toMatchObject({ status: "True", reason: "InvalidSpec" });
  const other = await world().space("unharmed");
  const commit = await other.commit({ "app/a.yaml": configMap("a") });
  await revision(other, `main@sha1:${commit}`);
});

test("a deleted GitRepository goes although it has the finalizer of Flux", async () => {
  const space = await world().space("leaving");
  const commit = await space.commit({ "app/a.yaml": configMap("a") });
  await space.kustomization();
  await space.applied(commit);
  await world().patch(space.sourceRef(), { metadata: { finalizers: ["finalizers.fluxcd.io"] } });
  await world().delete(space.sourceRef());
  await space.gone(space.sourceRef());
  const words = await space.says('gitrepositories.source.toolkit.fluxcd.io "leaving" not found');
  expect(withoutDurations(words.message)).toBe('gitrepositories.source.toolkit.fluxcd.io "leaving" not found');
  expect(await world().get(space.configMap("a"))).not.toBeNull();
});
