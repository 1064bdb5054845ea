import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
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
