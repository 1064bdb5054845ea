import { expect, test } from "vitest";
import type { RequestRecord } from "#adapters/kube/requester.ts";
import type { Resource } from "#core/resource/resource.ts";
import { configMap, deployment, useArgoWorld } from "./argo-world.ts";

const requests: RequestRecord[] = [];
const world = useArgoWorld({ run: { onRequest: (record) => requests.push(record) } });
const { signal } = new AbortController();

async function project(orphanedResources: object): Promise<void> {
  const object = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: "watched", namespace: "argocd" },
    spec: { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }], orphanedResources },
  };
  await world.client.apply(object, { manager: "admin", signal });
}

test("a project is told of what no application accounts for, and nothing is done to it", async () => {
  await project({ ignore: [{ kind: "Secret", name: "let-*" }] });
  const [one, two] = [world.app("orphans"), world.app("orphans-too")];
  const first = await one.commit({ "a.yaml": configMap("a") });
  const second = await two.commit({ "b.yaml": configMap("b") });
  await one.create({ spec: { project: "watched" } });
  await one.settled(first);
  await two.create({
    spec: { destination: { server: "https://kubernetes.default.svc", namespace: one.namespace } },
  });
  await two.settled(second);
  expect((await one.settled(first)).conditions).toEqual([]);
  const stray = (kind: string, name: string, more: object = {}): Resource => ({
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: one.namespace, ...more },
  });
  const apply = (object: Resource) => world.client.apply(object, { manager: "hand", signal });
  await apply(stray("Secret", "let-be"));
  const left = await apply(stray("ConfigMap", "left"));
  const { uid = "" } = left.object.metadata;
  await apply(
    stray("ConfigMap", "owned", { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "left", uid }] }),
  );
  const told = (count: number) => [`OrphanedResourceWarning: Application has ${count} orphaned resources`];
  const says = (wanted: readonly string[]) =>
    one.until(`conditions are ${wanted.join()}`, ({ conditions }) => conditions.join() === wanted.join());
  await says(told(1));
  await apply(stray("ServiceAccount", "left-too"));
  const { sync } = await says(told(2));
  expect(sync).toBe("Synced");
  expect(await one.config("left")).toEqual({});
  await project({ warn: false });
  await says([]);
});

test("what others write again and again into statuses and annotations costs the API server nothing", async () => {
  const [noisy, after] = [world.app("noisy"), world.app("after-noise")];
  const first = await noisy.commit({ "web.yaml": deployment("web"), "a.yaml": configMap("a") });
  await noisy.create();
  await noisy.settled(first);
  const later = world.app("before-noise");
  const other = await later.commit({ "b.yaml": configMap("b") });
  await later.create();
  await later.settled(other);
  const before = noisy.now().metadata.resourceVersion;
  requests.length = 0;
  const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: noisy.namespace, name: "web" };
  for (let at = 0; at < 60; at++) {
    const noise = { type: "example.com/Noise", status: "True", reason: "Noise", message: `beat ${at}` };
    const { status } = (await world.client.get(web, { signal })) as unknown as { status: { conditions: unknown[] } };
    const known = status.conditions.filter((one) => (one as { type: string }).type !== noise.type);
    const body = { status: { conditions: [...known, noise] } };
    await world.client.patch(web, body, { type: "merge", manager: "noise", subresource: "status", signal });
    await noisy.edit("ConfigMap", "a", { metadata: { annotations: { "example.com/beat": String(at) } } });
  }
  const quiet = ["watch", "discover"];
  const asked = requests.filter(({ verb, kind }) => !quiet.includes(verb) && !["Lease", "Event"].includes(kind));
  // The last words about the other application may still be on their way.
  const words = asked.filter(({ kind }) => kind !== "Application");
  expect([words, asked.length > 10]).toEqual([[], false]);
  const second = await after.commit({ "b.yaml": configMap("b") });
  await after.create();
  await after.settled(second);
  expect(noisy.now().metadata.resourceVersion).toBe(before);
});
